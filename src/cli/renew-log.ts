/** `trunkline log renew LOG`: what it does, and what it tells. */
import { existsSync } from 'node:fs';
import { logOf } from '../server/address/log-of.ts';
import { readAddress } from '../server/address/read-address.ts';

/**
 * Begins a new epoch for every topic of the log, and forgets which commands it has accepted, for its clients. On a log that
 * servers share, all of them do so at that place of it, those that run now included.
 *
 * @param out takes what a person is told.
 * @throws Error where there is no such log, or it is one of a single server, which has it.
 */
export async function renewLog(address: string, out: (line: string) => void): Promise<void> {
  const read = readAddress(address);
  if (read.kind === 'memory')
    throw new Error('A log in memory ends with its server: there is nothing to renew.');
  // Else an empty one would be made of it.
  if (read.kind === 'sqlite' && !existsSync(read.path)) throw new Error(`There is no log at ${read.path}.`);
  const { log, isShared } = await logOf(address);
  try {
    await log.renew(Date.now());
    // Its first record is this one.
    if (isShared && (await log.position()) === 1) {
      throw new Error(`There was nothing in the log at ${address}: is it the right one?`);
    }
  } finally {
    await log.close();
  }
  out(
    `${address}: every topic has begun a new epoch. Commands that were sent before now, and were not answered, are uncertain to their clients.`,
  );
}
