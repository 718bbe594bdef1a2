/** How Chromium is made to begin a new log for this origin. */
/** No `scopeName` has this shape. */
const NAME = 'trunkline:scratch';

/**
 * Lets the browser begin its log of this origin anew, some time soon, by making and deleting an empty database.
 *
 * Chromium reads a log in which a kill has cut the last write, and goes on behind the cut; at the start after that it
 * takes the whole for corrupt, and deletes all of the origin's databases. The log before a deletion is never read again.
 * Elsewhere it changes nothing. Nobody waits for it; what a death leaves of it is empty, and goes with the next one.
 */
export function beginLogAnew(): void {
  const opening = indexedDB.open(NAME);
  opening.onsuccess = () => {
    opening.result.close();
    indexedDB.deleteDatabase(NAME);
  };
}
