/** Who owns which client id in an SQLite projection, and the connection of it that was admitted last. */
import type { Admission, Admitted, Principal } from '../log/event-log.ts';
import { OWNER_KEEP_MS, TERM_KEEP_MS } from '../log/projection.ts';
import type { About } from './about.ts';
import { type Database, numberIn, type Row, textIn } from './database.ts';
import { oldestRows } from './oldest-rows.ts';

export interface Owner {
  readonly principal: Principal;
  readonly usedAt: number;
  readonly term: number;
  readonly run: string;
  /** Of the admission. */
  readonly position: number;
}

export class SqliteOwners {
  readonly #db: Database;
  readonly #about: () => About;

  constructor(db: Database, about: () => About) {
    this.#db = db;
    this.#about = about;
  }

  find(clientId: string): Owner | null {
    const row = this.#db.one('SELECT * FROM clients WHERE id = ?', clientId);
    return row ? ownerOf(row) : null;
  }

  admit({ client, term, run, seen }: Admission, now: number, position: number): Admitted {
    const { principal, clientId } = client;
    const known = this.find(clientId);
    if (known && known.principal !== principal) return { status: 'foreign' };
    if (known && term < known.term && now - known.usedAt < TERM_KEEP_MS) return { status: 'superseded' };
    if (known && term === known.term && run !== known.run && known.position > seen)
      return { status: 'overtaken' };
    writeOwner(this.#db, clientId, { principal, usedAt: now, term, run, position });
    this.#forgetBeyond(this.#about().limits.clientIds);
    return { status: 'admitted', time: now, position };
  }

  prune(now: number): void {
    this.#db.run('DELETE FROM clients WHERE used_at < ?', now - OWNER_KEEP_MS);
  }

  #forgetBeyond(limit: number): void {
    if (limit === Number.MAX_SAFE_INTEGER) return;
    const count = numberIn(this.#db.one('SELECT count(*) AS clients FROM clients'), 'clients');
    for (const old of oldestRows(this.#db, OWNERS, count - limit))
      this.#db.run('DELETE FROM clients WHERE id = ?', textIn(old, 'id'));
  }
}

/** In the order in which they are forgotten. */
export const OWNERS = {
  table: 'clients',
  time: 'used_at',
  keyOf: (row: Row) => textIn(row, 'id'),
} as const;

export function writeOwner(db: Database, clientId: string, owner: Owner): void {
  const { principal, usedAt, term, run, position } = owner;
  db.run(
    'INSERT OR REPLACE INTO clients VALUES (?, ?, ?, ?, ?, ?)',
    clientId,
    principal,
    usedAt,
    term,
    run,
    position,
  );
}

export function ownerOf(row: Row): Owner {
  return {
    principal: textIn(row, 'principal'),
    usedAt: numberIn(row, 'used_at'),
    term: numberIn(row, 'term'),
    run: textIn(row, 'run'),
    position: numberIn(row, 'position'),
  };
}
