import { setImmediate } from 'node:timers/promises';
import {
  type Engine,
  EngineError,
  type Following,
  ForgottenError,
  type LogRecord,
  type Placed,
  type Records,
} from '../../src/server/replicated/engine.ts';
import { fitting, mustFit, noSuchDump } from '../../src/server/replicated/engine-parts.ts';

/**
 * What becomes of an append. `refused`: it is not in the log. `lost`: its answer is, and the record is there or is not. `late`: as
 * `lost`, and the record comes when `arrive` is called. `repeated`: it is in the log twice.
 */
export type AppendFault = 'refused' | 'lost, written' | 'lost, not written' | 'late' | 'repeated';

const BATCH = 100;
const KEPT_DUMPS = 2;

/** One log that lives in memory, and as many engines on it as a test has servers. */
export class MemoryLogService {
  readonly #now: () => number;
  readonly #late: string[] = [];
  #records: LogRecord[] = [];
  #oldest = 1;
  #newestTime = 0;
  #change = Promise.withResolvers<void>();
  /** By position, the highest first. */
  #dumps = new Map<number, readonly string[]>();
  /** Those of which the parts after these are lost. */
  readonly #cut = new WeakSet<readonly string[]>();

  constructor(now: () => number) {
    this.#now = now;
  }

  get newest(): number {
    return this.#oldest + this.#records.length - 1;
  }

  place(text: string): Placed {
    this.#newestTime = Math.max(this.#newestTime, this.#now());
    const placed = { position: this.newest + 1, time: this.#newestTime };
    this.#records.push({ ...placed, text });
    this.wake();
    return placed;
  }

  keepLate(text: string): void {
    this.#late.push(text);
  }

  /** What was late comes now. */
  arrive(): void {
    for (const text of this.#late.splice(0)) this.place(text);
  }

  read(from: number, limit: number): Records {
    const start = Math.max(0, from - this.#oldest);
    const records = this.#records.slice(start, start + limit);
    return { records, oldest: this.#oldest, newest: this.newest };
  }

  trim(before: number): void {
    const count = Math.min(Math.max(0, before - this.#oldest), this.#records.length);
    this.#records = this.#records.slice(count);
    this.#oldest += count;
  }

  get dumps(): ReadonlyMap<number, readonly string[]> {
    return this.#dumps;
  }

  keepDump(position: number, parts: readonly string[]): void {
    const all = [...this.#dumps, [position, parts] as const].sort(([a], [b]) => b - a);
    // Of two of one position the later one counts.
    this.#dumps = new Map([...new Map(all)].slice(0, KEPT_DUMPS));
  }

  /** Of the newest dump only the first half of its lines is left. */
  damageDump(): void {
    const [newest] = this.#dumps;
    if (!newest) return;
    const [position, parts] = newest;
    const lines = parts.join('').split('\n');
    this.#dumps.set(position, [lines.slice(0, lines.length / 2).join('\n')]);
  }

  /** Of this dump the last part is not there any more. */
  losePart(position: number): void {
    const left = this.#dumps.get(position)?.slice(0, -1) ?? [];
    this.#dumps.set(position, left);
    this.#cut.add(left);
  }

  /** Of a dump. */
  lacksParts(dump: readonly string[]): boolean {
    return this.#cut.has(dump);
  }

  /** As an engine that has lost what it had acknowledged. */
  forgetNewest(count: number): void {
    this.#records = this.#records.slice(0, -count);
    this.wake();
  }

  /** Resolves with the next call of `wake`. */
  changed(): Promise<void> {
    return this.#change.promise;
  }

  wake(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }
}

/** A server's engine on the log, with the faults that an engine may have. */
export class MemoryEngine implements Engine {
  readonly maxBytes: number;
  readonly #service: MemoryLogService;
  readonly #faults: AppendFault[] = [];
  #isStalled = false;
  #lags = false;
  #isReadOnly = false;
  #isClosed = false;

  constructor(service: MemoryLogService, maxBytes = 1_000_000) {
    this.#service = service;
    this.maxBytes = maxBytes;
  }

  /** One for each of the next appends. */
  failNext(...faults: readonly AppendFault[]): void {
    this.#faults.push(...faults);
  }

  /** Nothing of it goes on until it is called with `false`. */
  stall(isStalled: boolean): void {
    this.#isStalled = isStalled;
    this.#service.wake();
  }

  /** What follows hears of nothing until it is called with `false`; everything else goes on. */
  lag(lags: boolean): void {
    this.#lags = lags;
    this.#service.wake();
  }

  /** From here on it refuses to write anything, also once it was healed. */
  forbidWriting(): void {
    this.#isReadOnly = true;
  }

  /** Nothing fails from here on. */
  heal(): void {
    this.#faults.length = 0;
    this.stall(false);
    this.lag(false);
  }

  async append(text: string): Promise<Placed> {
    await this.#ready();
    mustFit(Buffer.byteLength(text), this.maxBytes);
    if (this.#isReadOnly) throw new EngineError('refused', 'made to fail: nothing is written');
    const lost = new EngineError('unknown', 'made to fail: the answer is lost');
    switch (this.#faults.shift()) {
      case undefined:
        return this.#service.place(text);
      case 'repeated': {
        const placed = this.#service.place(text);
        this.#service.place(text);
        return placed;
      }
      case 'refused':
        throw new EngineError('refused', 'made to fail: nothing was written');
      case 'lost, written':
        this.#service.place(text);
        throw lost;
      case 'lost, not written':
        throw lost;
      case 'late':
        this.#service.keepLate(text);
        throw lost;
    }
  }

  async read(from: number, limit: number): Promise<Records> {
    await this.#ready();
    return this.#service.read(from, limit);
  }

  async newest(): Promise<number> {
    await this.#ready();
    return this.#service.newest;
  }

  async trim(before: number): Promise<void> {
    await this.#ready();
    this.#service.trim(before);
  }

  async keepDump(position: number, parts: AsyncIterable<string>): Promise<void> {
    const kept: string[] = [];
    await this.#ready();
    for await (const part of fitting(parts, this.maxBytes)) {
      await this.#ready();
      kept.push(part);
    }
    await this.#ready();
    if (this.#isReadOnly) throw new EngineError('refused', 'made to fail: nothing is written');
    this.#service.keepDump(position, kept);
  }

  async dumps(): Promise<readonly number[]> {
    await this.#ready();
    return [...this.#service.dumps.keys()];
  }

  async *readDump(position: number): AsyncGenerator<string> {
    await this.#ready();
    const parts = this.#service.dumps.get(position);
    if (!parts) throw noSuchDump(position);
    for (const part of parts) {
      await this.#ready();
      if (this.#service.dumps.get(position) !== parts) throw noSuchDump(position);
      yield part;
    }
    if (this.#service.lacksParts(parts)) throw noSuchDump(position);
  }

  follow(
    from: number,
    hear: (records: readonly LogRecord[]) => Promise<void>,
    trouble: (error: unknown) => void,
  ): Following {
    let isStopped = false;
    let isTroubled = false;
    let next = from;
    /** Whether it goes on at once. */
    const step = async (): Promise<boolean> => {
      if (this.#isStalled || this.#lags) return false;
      const { records, oldest } = this.#service.read(next, BATCH);
      if (next < oldest) {
        trouble(new ForgottenError(oldest, next));
        return false;
      }
      if (records.length === 0) return false;
      try {
        await hear(records);
      } catch (error) {
        isTroubled = true;
        trouble(error);
        await setImmediate();
        return true;
      }
      next += records.length;
      if (isTroubled) trouble(null);
      isTroubled = false;
      return true;
    };
    const run = async () => {
      while (!isStopped && !this.#isClosed) {
        // Taken before it looks, so that nothing happens between unheard.
        const changed = this.#service.changed();
        if (!(await step()) && !isStopped && !this.#isClosed) await changed;
      }
    };
    const running = run();
    return {
      stop: () => {
        isStopped = true;
        this.#service.wake();
        return running;
      },
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#service.wake();
  }

  async #ready(): Promise<void> {
    if (this.#isClosed) throw new EngineError('refused', 'the engine is closed');
    while (this.#isStalled) {
      await this.#service.changed();
      if (this.#isClosed) throw new EngineError('unknown', 'the engine was closed meanwhile');
    }
  }
}
