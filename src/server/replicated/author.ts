/**
 * Writes what this server does, one record after the other: the next one leaves once the one before it is seen applied, so
 * that a record whose answer was lost can be written again without harm.
 */
import { type Deferred, deferred } from '../core/deferred.ts';
import type { Clock } from '../core/peer.ts';
import type { Outcome } from '../log/projection.ts';
import { type Engine, EngineError } from './engine.ts';
import { recordText, type Written } from './record.ts';
import type { Applied, Replica } from './replica.ts';

/** An operation that changes the log, until it is applied. */
interface Waiting {
  readonly text: string;
  readonly bytes: number;
  readonly done: Deferred<Outcome>;
}

/** The record that was written last. */
type State =
  | { readonly state: 'idle' }
  /** What comes in this turn goes into one record. */
  | { readonly state: 'gathering' }
  | {
      readonly state: 'writing';
      readonly number: number;
      readonly operations: readonly Waiting[];
      readonly applied: Deferred<void>;
    }
  | { readonly state: 'closed'; readonly error: Error };

/** For what comes before the entries of a record. */
const HEAD_BYTES = 512;
const ENTRIES_LIMIT = 1_000;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2_000;

export class Author {
  /** Of this process alone. */
  readonly name: string;
  readonly #engine: Engine;
  readonly #replica: Replica;
  readonly #clock: Pick<Clock, 'setTimer' | 'turn'>;
  #number = 0;
  #waiting: Waiting[] = [];
  #state: State = { state: 'idle' };

  constructor(name: string, engine: Engine, replica: Replica, clock: Pick<Clock, 'setTimer' | 'turn'>) {
    this.name = name;
    this.#engine = engine;
    this.#replica = replica;
    this.#clock = clock;
  }

  /** Of an entry's text, in bytes of UTF-8: what is larger fits in no record. */
  get maxBytes(): number {
    return this.#engine.maxBytes - HEAD_BYTES;
  }

  /**
   * Resolves when this server has applied the entry, with what has come of it. Rejects where it is certain that it is not in
   * the log, or nobody will know any more.
   */
  write(entry: Written): Promise<Outcome> {
    if (this.#state.state === 'closed') return Promise.reject(this.#state.error);
    const text = JSON.stringify(entry);
    const done = deferred<Outcome>();
    this.#waiting.push({ text, bytes: Buffer.byteLength(text) + 1, done });
    if (this.#state.state === 'idle') void this.#run();
    return done.promise;
  }

  /** The replica has applied a record, whoever wrote it. */
  applied({ head, outcomes }: Applied): void {
    const state = this.#state;
    if (state.state !== 'writing' || head.author !== this.name || head.number !== state.number) return;
    for (const [index, { done }] of state.operations.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined) done.reject(new Error('the record was applied with fewer entries'));
      else done.resolve(outcome);
    }
    state.applied.resolve();
  }

  /**
   * As `close`, with a last record that is not applied here; resolves when it is in the log, or nobody knows. What is under way is
   * void if it comes later.
   */
  async closeWith(lastWord: Written, error: Error): Promise<void> {
    if (this.#state.state === 'closed') return;
    const number = this.#number + (this.#state.state === 'writing' ? 2 : 1);
    this.close(error);
    const { position: at, digest } = this.#replica;
    const text = recordText({ author: this.name, number, at, digest }, [JSON.stringify(lastWord)]);
    await this.#engine.append(text).catch(() => {});
  }

  /** Nobody waits any more. What is under way may be in the log, or come into it. */
  close(error: Error): void {
    if (this.#state.state === 'closed') return;
    const before = this.#state;
    this.#state = { state: 'closed', error };
    if (before.state === 'writing') {
      for (const { done } of before.operations) done.reject(error);
      before.applied.resolve();
    }
    for (const { done } of this.#waiting.splice(0)) done.reject(error);
  }

  async #run(): Promise<void> {
    while (this.#state.state !== 'closed' && this.#waiting.length > 0) {
      this.#state = { state: 'gathering' };
      const turn = this.#clock.turn?.();
      if (turn) await turn;
      if (this.#isClosed) return;
      const operations = this.#nextRecord();
      const applied = deferred<void>();
      const number = this.#number + 1;
      this.#state = { state: 'writing', number, operations, applied };
      const { position: at, digest } = this.#replica;
      const texts = operations.map(({ text }) => text);
      const text = recordText({ author: this.name, number, at, digest }, texts);
      const refusal = await this.#untilApplied(text, applied.promise);
      if (refusal === null) this.#number = number;
      else for (const { done } of operations) done.reject(refusal);
    }
    if (this.#state.state === 'writing') this.#state = { state: 'idle' };
  }

  get #isClosed(): boolean {
    return this.#state.state === 'closed';
  }

  #nextRecord(): readonly Waiting[] {
    let bytes = HEAD_BYTES;
    let count = 0;
    for (const operation of this.#waiting) {
      bytes += operation.bytes;
      if (count > 0 && (bytes > this.#engine.maxBytes || count === ENTRIES_LIMIT)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  /** Resolves with an error where it is certain that the record is not in the log; else with `null`, once it was applied. */
  async #untilApplied(text: string, applied: Promise<void>): Promise<Error | null> {
    let mayBeThere = false;
    const over = applied.then(() => 'applied' as const);
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(2 * retryMs, LONGEST_RETRY_MS)) {
      const appended = this.#engine.append(text).then(
        (placed) => placed,
        (error: unknown) => ({ error }),
      );
      // A follower may have it before its answer comes.
      const first = await Promise.race([over, appended]);
      if (first === 'applied') return null;
      if (!('error' in first)) {
        this.#replica.placed({ ...first, text });
        await over;
        return null;
      }
      const { error } = first;
      const isRefused = error instanceof EngineError && error.reason === 'refused';
      if (isRefused && !mayBeThere) return error;
      mayBeThere = true;
      const due = deferred<'again'>();
      const cancel = this.#clock.setTimer(retryMs, () => due.resolve('again'));
      const again = await Promise.race([over, due.promise]);
      cancel();
      if (again === 'applied') return null;
    }
  }
}
