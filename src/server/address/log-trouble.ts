import { DumpFailed } from '../replicated/dumps.ts';

/** What is told of a log that cannot be followed: it is tried again several times a second. */
const ABOUT = 'following the log';

/**
 * For `onTrouble` of a log: tells how each outage begins, and that it is over, however often the log is tried in between; and of each
 * dump that is done without.
 *
 * @param report told of what an outage begins with, and of a dump.
 * @param tell told that it is over.
 */
export function logTrouble(
  report: (error: unknown, about: string) => void,
  tell: (message: string) => void,
): (error: unknown) => void {
  let isAway = false;
  return (error) => {
    // It says nothing of whether the log can be followed.
    if (error instanceof DumpFailed) return report(error, 'keeping a dump of the log');
    if (error === null) {
      if (isAway) tell(`${ABOUT}: it goes on`);
    } else if (!isAway) report(error, ABOUT);
    isAway = error !== null;
  };
}
