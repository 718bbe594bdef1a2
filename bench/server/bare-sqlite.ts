import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { now } from '../shared/clock.ts';

/** As safe as `sqliteLog` is, and its row of a command, without asking whether it is there: as little as can be. */
const TABLE = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS commands (
    principal TEXT NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    result TEXT,
    state TEXT NOT NULL,
    PRIMARY KEY (principal, id)
  ) WITHOUT ROWID;
`;

/** Milliseconds for so many transactions of one row each, one after the other. */
export function insertAlone(file: string, count: number): number {
  const database = new DatabaseSync(file);
  try {
    database.exec(TABLE);
    const insert = database.prepare('INSERT INTO commands VALUES (?, ?, ?, ?, ?)');
    const start = now();
    for (let i = 0; i < count; i++) {
      database.exec('BEGIN IMMEDIATE');
      insert.run('anonymous', randomUUID(), Date.now(), null, 'accepted');
      database.exec('COMMIT');
    }
    return now() - start;
  } finally {
    database.close();
  }
}
