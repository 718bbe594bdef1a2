import { Database } from '../../src/server/sqlite/database.ts';
import { makeTables } from '../../src/server/sqlite/schema.ts';
import { SqliteProjection } from '../../src/server/sqlite/sqlite-projection.ts';

/** A projection in SQLite's own memory. */
export interface InSqlite {
  readonly projection: SqliteProjection;
  /** Another one of the same content, as after a restart. */
  reopened(): InSqlite;
  end(): void;
}

export function newSqliteProjection(): InSqlite {
  const db = new Database(':memory:');
  makeTables(db, ':memory:', 0);
  const open = (): InSqlite => ({
    projection: new SqliteProjection(db),
    reopened: open,
    end: () => db.close(),
  });
  return open();
}
