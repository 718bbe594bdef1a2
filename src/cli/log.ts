/** `trunkline log renew`: a person says that a log was restored from a backup, and may say what it goes on from. */
import { parseArgs } from 'node:util';
import { type RenewOptions, renewLog } from './renew-log.ts';

export const LOG_USAGE = `trunkline log renew LOG [--from FILE [--discard-newer]]
  Says of a log that it was restored from a backup: begins new epochs, and remembers commands from the next start on.
  LOG is the path of an SQLite log, which is refused while a server has it; or postgres://USER@HOST/DATABASE or
  nats://USER@HOST/STREAM, the password in the file that TRUNKLINE_LOG_PASSWORD_FILE names, or in TRUNKLINE_LOG_PASSWORD.
  --from FILE      has a log that servers share go on from what one of them has made of it in this file, its projection. End all of
                   them before, and delete the projections' files after it
  --discard-newer  also where the log holds what is newer than the file, which is lost then`;

/** Resolves with the exit status: 0 where it is renewed, 1 where it could not be, 2 for wrong arguments. */
export async function logCommand(args: readonly string[]): Promise<number> {
  const asked = readArguments(args);
  if (asked === 'help') {
    console.log(LOG_USAGE);
    return 0;
  }
  if (asked === null) {
    console.error(LOG_USAGE);
    return 2;
  }
  try {
    await renewLog(asked.address, console.log, asked);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

interface Asked extends RenewOptions {
  readonly address: string;
}

/** `null`: they are none of this command's. */
function readArguments(args: readonly string[]): Asked | 'help' | null {
  const options = {
    help: { type: 'boolean', short: 'h' },
    from: { type: 'string' },
    'discard-newer': { type: 'boolean', default: false },
  } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (values.help) return 'help';
    const [action, address, ...more] = positionals;
    const { from = null, 'discard-newer': discardsNewer } = values;
    if (action !== 'renew' || address === undefined || more.length > 0) return null;
    return from === null && discardsNewer ? null : { address, from, discardsNewer };
  } catch {
    return null;
  }
}
