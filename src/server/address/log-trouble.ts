/** What is told of a log that cannot be followed: it is tried again several times a second. */
const ABOUT = 'following the log';

/**
 * For `onTrouble` of a log: tells how each outage begins, and that it is over, however often the log is tried in between.
 *
 * @param report told of what an outage begins with.
 * @param tell told that it is over.
 */
export function logTrouble(
  report: (error: unknown, about: string) => void,
  tell: (message: string) => void,
): (error: unknown) => void {
  let isAway = false;
  return (error) => {
    if (error === null) {
      if (isAway) tell(`${ABOUT}: it goes on`);
    } else if (!isAway) report(error, ABOUT);
    isAway = error !== null;
  };
}
