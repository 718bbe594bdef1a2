/**
 * The server that was found to be the primary, by three connections: an append and a proof may wait for the standby, while
 * reading goes on. It ends as a whole with the first of them, since the next one may be another server.
 */
import { randomUUID } from 'node:crypto';
import { EngineError, type LogRecord, type Placed } from '../replicated/engine.ts';
import { noSuchDump } from '../replicated/engine-parts.ts';
import { haveTables, type Statements, statements, tables } from './schema.ts';
import { Session, type SessionListener, type SessionOptions } from './session.ts';

export interface PrimaryOptions extends SessionOptions {
  readonly schema: string;
}

export interface PrimaryListener {
  ended(primary: Primary): void;
  /** More may be there to read. */
  moved(): void;
}

export interface Found {
  /** All of them durable. */
  readonly records: readonly LogRecord[];
  readonly oldest: number;
  readonly durable: number;
  /** Of what can be seen, some of it not durable yet. */
  readonly newest: number;
}

/** For the server to hear that it need not wait any more. */
const CANCEL_MS = 1_000;

export class Primary {
  readonly #statements: Statements;
  readonly #listener: PrimaryListener;
  readonly #append: Session;
  readonly #prove: Session;
  readonly #read: Session;
  #proof: Promise<number> | null = null;
  #nextProof: Promise<number> | null = null;
  /** Up to here all is durable, as this server answered: of another one it would be no proof. */
  #durable = 0;
  #provenAt = 0;
  #ending: Promise<void> | null = null;

  private constructor(
    sessions: readonly [append: Session, prove: Session, read: Session],
    schema: string,
    listener: PrimaryListener,
  ) {
    [this.#append, this.#prove, this.#read] = sessions;
    this.#statements = statements(schema);
    this.#listener = listener;
  }

  /** Rejects where the server is none, refuses, is no primary, or is one that waits for its standby. */
  static async open(options: PrimaryOptions, listener: PrimaryListener): Promise<Primary> {
    let primary: Primary | null = null;
    const listening: SessionListener = {
      ended: () => void primary?.end(),
      notified: () => listener.moved(),
    };
    const opened = await Promise.allSettled([0, 1, 2].map(() => Session.open(options, listening)));
    const sessions = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const [append, prove, read] = sessions;
    if (append === undefined || prove === undefined || read === undefined) {
      for (const session of sessions) session.end();
      throw opened.find((each) => each.status === 'rejected')?.reason;
    }
    primary = new Primary([append, prove, read], options.schema, listener);
    const end = () => void primary?.end();
    options.closing.addEventListener('abort', end);
    try {
      options.closing.throwIfAborted();
      await primary.#prepare(options.schema);
      return primary;
    } catch (error) {
      await primary.end();
      throw error;
    } finally {
      options.closing.removeEventListener('abort', end);
    }
  }

  /** In milliseconds, since it was last certain that this is the primary. */
  get doubtMs(): number {
    return performance.now() - this.#provenAt;
  }

  async append(texts: readonly string[]): Promise<Placed[]> {
    const rows = await this.#append.run(this.#statements.append, [texts.map(bytea).join(','), texts.length]);
    const placed = rows.map((row) => ({ position: Number(row['position']), time: Number(row['time']) }));
    placed.sort((a, b) => a.position - b.position);
    this.#knowDurable(placed.at(-1)?.position ?? 0, this.#append);
    return placed;
  }

  /** The newest position: no older than what any append had resolved with, and durable. */
  prove(): Promise<number> {
    if (this.#proof === null) return this.#beginProof();
    // One that is under way may have looked before the caller's question.
    this.#nextProof ??= this.#proof
      .catch(() => 0)
      .then(() => {
        this.#nextProof = null;
        return this.#beginProof();
      });
    return this.#nextProof;
  }

  async read(from: number, limit: number): Promise<Found> {
    const rows = await this.#read.run(this.#statements.read, [from, limit, this.#durable]);
    const [first] = rows;
    const records = rows
      .filter((row) => row['position'] !== null)
      .map((row) => ({
        position: Number(row['position']),
        time: Number(row['time']),
        // A Buffer, of UTF-8.
        text: String(row['text']),
      }));
    return {
      records,
      oldest: Number(first?.['oldest']),
      durable: Number(first?.['durable']),
      newest: Number(first?.['newest']),
    };
  }

  async trim(before: number): Promise<void> {
    while ((await this.#prove.run(this.#statements.trim, [before, this.#durable])).length > 0);
  }

  async keepDump(position: number, parts: AsyncIterable<string>): Promise<void> {
    const name = randomUUID();
    let count = 0;
    for await (const text of parts) {
      await this.#prove.run(this.#statements.part, [position, name, count, bytea(text)]);
      count += 1;
    }
    const kept = await this.#prove.run(this.#statements.keep, [position, name, count]);
    if (kept.length === 0)
      throw new EngineError(
        'refused',
        `parts of the dump of ${position} are gone since newer ones are there`,
      );
    while ((await this.#prove.run(this.#statements.forget)).length > 0);
  }

  async dumps(): Promise<number[]> {
    const rows = await this.#read.run(this.#statements.dumps);
    return rows.map((row) => Number(row['position']));
  }

  async *readDump(position: number): AsyncGenerator<string> {
    const [dump] = await this.#read.run(this.#statements.dump, [position]);
    if (!dump) throw noSuchDump(position);
    for (let number = 0; number < Number(dump['parts']); number += 1) {
      const [part] = await this.#read.run(this.#statements.readPart, [
        position,
        String(dump['name']),
        number,
      ]);
      if (!part) throw noSuchDump(position);
      yield String(part['text']);
    }
  }

  /** At once, for who waits. Resolves when the server was told not to wait for its standby on behalf of nobody. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    const busy = [this.#append, this.#prove].filter((session) => session.isBusy);
    this.#append.end();
    this.#prove.end();
    this.#listener.ended(this);
    await this.#endRead(busy.map(({ pid }) => pid));
  }

  async #endRead(waiting: readonly number[]): Promise<void> {
    const timer = setTimeout(() => this.#read.end(), CANCEL_MS);
    try {
      // Not by the client's own `cancel`: where the server is gone, which is when one cancels, postgres 3.4.9 rejects a promise
      // that nobody holds, and the process ends.
      await Promise.all(waiting.map((pid) => this.#read.run(this.#statements.cancel, [pid])));
    } catch {
      // Nobody is there to be told.
    } finally {
      clearTimeout(timer);
      this.#read.end();
    }
  }

  async #prepare(schema: string): Promise<void> {
    const [row] = await this.#read.run(haveTables(schema));
    if (row?.['found'] !== true) await this.#read.run(tables(schema));
    await this.#read.run(this.#statements.listen);
    await this.prove();
  }

  #beginProof(): Promise<number> {
    const proof = this.#runProof().finally(() => {
      this.#proof = null;
    });
    this.#proof = proof;
    return proof;
  }

  async #runProof(): Promise<number> {
    const [row] = await this.#prove.run(this.#statements.prove);
    const newest = Number(row?.['position']);
    this.#knowDurable(newest, this.#prove);
    return newest;
  }

  #knowDurable(position: number, by: Session): void {
    this.#provenAt = performance.now();
    if (position <= this.#durable) return;
    this.#durable = position;
    // Others learn it sooner; where it fails, they find out by themselves.
    by.run(this.#statements.mark, [position]).catch(() => {});
    this.#listener.moved();
  }
}

function bytea(text: string): string {
  return `\\x${Buffer.from(text).toString('hex')}`;
}
