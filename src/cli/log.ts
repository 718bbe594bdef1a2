/** `trunkline log renew`: a person says that a log was restored from a backup. */
import { renewLog } from './renew-log.ts';

export const LOG_USAGE = `trunkline log renew LOG
  Says of a log that it was restored from a backup: begins new epochs, and remembers commands from the next start on.
  LOG is the path of an SQLite log, which is refused while a server has it; or postgres://USER@HOST/DATABASE or
  nats://USER@HOST/STREAM, the password in the file that TRUNKLINE_LOG_PASSWORD_FILE names, or in TRUNKLINE_LOG_PASSWORD.`;

/** Resolves with the exit status: 0 where it is renewed, 1 where it could not be, 2 for wrong arguments. */
export async function logCommand([action, address, ...more]: readonly string[]): Promise<number> {
  if (action === '--help' || action === '-h') {
    console.log(LOG_USAGE);
    return 0;
  }
  if (action !== 'renew' || address === undefined || more.length > 0) {
    console.error(LOG_USAGE);
    return 2;
  }
  try {
    await renewLog(address, console.log);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}
