import type { StorageState } from '../../src/protocol/model.ts';
import { retryWaitMs } from './connection/backoff.ts';
import type { Context } from './context.ts';
import type { StoreFailure, StoreOp } from './store.ts';

interface Write {
  readonly ops: readonly StoreOp[];
  readonly durability: 'strict' | 'relaxed';
  readonly done: (stored: boolean) => void;
}

type KeeperState =
  /** Another hub owns the store, or it is being opened. Writes wait. */
  | { state: 'waiting' }
  | { state: 'ready' }
  | { state: 'writing'; transaction: number; writes: readonly Write[] }
  /** Writes fail at once; memory is stored when the store is back. */
  | { state: 'degraded' };

/**
 * Brings writes to the store: one transaction at a time, and what is asked for meanwhile shares the next one, so that
 * two hundred sends in one turn cost two transactions.
 */
export class Keeper {
  readonly #context: Context;
  readonly #onStorage: () => void;
  #state: KeeperState = { state: 'waiting' };
  #queue: Write[] = [];
  /** As tabs are told it: a failure is over when a write came through. */
  #storage: StorageState = { state: 'ok' };
  /** In a row. */
  #failures = 0;
  #transactions = 0;

  constructor(context: Context, onStorage: () => void) {
    this.#context = context;
    this.#onStorage = onStorage;
  }

  get storage(): StorageState {
    return this.#storage;
  }

  /** Whether rows can be trusted to reach the disk at this moment. */
  get degraded(): boolean {
    return this.#state.state === 'degraded';
  }

  /** `done` is told once, in the order of the writes. */
  write(
    ops: readonly StoreOp[],
    durability: 'strict' | 'relaxed',
    done: (stored: boolean) => void = () => {},
  ): void {
    if (this.#state.state === 'degraded') return done(false);
    this.#queue.push({ ops, durability, done });
    this.#pump();
  }

  /** The store is open (again): `merged` are the rows that memory has and the store lacks. */
  opened(merged: readonly StoreOp[], done: (stored: boolean) => void): void {
    this.#context.deadlines.clear('store');
    this.#state = { state: 'ready' };
    if (merged.length > 0) this.#queue.unshift({ ops: merged, durability: 'strict', done });
    else {
      this.#recovered();
      done(true);
    }
    this.#pump();
  }

  failed(failure: StoreFailure, message: string): void {
    const reason = `${failure}: ${message}`;
    if (this.#storage.state === 'ok') {
      const what = `the browser's storage fails (${reason}); commands are held in memory`;
      this.#context.report('storage_unavailable', what);
    }
    const writes = [...(this.#state.state === 'writing' ? this.#state.writes : []), ...this.#queue];
    this.#queue = [];
    this.#state = { state: 'degraded' };
    this.#storage = { state: 'degraded', reason };
    this.#onStorage();
    const waitMs = retryWaitMs(this.#context, this.#failures++);
    this.#context.after('store', waitMs, () => this.#context.emit({ type: 'reopen_store' }));
    for (const write of writes) write.done(false);
  }

  committed(transaction: number): void {
    if (this.#state.state !== 'writing' || this.#state.transaction !== transaction) return;
    const { writes } = this.#state;
    this.#state = { state: 'ready' };
    this.#recovered();
    for (const write of writes) write.done(true);
    this.#pump();
  }

  commitFailed(transaction: number, failure: StoreFailure, message: string): void {
    if (this.#state.state === 'writing' && this.#state.transaction === transaction)
      this.failed(failure, message);
  }

  #recovered(): void {
    this.#failures = 0;
    if (this.#storage.state === 'ok') return;
    this.#storage = { state: 'ok' };
    this.#onStorage();
  }

  #pump(): void {
    if (this.#state.state !== 'ready' || this.#queue.length === 0) return;
    const writes = this.#queue;
    this.#queue = [];
    const transaction = ++this.#transactions;
    this.#state = { state: 'writing', transaction, writes };
    const durability = writes.some((write) => write.durability === 'strict') ? 'strict' : 'relaxed';
    const ops = writes.flatMap((write) => write.ops);
    this.#context.emit({ type: 'commit', transaction, content: { ops, durability } });
  }
}
