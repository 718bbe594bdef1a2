/**
 * What a replicated log needs below it: one durable sequence of records that any number of servers append to and read, in
 * one order for all of them. `test/conformance/engine.ts` says what every implementation must do.
 *
 * Nothing is expected of an engine but the order, the disk, and a place for two dumps: it may repeat a record whose answer was lost (the log above
 * it numbers what each author writes, and ignores a repeat), and need not know what a record means.
 */
export interface Engine {
  /** Of a record's text, in bytes of UTF-8. */
  readonly maxBytes: number;

  /**
   * Appends a record; resolves once it is as durable as the engine makes anything, with its place. Rejects with an
   * `EngineError`: `refused` where it is certain that the record is not in the log and never will be; `unknown` where it
   * may be, now or later: whoever needs to know reads on, or appends it again.
   */
  append(text: string): Promise<Placed>;

  /** Those at this position and after it, in order, at most `limit` of them. Only what will never be taken back. */
  read(from: number, limit: number): Promise<Records>;

  /**
   * Calls `hear` with each record from this position on, in order, once each, as they become durable, whoever appended them;
   * it is called again only after the promise that it returned has resolved. What fails is tried again until the following
   * is stopped; `trouble` is told of it, and `null` when it is over.
   */
  follow(
    from: number,
    hear: (records: readonly LogRecord[]) => Promise<void>,
    trouble: (error: unknown) => void,
  ): Following;

  /** The newest position of the log, 0 where it has none: not older than any append that had resolved before, anywhere. */
  newest(): Promise<number>;

  /** Forgets the records before this position; who follows from one of them is told a `ForgottenError` as its trouble. */
  trim(before: number): Promise<void>;

  /**
   * Keeps a dump of what the log comes to at this position, in parts of at most `maxBytes` each; resolves once it is as durable as
   * a record. Where it rejects, or its process dies, that dump is there as a whole or not at all. The two of the highest positions
   * are kept; one of the same position takes the place of the one before it.
   */
  keepDump(position: number, parts: AsyncIterable<string>): Promise<void>;

  /** The positions of the dumps that are there, the highest first. */
  dumps(): Promise<readonly number[]>;

  /** The parts of one, in order. Fails as `refused` where it is not there, or not any more. */
  readDump(position: number): AsyncIterable<string>;

  /** What is under way is rejected with `unknown`; calls after this one are rejected as `refused`. */
  close(): Promise<void>;
}

export interface Placed {
  /** From 1, without a hole. */
  readonly position: number;
  /** Milliseconds since 1970 by the engine's clock when it took its place, and no less than that of the record before it. */
  readonly time: number;
}

export interface LogRecord extends Placed {
  readonly text: string;
}

export interface Records {
  readonly records: readonly LogRecord[];
  /** The oldest position that is still there, or would be the first. */
  readonly oldest: number;
  readonly newest: number;
}

export interface Following {
  /** Resolves when `hear` is not called any more. */
  stop(): Promise<void>;
}

/** Why an engine did not do what it was asked for, or may not have done it. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly reason: 'refused' | 'unknown';

  constructor(reason: 'refused' | 'unknown', message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** What is asked for was trimmed. */
export class ForgottenError extends EngineError {
  /** Where the log begins. */
  readonly oldest: number;

  constructor(oldest: number, asked: number) {
    super('refused', `the log begins at ${oldest}: ${asked} is forgotten`);
    this.oldest = oldest;
  }
}
