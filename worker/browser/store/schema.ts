/** Which tables the database has, and how an older one becomes it. */
import type { DBSchema, IDBPDatabase } from 'idb';
import type { StoredCursor, StoredEntry, StoredMeta, StoredOutcome } from '../../core/store.ts';

/** As the rows were written; what is read is judged by `rows.ts` first. */
export interface Tables extends DBSchema {
  entries: { key: string; value: StoredEntry };
  outcomes: { key: string; value: StoredOutcome };
  cursors: { key: string; value: StoredCursor };
  meta: { key: typeof META; value: StoredMeta };
}
/** The one row of `meta`. */
export const META = 'meta';
export const TABLES = ['entries', 'outcomes', 'cursors', 'meta'] as const;

/** Each takes a database from the version of its index to the next; a released one is never changed. */
const MIGRATIONS: readonly ((db: IDBPDatabase<Tables>) => void)[] = [
  (db) => {
    db.createObjectStore('entries', { keyPath: 'id' });
    db.createObjectStore('outcomes', { keyPath: 'id' });
    db.createObjectStore('cursors', { keyPath: 'topic' });
    db.createObjectStore('meta');
  },
];

export const FORMAT = MIGRATIONS.length;

export function migrate(db: IDBPDatabase<Tables>, from: number): void {
  for (const migration of MIGRATIONS.slice(from)) migration(db);
}
