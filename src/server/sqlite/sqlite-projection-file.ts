import type { Projection } from '../log/projection.ts';
import { Database } from './database.ts';
import { FileLock } from './file-lock.ts';
import { makeTables } from './schema.ts';
import { SqliteProjection } from './sqlite-projection.ts';

export interface SqliteProjectionOptions {
  /** How long to wait for another process to let the file go, in milliseconds. @default 0 */
  readonly waitMs?: number;
}

/** What a server has made of a replicated log, in a file: after a restart it goes on from there. */
export interface SqliteProjectionFile extends Projection {
  /** Lets the file go, for the next process. Nothing is applied after it: close the log first. */
  close(): void;
}

/**
 * Opens a file for the `projection` of a `replicatedLog`, and makes it where it is missing. It can be deleted at any time while no
 * server has it: the log is in its engine.
 *
 * @throws Error where another process has the file, or it is of a newer version of this package.
 */
export async function sqliteProjection(
  path: string,
  { waitMs = 0 }: SqliteProjectionOptions = {},
): Promise<SqliteProjectionFile> {
  const lock = new FileLock(path);
  await lock.take(waitMs, () => true);
  try {
    const db = new Database(path);
    makeTables(db, path, 0);
    return new OfFile(db, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

class OfFile extends SqliteProjection implements SqliteProjectionFile {
  readonly #file: Database;
  readonly #lock: FileLock;

  constructor(file: Database, lock: FileLock) {
    super(file);
    this.#file = file;
    this.#lock = lock;
  }

  close(): void {
    if (!this.#file.isOpen) return;
    this.#file.close();
    this.#lock.release();
  }
}
