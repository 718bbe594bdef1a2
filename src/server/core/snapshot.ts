/** The frames of a snapshot, made one by one as they are asked for. */
import type { LoggedEvent } from '../log/event-log.ts';
import { byteLength } from './bytes.ts';
import { itemText } from './frames.ts';

export interface Snapshot {
  readonly topic: string;
  readonly ref: number;
  readonly epoch: string;
  readonly offset: number;
  readonly ts: number;
  readonly events: readonly LoggedEvent[];
  readonly missed: readonly LoggedEvent[] | null;
  /** `missed` is not all that was missed. */
  readonly truncated: boolean;
}

interface PartLimits {
  /** How large the next part should be. One item is in it, however large. */
  bytes(): number;
  /** No frame may be larger: what does not fit is left out. */
  readonly maxBytes: number;
}

export function* snapshotTexts(
  snapshot: Snapshot,
  limits: PartLimits,
  tooLarge: (event: LoggedEvent) => void,
): Generator<string, void, undefined> {
  const empty = emptyPartBytes(snapshot);
  const items = fittingItems(snapshot, limits.maxBytes - empty, tooLarge);
  let next = items.next();
  let part = 0;
  do {
    const lists = { events: [] as string[], missed: [] as string[] };
    let left = Math.min(limits.bytes(), limits.maxBytes) - empty;
    for (let isFirst = true; !next.done && (isFirst || next.value.bytes <= left); isFirst = false) {
      lists[next.value.list].push(next.value.text);
      left -= next.value.bytes;
      next = items.next();
    }
    yield partText(snapshot, part, next.done === true, lists);
    part += 1;
  } while (!next.done);
}

interface Item {
  readonly list: 'events' | 'missed';
  readonly text: string;
  /** With its comma. */
  readonly bytes: number;
}

function* fittingItems(
  snapshot: Snapshot,
  room: number,
  tooLarge: (event: LoggedEvent) => void,
): Generator<Item, void, undefined> {
  for (const list of ['events', 'missed'] as const) {
    for (const event of snapshot[list] ?? []) {
      const text = itemText(event);
      const bytes = byteLength(text) + 1;
      if (bytes <= room) yield { list, text, bytes };
      else tooLarge(event);
    }
  }
}

function partText(
  { topic, ref, epoch, offset, ts, missed, truncated }: Snapshot,
  part: number,
  last: boolean,
  lists: { events: string[]; missed: string[] },
): string {
  const head = JSON.stringify({ type: 'snapshot', topic, ref, epoch, offset, ts, part, last }).slice(0, -1);
  const missedList = missed === null ? '' : `,"missed":[${lists.missed.join(',')}]`;
  return `${head},"events":[${lists.events.join(',')}]${missedList}${truncated ? ',"truncated":true' : ''}}`;
}

function emptyPartBytes(snapshot: Snapshot): number {
  return byteLength(partText(snapshot, 999_999_999, false, { events: [], missed: [] }));
}
