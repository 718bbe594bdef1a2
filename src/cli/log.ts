/** `trunkline log renew`: a person says that a log was restored from a backup. */

export const LOG_USAGE = `trunkline log renew PATH
  Says of an SQLite log that it was restored from a backup: begins new epochs, and remembers commands from the next start on.
  It is refused while a server has it.`;

/** Resolves with the exit status: 0 where it is renewed, 1 where it could not be, 2 for wrong arguments. */
export async function logCommand([action, path, ...more]: readonly string[]): Promise<number> {
  if (action === '--help' || action === '-h') {
    console.log(LOG_USAGE);
    return 0;
  }
  if (action !== 'renew' || path === undefined || more.length > 0) {
    console.error(LOG_USAGE);
    return 2;
  }
  try {
    // SQLite is looked for only where it is needed: who judges a server may have a Node without it.
    const { renewLog } = await import('../server/sqlite/renew-log.ts');
    await renewLog(path, console.log);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}
