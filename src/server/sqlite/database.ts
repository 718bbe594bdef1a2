/** SQLite as the log uses it: statements that are prepared once, transactions, and columns that are checked when they are read. */
import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { DatabaseSync } from './node-sqlite.ts';

export type Row = Record<string, SQLOutputValue>;

/** For another process that holds the file, such as a backup. */
const BUSY_MS = 5_000;

export class Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** A transaction is under way, and others have their turn. */
  #isBetweenSteps = false;

  /**
   * In WAL mode; what was committed is on the disk.
   *
   * @throws Error where the file cannot be opened.
   */
  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    try {
      this.#db.exec(
        `PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;`,
      );
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#db.isOpen;
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  /** Several statements, without values. */
  exec(sql: string): void {
    this.#db.exec(sql);
  }

  /** All of the work or nothing; within another one's, it is part of that. */
  atomically<T>(work: () => T): T {
    if (this.#db.isTransaction) return work();
    this.run('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.run('COMMIT');
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors, such as a full disk.
      if (this.#db.isTransaction) this.run('ROLLBACK');
      throw error;
    }
  }

  /**
   * All of the work or nothing, step by step: nothing else can be asked of the file until it has come to its end, or was left before
   * that, which takes back all of it.
   */
  *inSteps(work: () => Iterable<void>): Generator<void> {
    this.run('BEGIN IMMEDIATE');
    try {
      for (const _ of work()) {
        this.#isBetweenSteps = true;
        try {
          yield;
        } finally {
          this.#isBetweenSteps = false;
        }
      }
      this.run('COMMIT');
    } finally {
      if (this.#db.isOpen && this.#db.isTransaction) this.run('ROLLBACK');
    }
  }

  /**
   * Answers how many rows were changed. Values for anonymous parameters alone: not every Node that has `node:sqlite` binds `?1`
   * by position.
   */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    for (const value of values) {
      if (typeof value === 'string' && value.includes('\0')) {
        throw new Error(
          `sqliteLog: ${JSON.stringify(value)} holds U+0000, where some versions of SQLite end a text; nothing was written`,
        );
      }
    }
    return Number(this.#prepared(sql).run(...values).changes);
  }

  one(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#prepared(sql).get(...values);
  }

  all(sql: string, ...values: readonly SQLInputValue[]): Row[] {
    return this.#prepared(sql).all(...values);
  }

  /** One by one, for what may be too much for memory. */
  each(sql: string, ...values: readonly SQLInputValue[]): IterableIterator<Row> {
    this.#mustNotBeBetweenSteps();
    // A statement of its own: one that is prepared already may be read from at this moment.
    return this.#db.prepare(sql).iterate(...values);
  }

  #mustNotBeBetweenSteps(): void {
    if (this.#isBetweenSteps)
      throw new Error('the file takes a dump: it cannot be asked until it has all of it');
  }

  #prepared(sql: string): StatementSync {
    this.#mustNotBeBetweenSteps();
    const statement = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

export function numberIn(row: Row | undefined, column: string): number {
  const value = row?.[column];
  if (typeof value !== 'number') throw wrongValue(column, value);
  return value;
}

export function numberOrNullIn(row: Row | undefined, column: string): number | null {
  return row?.[column] === null ? null : numberIn(row, column);
}

export function textIn(row: Row | undefined, column: string): string {
  const value = row?.[column];
  if (typeof value !== 'string') throw wrongValue(column, value);
  return value;
}

export function textOrNullIn(row: Row, column: string): string | null {
  return row[column] === null ? null : textIn(row, column);
}

export function wrongValue(column: string, value: unknown): Error {
  return new Error(
    `sqliteLog: the column ${column} holds ${typeof value}: the file is damaged, or the log was not opened`,
  );
}
