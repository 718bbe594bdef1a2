/** A replicated log's records in a PostgreSQL database. */
import type { ConnectionOptions } from 'node:tls';
import postgres from 'postgres';
import {
  type Engine,
  EngineError,
  type Following,
  ForgottenError,
  type LogRecord,
  type Placed,
  type Records,
} from '../replicated/engine.ts';
import { fitting, mustFit, startFollowing } from '../replicated/engine-parts.ts';
import { readAddress, type Server } from './address.ts';
import { Primary, type PrimaryOptions } from './primary.ts';

export interface PostgresEngineOptions {
  /**
   * `postgres://USER@HOST:PORT,HOST:PORT/DATABASE`: every server that is or may become the primary; whichever is at the time is
   * used. Without a pooler between: it would hide which server answers.
   */
  readonly url: string;
  /** Instead of one in `url`; a function is asked for each connection. @default the one in `url`, else `process.env.PGPASSWORD` */
  readonly password?: string | (() => string | Promise<string>);
  /** `true`: encrypted, the server's certificate checked by Node's authorities; or by these options. @default false */
  readonly tls?: boolean | ConnectionOptions;
  /**
   * Holds the tables, and names the channel that wakes who follows: one for each log. It is made where it is missing.
   *
   * @default 'trunkline'
   */
  readonly schema?: string;
  /** Of a record's text, in bytes of UTF-8. @default 8_388_608 */
  readonly maxBytes?: number;
  /**
   * How long an answer may take, in milliseconds, a standby's included: then an append is `unknown`, and a primary is looked for
   * anew. An append that waits for another's is `refused` after half of it.
   *
   * @default 10_000
   */
  readonly timeoutMs?: number;
}

/**
 * An `Engine` on PostgreSQL 15 or later. What it acknowledges is as durable as the database's commits: with
 * `synchronous_standby_names` set, it is on a standby, and survives the primary. Each engine holds three connections.
 *
 * @throws Error where an option is no such thing.
 */
export function postgresEngine(options: PostgresEngineOptions): Engine {
  return new PostgresEngine(options);
}

interface Waiting {
  readonly text: string;
  readonly resolve: (placed: Placed) => void;
  readonly reject: (error: EngineError) => void;
}

const MAX_BYTES = 8 * 1_024 * 1_024;
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
/** What is appended in one statement, at most, beyond one record. */
const BATCH_RECORDS = 256;
const BATCH_BYTES = 1_024 * 1_024;
/** How many records who follows hears at once, at most. */
const READ_RECORDS = 256;
/** Where nothing wakes who follows. */
const POLL_MS = 1_000;
/** Whoever appended a record says that it is durable; after this who follows sees to it. */
const PROVE_AFTER_MS = 100;
/** How long a server that says nothing new is believed to be the primary. */
const DOUBT_MS = 10_000;
const RETRY_MS = 250;

class PostgresEngine implements Engine {
  readonly maxBytes: number;
  readonly #servers: readonly Server[];
  readonly #options: Omit<PrimaryOptions, 'server'>;
  readonly #closing = new AbortController();
  readonly #queue: Waiting[] = [];
  readonly #sleepers = new Set<() => void>();
  #isWriting = false;
  #primary: Promise<Primary> | null = null;
  #lastFailure: unknown = null;

  constructor({ url, password, tls, schema, maxBytes, timeoutMs }: PostgresEngineOptions) {
    const { servers, ...address } = readAddress(url);
    this.#servers = servers;
    this.#options = {
      ...address,
      password: password ?? address.password,
      tls: tls ?? false,
      schema: schema ?? 'trunkline',
      timeoutMs: timeoutMs ?? 10_000,
      closing: this.#closing.signal,
    };
    this.maxBytes = maxBytes ?? MAX_BYTES;
    if (!SCHEMA.test(this.#options.schema)) {
      throw new Error(`schema is ${JSON.stringify(schema)}: it has to be a name of a-z, 0-9 and _`);
    }
  }

  async append(text: string): Promise<Placed> {
    this.#mustBeOpen();
    mustFit(Buffer.byteLength(text), this.maxBytes);
    return await new Promise((resolve, reject) => {
      this.#queue.push({ text, resolve, reject });
      void this.#write();
    });
  }

  async read(from: number, limit: number): Promise<Records> {
    const { records, oldest, durable } = await this.#ask((primary) => primary.read(from, limit));
    return { records, oldest, newest: durable };
  }

  async newest(): Promise<number> {
    return await this.#ask((primary) => primary.prove());
  }

  async trim(before: number): Promise<void> {
    await this.#ask((primary) => primary.trim(before));
  }

  async keepDump(position: number, parts: AsyncIterable<string>): Promise<void> {
    await this.#ask((primary) => primary.keepDump(position, fitting(parts, this.maxBytes)));
  }

  async dumps(): Promise<readonly number[]> {
    return await this.#ask((primary) => primary.dumps());
  }

  async *readDump(position: number): AsyncGenerator<string> {
    this.#mustBeOpen();
    try {
      yield* (await this.#reach()).readDump(position);
    } catch (error) {
      throw asEngineError(error);
    }
  }

  follow(
    from: number,
    hear: (records: readonly LogRecord[]) => Promise<void>,
    trouble: (error: unknown) => void,
  ): Following {
    return startFollowing(this.#closing.signal, (signal) => this.#follow(from, hear, trouble, signal));
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    for (const { reject } of this.#queue.splice(0)) reject(closedMeanwhile());
    const primary = await this.#primary?.catch(() => null);
    await primary?.end();
  }

  /** One statement at a time: what comes meanwhile goes with the next. */
  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    while (this.#queue.length > 0) {
      let batch: Waiting[] = [];
      try {
        const primary = await this.#reach();
        batch = takeBatch(this.#queue);
        const placed = await primary.append(batch.map(({ text }) => text));
        batch.forEach(({ resolve, reject }, i) => {
          const place = placed[i];
          if (place === undefined) reject(new EngineError('unknown', 'the server told no place'));
          else resolve(place);
        });
      } catch (error) {
        // Without a primary nothing was sent, of none of them.
        const failed = batch.length > 0 ? batch : this.#queue.splice(0);
        for (const { reject } of failed) reject(asEngineError(error));
      }
    }
    this.#isWriting = false;
  }

  async #ask<Answer>(question: (primary: Primary) => Promise<Answer>): Promise<Answer> {
    this.#mustBeOpen();
    try {
      return await question(await this.#reach());
    } catch (error) {
      throw asEngineError(error);
    }
  }

  async #follow(
    from: number,
    hear: (records: readonly LogRecord[]) => Promise<void>,
    trouble: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let next = from;
    let isTroubled = false;
    /** The newest position when it was last seen that it is not known to be durable. */
    let doubtful = 0;
    while (!signal.aborted) {
      // Begun before it looks, so that nothing happens between unnoticed.
      const sleep = this.#sleep(signal);
      try {
        const primary = await this.#reach();
        const { records, oldest, durable, newest } = await primary.read(next, READ_RECORDS);
        if (signal.aborted) return sleep.end();
        if (next < oldest) throw new ForgottenError(oldest, next);
        if (records.length > 0) {
          mustBeWhole(records, next);
          await hear(records);
          next += records.length;
        } else if (newest > durable ? newest === doubtful : primary.doubtMs > DOUBT_MS) {
          await primary.prove();
        } else {
          doubtful = newest;
          await sleep.atMost(newest > durable ? PROVE_AFTER_MS : POLL_MS);
        }
        if (isTroubled) trouble(null);
        isTroubled = false;
      } catch (error) {
        if (signal.aborted) return sleep.end();
        isTroubled = true;
        trouble(error);
        await this.#pause(signal);
      }
      sleep.end();
    }
  }

  /** The primary, which is looked for where it is not known. */
  async #reach(): Promise<Primary> {
    this.#mustBeOpen();
    this.#primary ??= this.#search();
    const { timeoutMs } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const message = `no primary was found within ${timeoutMs} ms`;
        reject(new EngineError('refused', message, { cause: this.#lastFailure }));
      }, timeoutMs);
    });
    return await Promise.race([this.#primary, late]).finally(() => clearTimeout(timer));
  }

  /** Asks all servers at once until one is the primary; rejects where the engine is closed. */
  async #search(): Promise<Primary> {
    const listener = {
      ended: (primary: Primary) => {
        this.#primary?.then(
          (current) => {
            if (current === primary) this.#primary = null;
          },
          // The engine was closed.
          () => {},
        );
      },
      moved: () => {
        for (const wake of this.#sleepers) wake();
      },
    };
    while (!this.#closing.signal.aborted) {
      const asked = this.#servers.map((server) => Primary.open({ ...this.#options, server }, listener));
      try {
        const found = await Promise.any(asked);
        // Only one of two that say so can have a standby behind it for long.
        for (const other of asked) {
          other.then(
            async (primary) => {
              if (primary !== found) await primary.end();
            },
            () => {},
          );
        }
        return found;
      } catch (error) {
        this.#lastFailure =
          error instanceof AggregateError && error.errors.length === 1 ? error.errors[0] : error;
        await this.#pause(this.#closing.signal);
      }
    }
    throw closedMeanwhile();
  }

  /** Wakes at what was appended after it began, at the latest when the signal is aborted. */
  #sleep(signal: AbortSignal) {
    let isAwake = signal.aborted;
    let rise = () => {};
    const wake = () => {
      isAwake = true;
      rise();
    };
    this.#sleepers.add(wake);
    signal.addEventListener('abort', wake);
    return {
      atMost: (ms: number) =>
        new Promise<void>((done) => {
          if (isAwake) return done();
          const timer = setTimeout(done, ms);
          rise = () => {
            clearTimeout(timer);
            done();
          };
        }),
      end: () => {
        this.#sleepers.delete(wake);
        signal.removeEventListener('abort', wake);
      },
    };
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const sleep = this.#sleep(signal);
    await sleep.atMost(RETRY_MS);
    sleep.end();
  }

  #mustBeOpen(): void {
    if (this.#closing.signal.aborted) throw new EngineError('refused', 'the engine is closed');
  }
}

const closedMeanwhile = () => new EngineError('unknown', 'the engine was closed meanwhile');

/** In the order in which they came. */
function takeBatch(queue: Waiting[]): Waiting[] {
  let bytes = 0;
  const end = queue.findIndex(({ text }, i) => {
    bytes += text.length;
    return i > 0 && (i >= BATCH_RECORDS || bytes > BATCH_BYTES);
  });
  return queue.splice(0, end === -1 ? queue.length : end);
}

function mustBeWhole(records: readonly LogRecord[], from: number): void {
  const at = records.findIndex(({ position }, i) => position !== from + i);
  if (at !== -1) throw new EngineError('refused', `the log has a hole: position ${from + at} is missing`);
}

/** Only an error of the statement itself, before its commit, says for certain that nothing was written. */
function asEngineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const isCertain =
    error instanceof postgres.PostgresError &&
    error.severity === 'ERROR' &&
    !/^(08|40003|57)/.test(error.code);
  const message = error instanceof Error ? error.message : String(error);
  return new EngineError(isCertain ? 'refused' : 'unknown', `PostgreSQL: ${message}`, { cause: error });
}
