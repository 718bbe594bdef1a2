/** What of a topic was missed by whoever had left it at some place, also where a restored server tells another history. */
import type { Position, TabItem } from '../../../src/protocol/port.ts';
import type { Snapshot, TimedPlace } from './journal.ts';

type Place = Omit<Position, 'epoch'>;

/**
 * Whether an event came after whoever stands at a place of its epoch had left. Times never decrease: what is later came after,
 * also where a server that was restored from a backup gave it an offset that had been another's. (A time of 0 is not known.)
 */
export function isMissed({ offset, ts }: TimedPlace, place: Place): boolean {
  return offset > place.offset || ts > (place.ts || ts);
}

/**
 * Whether a state has all without a key that came after a place of its epoch.
 * @param events by offset
 * @param completeSince they have all without a key that came after this place
 */
export function reachesBack(events: readonly TabItem[], completeSince: TimedPlace, place: Place): boolean {
  if (isMissed(completeSince, place)) return false;
  let since = 0;
  for (const item of events) {
    if (item.offset > place.offset) break;
    // Where the server was restored to is not known, but for what is of either history.
    if (isMissed(item, place)) return since >= completeSince.offset;
    since = item.offset;
  }
  return true;
}

/** What of a snapshot was missed since a position of its epoch, with `others`; by offset. */
export function missedSince(
  position: Position | null,
  { epoch, events }: Snapshot,
  others: readonly TabItem[] = [],
): readonly TabItem[] {
  const beyond = position?.epoch === epoch ? events.filter((item) => isMissed(item, position)) : [];
  const byOffset = new Map([...others, ...beyond].map((item) => [item.offset, item]));
  return [...byOffset.values()].sort((a, b) => a.offset - b.offset);
}

/** Whether nothing without a key is missing between the place where a tab stood and what it is given. */
export function hasAllSince(
  { epoch, events, completeSince, asked }: Snapshot,
  position: Position | null,
): boolean {
  if (!position || (position.epoch === epoch && reachesBack(events, completeSince, position))) return true;
  // What the server did not have of that, it has told.
  return position.epoch === asked?.epoch && position.offset >= asked.offset;
}
