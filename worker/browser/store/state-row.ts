/** What a row of a topic's state must look like to be used. */
import type { SavedRow } from '../../core/state-store.ts';

/** By hand: of 100,000 rows a schema takes longer to be sure than the disk to give them (0.1 to 0.5 s; this takes 10 ms). */
export function isRow(found: unknown): found is SavedRow {
  const { topic, slot, item, size } = Object(found);
  const { offset, ts, key, gone, event } = Object(item);
  return (
    typeof topic === 'string' &&
    (typeof slot === 'string' || Number.isFinite(slot)) &&
    Number.isFinite(size) &&
    size > 0 &&
    Number.isSafeInteger(offset) &&
    offset >= 0 &&
    Number.isFinite(ts) &&
    (key === undefined || typeof key === 'string') &&
    (gone === undefined || gone === true) &&
    typeof Object(event).type === 'string' &&
    !Array.isArray(event)
  );
}
