/** What is told of a log that cannot be followed: it is tried again several times a second. */
import type { Report } from '../server/core/report.ts';

const ABOUT = 'following the log';

/** Tells how each outage begins, and that it is over. It is called with each failure, and with `null` at the end. */
export function logTrouble(report: Report, tell: (message: string) => void): (error: unknown) => void {
  let isAway = false;
  return (error) => {
    if (error === null) {
      if (isAway) tell(`${ABOUT}: it goes on`);
    } else if (!isAway) report(error, ABOUT);
    isAway = error !== null;
  };
}
