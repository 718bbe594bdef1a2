/**
 * Keeps a dump of what the log comes to in the engine now and then, and lets the engine forget the records before it; and loads the
 * one that a server starts from.
 *
 * Who makes one needs no agreement: whoever has written a record whose position is a multiple of `recordsPerDump`, as soon as it has
 * applied it. If it dies over it, whoever writes the next such record makes the next one. Two are kept, and the log from the older
 * one on, so that a start can do without the newer one.
 */
import { type Deferred, deferred } from '../core/deferred.ts';
import type { Timers } from '../core/peer.ts';
import type { JsonText } from '../log/event-log.ts';
import type { Projection } from '../log/projection.ts';
import { linesOf, partLength, partsOf } from './dump-parts.ts';
import { type Engine, EngineError } from './engine.ts';

/** What is done without: a dump was not kept, or another one has to be loaded, or the records alone. */
export class DumpFailed extends Error {
  override readonly name = 'DumpFailed';

  constructor(what: string, cause: unknown) {
    super(`${what}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

export interface DumpEvents {
  trouble(error: DumpFailed): void;
  /** So many parts of the dump of this position are read. */
  read(position: number, parts: number): void;
}

type State =
  | { readonly state: 'idle' }
  /** Nothing may be applied until it is over. */
  | { readonly state: 'taking'; readonly taken: Promise<void> }
  | { readonly state: 'keeping' }
  | { readonly state: 'stopped' };

export class Dumps {
  readonly #engine: Engine;
  readonly #projection: Projection;
  readonly #events: DumpEvents;
  readonly #timers: Timers;
  #state: State = { state: 'idle' };
  /** Whether the projection is asked for lines, or given some: resolves when it is not, or not any more. */
  #over: Promise<void> = Promise.resolve();

  constructor(engine: Engine, projection: Projection, events: DumpEvents, timers: Timers) {
    this.#engine = engine;
    this.#projection = projection;
    this.#events = events;
    this.#timers = timers;
  }

  /** While it is not `null`, nothing may be applied; it resolves when that is over. */
  get taking(): Promise<void> | null {
    return this.#state.state === 'taking' ? this.#state.taken : null;
  }

  /** One is due of what is applied now. Where another one is under way yet, the next one has to do. */
  make(): void {
    if (this.#state.state !== 'idle') return;
    const taken = deferred<void>();
    this.#over = taken.promise;
    this.#state = { state: 'taking', taken: taken.promise };
    void this.#make(taken);
  }

  /** What is under way is given up. Resolves when the projection is not asked any more. */
  async stop(): Promise<void> {
    this.#state = { state: 'stopped' };
    await this.#over;
  }

  /**
   * Has the projection become the newest dump of this position or a later one that can be loaded. Resolves to why there was none: an
   * error for each that could not be; or to `null`.
   *
   * @param doubted positions of dumps that are not to be used.
   */
  async load(from: number, doubted: ReadonlySet<number>): Promise<readonly unknown[] | null> {
    const failures = new Map<number, unknown>();
    for (;;) {
      // Anew each time: one that is gone has made place for a newer one.
      const positions = await this.#engine.dumps();
      const newest = await this.#engine.newest();
      const position = positions.find(
        (one) => one >= from && one <= newest && !doubted.has(one) && !failures.has(one),
      );
      if (position === undefined) return [...failures.values()];
      try {
        await this.become(linesOf(await this.#read(position)));
        return null;
      } catch (error) {
        if (this.#isStopped) throw error;
        // The engine may answer the next time: it is no matter of this dump.
        if (error instanceof EngineError && error.reason === 'unknown') throw error;
        failures.set(position, error);
        this.#events.trouble(new DumpFailed(`the dump of ${position} could not be loaded`, error));
      }
    }
  }

  /** Has the projection become what these lines of a dump say; by slices, between which others have their turn. */
  async become(dump: Iterable<JsonText>): Promise<void> {
    this.#mustGoOn();
    const over = deferred<void>();
    this.#over = over.promise;
    try {
      for (const _ of this.#projection.load(dump)) await this.#turn();
    } finally {
      over.resolve();
    }
  }

  async #read(position: number): Promise<readonly string[]> {
    const parts: string[] = [];
    for await (const part of this.#engine.readDump(position)) {
      parts.push(part);
      this.#events.read(position, parts.length);
    }
    return parts;
  }

  async #make(taken: Deferred<void>): Promise<void> {
    try {
      const { position } = this.#projection;
      const parts = await this.#take();
      this.#move('keeping');
      taken.resolve();
      await this.#engine.keepDump(position, this.#unlessStopped(parts));
      const [, older] = await this.#engine.dumps();
      if (older !== undefined) await this.#engine.trim(older + 1);
    } catch (error) {
      if (!this.#isStopped)
        this.#events.trouble(new DumpFailed('a dump could not be kept; the next one has to do', error));
    } finally {
      taken.resolve();
      this.#move('idle');
    }
  }

  /** All of it at once into memory, since nothing is applied meanwhile, however long the engine takes to keep it; by parts, between which others have their turn. */
  async #take(): Promise<readonly string[]> {
    const parts: string[] = [];
    for (const part of partsOf(this.#projection.dump(), partLength(this.#engine.maxBytes))) {
      parts.push(part);
      await this.#turn();
    }
    return parts;
  }

  /** Others have theirs. */
  async #turn(): Promise<void> {
    const turn = deferred<void>();
    this.#timers.setTimer(0, turn.resolve);
    await turn.promise;
    this.#mustGoOn();
  }

  async *#unlessStopped(parts: readonly string[]): AsyncGenerator<string> {
    for (const part of parts) {
      yield part;
      this.#mustGoOn();
    }
  }

  get #isStopped(): boolean {
    return this.#state.state === 'stopped';
  }

  #mustGoOn(): void {
    if (this.#isStopped) throw new Error('the dump was given up');
  }

  #move(state: 'idle' | 'keeping'): void {
    if (!this.#isStopped) this.#state = { state };
  }
}
