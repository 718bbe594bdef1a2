/** The commands of an SQLite projection: how each began and ended, and which are forgotten. */
import type { CommandKey, CommandRecord } from '../log/event-log.ts';
import { textOf } from '../log/memory-content.ts';
import type { About } from './about.ts';
import { type Database, numberIn, type Row, textIn, textOrNullIn, wrongValue } from './database.ts';
import { oldestRows } from './oldest-rows.ts';

const FORGET_BEYOND = 1.01;

export class SqliteCommands {
  readonly #db: Database;
  readonly #about: () => About;
  /** Counted where they are limited, and only then; `null`: not yet. */
  #count: number | null = null;

  constructor(db: Database, about: () => About) {
    this.#db = db;
    this.#about = about;
  }

  /** What is held may not be what the file has any more. */
  refresh(): void {
    this.#count = null;
  }

  recall({ principal, id }: CommandKey): CommandRecord | null {
    const row = this.#db.one(
      'SELECT state, result FROM commands WHERE principal = ? AND id = ?',
      principal,
      id,
    );
    return row ? recordOf(row) : null;
  }

  record<R extends CommandRecord>({ principal, id }: CommandKey, record: R, now: number): R {
    const { limits } = this.#about();
    const isLimited = limits.commandIds < Number.MAX_SAFE_INTEGER;
    if (!isLimited) this.#count = null;
    else if (!this.recall({ principal, id })) this.#count = this.#counted() + 1;
    writeCommand(this.#db, { principal, id }, record, now);
    if (isLimited) this.#forgetBeyond(limits.commandIds);
    return record;
  }

  #forgetBeyond(limit: number): void {
    const count = this.#counted();
    // A hundredth at once: whoever was told how far the memory reaches has to be told anew.
    if (count <= limit * FORGET_BEYOND) return;
    for (const old of oldestRows(this.#db, COMMANDS, count - limit)) this.#forget(old);
    this.#count = limit;
  }

  prune(before: number): void {
    const newest = this.#db.one('SELECT max(at) AS at FROM commands WHERE at < ?', before)?.['at'];
    if (typeof newest !== 'number') return;
    this.#forgottenUntil(newest);
    this.#db.run('DELETE FROM commands WHERE at < ?', before);
    this.refresh();
  }

  #forget(row: Row): void {
    this.#forgottenUntil(numberIn(row, 'at'));
    const { principal, id } = keyOf(row);
    this.#db.run('DELETE FROM commands WHERE principal = ? AND id = ?', principal, id);
  }

  #forgottenUntil(at: number): void {
    const about = this.#about();
    about.dedupeSince = Math.max(about.dedupeSince, at + 1);
  }

  #counted(): number {
    this.#count ??= numberIn(this.#db.one('SELECT count(*) AS commands FROM commands'), 'commands');
    return this.#count;
  }
}

/** In the order in which they are forgotten. */
export const COMMANDS = {
  table: 'commands',
  time: 'at',
  keyOf: (row: Row) => textOf(textIn(row, 'principal'), textIn(row, 'id')),
} as const;

export function writeCommand(
  db: Database,
  { principal, id }: CommandKey,
  record: CommandRecord,
  at: number,
): void {
  const result = record.status === 'accepted' ? record.result : null;
  db.run(
    'INSERT OR REPLACE INTO commands VALUES (?, ?, ?, ?, ?)',
    principal,
    id,
    at,
    result,
    stateOf(record),
  );
}

export function keyOf(row: Row): CommandKey {
  return { principal: textIn(row, 'principal'), id: textIn(row, 'id') };
}

export function recordOf(row: Row): CommandRecord {
  const state = textIn(row, 'state');
  switch (state) {
    case 'begun':
      return { status: 'begun' };
    case 'accepted':
      return { status: 'accepted', result: textOrNullIn(row, 'result') };
    case 'cancelled':
    case 'cancelled_begun':
      return { status: 'cancelled', begun: state === 'cancelled_begun' };
    default:
      throw wrongValue('state', state);
  }
}

function stateOf(record: CommandRecord): string {
  if (record.status !== 'cancelled') return record.status;
  return record.begun ? 'cancelled_begun' : 'cancelled';
}
