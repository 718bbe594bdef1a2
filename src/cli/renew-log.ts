/** `trunkline log renew`: what it does, and what it tells. */
import { existsSync } from 'node:fs';
import { engineOf, logOf } from '../server/address/log-of.ts';
import { readAddress } from '../server/address/read-address.ts';
import { renewFrom } from '../server/replicated/renew-from.ts';

export interface RenewOptions {
  /** The file of a server's projection, from which a shared log goes on. `null`: from what it holds. @default null */
  readonly from?: string | null;
  /** Whether a shared log may lose what is newer than that file. @default false */
  readonly discardsNewer?: boolean;
}

/**
 * Begins a new epoch for every topic of the log, and forgets which commands it has accepted, for its clients. On a log that
 * servers share, all of them do so at that place of it, those that run now included.
 *
 * @param out takes what a person is told.
 * @throws Error where there is no such log, or it is one of a single server, which has it.
 */
export async function renewLog(
  address: string,
  out: (line: string) => void,
  { from = null, discardsNewer = false }: RenewOptions = {},
): Promise<void> {
  if (from !== null) await renewFromFile(address, from, discardsNewer, out);
  else await renewAsItIs(address);
  out(
    `${address}: every topic has begun a new epoch. Commands that were sent before now, and were not answered, are uncertain to their clients.`,
  );
}

async function renewFromFile(
  address: string,
  file: string,
  discardsNewer: boolean,
  out: (line: string) => void,
): Promise<void> {
  const read = readAddress(address);
  if (read.kind === 'memory' || read.kind === 'sqlite')
    throw new Error(`--from is for a log that servers share: ${address} is one of a single server.`);
  // Else an empty one would be made of it.
  if (!existsSync(file)) throw new Error(`There is no file ${file}.`);
  const { sqliteProjection } = await import('../server/sqlite/index.ts');
  const known = await sqliteProjection(file);
  try {
    const engine = await engineOf(read);
    try {
      const { position, knownUntil } = await renewFrom(engine, known, { discardsNewer });
      out(
        `${address}: from record ${position} on it goes on from ${file}, which knows what was accepted until ${new Date(knownUntil).toISOString()}.`,
      );
    } finally {
      await engine.close();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${address} was not renewed from ${file}: ${why}.`, { cause: error });
  } finally {
    known.close();
  }
}

async function renewAsItIs(address: string): Promise<void> {
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
}
