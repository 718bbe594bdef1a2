/** When rows are written, and what is done where the store fails or does not answer. */
import type { StorageHealth } from '../../src/protocol/model.ts';
import { retryWaitMs } from './backoff.ts';
import type { Context } from './context.ts';
import type { LoadedState, StoreFailure, StoreOp } from './store.ts';
import { isWritten } from './written-after-all.ts';

interface Write {
  readonly ops: readonly StoreOp[];
  readonly durability: 'strict' | 'relaxed';
  readonly done: (stored: boolean) => void;
}
/** Of a transaction of which nobody knows whether it was written. */
interface Doubt {
  readonly writes: readonly Write[];
  /** The commands that its rows are about. */
  readonly ids: ReadonlySet<string>;
}

type StoreWriterState =
  /** Another hub owns the store, it is being opened, or its rows are taken over. Writes wait. */
  | { state: 'waiting' }
  | { state: 'ready' }
  | { state: 'writing'; transaction: number; writes: readonly Write[] }
  /** Writes fail at once; memory is stored when the store is back. Those in doubt are told of when the rows were read anew. */
  | { state: 'degraded'; doubt: Doubt };

const NO_DOUBT: Doubt = { writes: [], ids: new Set() };

/**
 * Brings writes to the store: one transaction at a time, and what is asked for meanwhile shares the next one, so that
 * two hundred sends in one turn cost two transactions.
 */
export class StoreWriter {
  readonly #context: Context;
  readonly #onStorage: () => void;
  #state: StoreWriterState = { state: 'waiting' };
  #queue: Write[] = [];
  /** As tabs are told it: a failure is over when a write came through. */
  #storage: StorageHealth = { state: 'ok' };
  /** In a row. */
  #failures = 0;
  #transactions = 0;
  #wasRead = false;

  constructor(context: Context, onStorage: () => void) {
    this.#context = context;
    this.#onStorage = onStorage;
  }

  get storage(): StorageHealth {
    return this.#storage;
  }

  /** Whether rows can be trusted to reach the disk at this moment. */
  get degraded(): boolean {
    return this.#state.state === 'degraded';
  }

  /** Whether the rows are just taken over: until the end of it nothing may rely on them. */
  get waits(): boolean {
    return this.#state.state === 'waiting';
  }

  /** Whether more is to be written than was begun. */
  get hasMore(): boolean {
    return this.#queue.length > 0;
  }

  /** Whether what the store held when this hub began is known. */
  get wasRead(): boolean {
    return this.#wasRead;
  }

  /** Whether nobody knows what the disk says of this command. It must neither be sent nor called ended meanwhile. */
  isInDoubt(id: string): boolean {
    return this.#state.state === 'degraded' && this.#state.doubt.ids.has(id);
  }

  /**
   * `done` is told once, in the order of the writes. A write in doubt is told of when it is known whether it is stored.
   *
   * @param isWithNext it shares the transaction of the write that follows at once.
   */
  write(
    ops: readonly StoreOp[],
    durability: 'strict' | 'relaxed',
    done: (stored: boolean) => void = () => {},
    isWithNext = false,
  ): void {
    if (this.#state.state === 'degraded') return done(false);
    this.#queue.push({ ops, durability, done });
    if (!isWithNext) this.#pump();
  }

  /** The store is open (again), and this is what it holds: nothing is in doubt any more. `opened` follows. */
  reread(state: LoadedState): void {
    const { writes } = this.#state.state === 'degraded' ? this.#state.doubt : NO_DOUBT;
    this.#context.assert(this.#state.state !== 'writing', 'rows are read while some are written');
    this.#state = { state: 'waiting' };
    this.#wasRead = true;
    const ops = writes.flatMap((write) => write.ops);
    const stored = isWritten(ops, state);
    for (const write of writes) write.done(stored);
  }

  /** `merged` are the rows that memory has and the store lacks. */
  opened(merged: readonly StoreOp[], done: (stored: boolean) => void): void {
    this.#context.assert(this.waits, 'rows are taken over that were not read');
    this.#context.deadlines.clear('store');
    this.#state = { state: 'ready' };
    if (merged.length > 0) this.#queue.unshift({ ops: merged, durability: 'strict', done });
    else {
      this.#recovered();
      done(true);
    }
    this.#pump();
  }

  /** The store is gone, or cannot be opened. What it did of a transaction that is under way is not known. */
  failed(failure: StoreFailure, message: string): void {
    const { state } = this.#state;
    if (state === 'writing') this.#degrade(failure, message, this.#state.writes);
    else this.#degrade(failure, message, state === 'degraded' ? this.#state.doubt.writes : []);
  }

  #degrade(failure: StoreFailure, message: string, doubtful: readonly Write[]): void {
    const reason = `${failure}: ${message}`;
    if (this.#storage.state === 'ok') {
      const what = `the browser's storage fails (${reason}); commands are held in memory`;
      this.#context.report('storage_unavailable', what);
    }
    const unwritten = this.#queue;
    this.#queue = [];
    this.#state = { state: 'degraded', doubt: { writes: doubtful, ids: idsOf(doubtful) } };
    this.#storage = { state: 'degraded', reason };
    this.#context.isAloneInMemory = true;
    this.#onStorage();
    const isUrgent = doubtful.length > 0 && this.#failures === 0;
    const waitMs = isUrgent ? 0 : retryWaitMs(this.#context, this.#failures);
    this.#failures++;
    this.#context.after('store', waitMs, () => this.#context.emit({ type: 'reopen_store' }));
    for (const write of unwritten) write.done(false);
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
    if (this.#state.state !== 'writing' || this.#state.transaction !== transaction) return;
    const { writes } = this.#state;
    if (failure === 'unknown') return this.#degrade(failure, message, writes);
    // Told first, and in order, ahead of those that wait behind them.
    this.#queue.unshift(...writes);
    this.#degrade(failure, message, []);
  }

  #recovered(): void {
    this.#failures = 0;
    if (this.#storage.state === 'ok') return;
    this.#storage = { state: 'ok' };
    this.#context.isAloneInMemory = false;
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

function idsOf(writes: readonly Write[]): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { ops } of writes) {
    for (const op of ops) {
      if (op.op === 'put' && op.table === 'entries') ids.add(op.row.id);
      if (op.op === 'delete' && op.table === 'entries') ids.add(op.key);
    }
  }
  return ids;
}
