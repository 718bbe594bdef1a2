/** `trunkline log renew PATH`: a person says that an SQLite log was restored from a backup. */
import { existsSync } from 'node:fs';
import { sqliteLog } from './sqlite-log.ts';

/**
 * Begins a new epoch for every topic of the log, and forgets which commands it has accepted, for its clients.
 *
 * @param out takes what a person is told.
 * @throws Error where there is no such log, or a server has it.
 */
export async function renewLog(path: string, out: (line: string) => void): Promise<void> {
  // Else an empty one would be made of it.
  if (!existsSync(path)) throw new Error(`There is no log at ${path}.`);
  const log = sqliteLog(path);
  try {
    await log.renew(Date.now());
  } finally {
    await log.close();
  }
  out(
    `${path}: every topic has begun a new epoch. Commands that were sent before now, and were not answered, are uncertain to their clients.`,
  );
}
