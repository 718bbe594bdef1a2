/** What keeps a second process away from a log: for as long as one lives that has it, whatever way it ends. */
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseSync } from './node-sqlite.ts';

const TRY_EVERY_MS = 100;
const SQLITE_BUSY = 5;

/**
 * A lock of the operating system on an empty file beside the log's. SQLite takes it, since Node has no call for it; of a file
 * of its own, so that whoever only reads the log, such as a backup, is not held up.
 */
export class FileLock {
  readonly #logPath: string;
  #held: DatabaseSync | null = null;

  constructor(logPath: string) {
    this.#logPath = logPath;
  }

  /**
   * Does nothing where it is held already.
   *
   * @param isWanted asked while it waits.
   * @throws Error where another one still has it after `waitMs`, or it is not wanted any more.
   */
  async take(waitMs: number, isWanted: () => boolean): Promise<void> {
    const end = performance.now() + waitMs;
    while (!this.#tryToTake()) {
      if (!isWanted()) throw new Error(`sqliteLog: ${this.#logPath} was closed before it could be opened`);
      if (performance.now() >= end) throw new Error(inUse(this.#logPath, waitMs));
      await pause(Math.min(TRY_EVERY_MS, end - performance.now()));
    }
  }

  release(): void {
    this.#held?.close();
    this.#held = null;
  }

  #tryToTake(): boolean {
    if (this.#held) return true;
    const file = new DatabaseSync(`${this.#logPath}-lock`);
    try {
      file.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
      this.#held = file;
      return true;
    } catch (error) {
      file.close();
      if (Object(error).errcode === SQLITE_BUSY) return false;
      throw error;
    }
  }
}

function inUse(path: string, waitMs: number): string {
  const still = waitMs > 0 ? ` still, after ${waitMs} ms` : '';
  return `sqliteLog: ${path} is in use by another server${still}, and one works on a log at a time. Stop that one first, or let this one wait for its end by \`waitMs\``;
}
