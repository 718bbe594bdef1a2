/** What pages are given of an event, if it keeps to its schema. */
import type { SnapshotItem } from '../../../src/protocol/frames/index.ts';
import { interpretEvent } from '../../../src/protocol/interpret.ts';
import { oddNumber } from '../../../src/protocol/odd-number.ts';
import type { TabItem } from '../../../src/protocol/port.ts';
import type { Context } from '../context.ts';

/**
 * `null` of one that does not: it is counted, and reported once per type; of one with a key once per topic as well, since a
 * state is shown there that is not the newest.
 */
export function readItem(
  context: Context,
  topic: string,
  item: SnapshotItem,
  replayed: boolean,
  ack: boolean,
): TabItem | null {
  const interpreted = interpretEvent(context.protocol, item.event);
  const odd = interpreted.ok ? oddNumber(`event ${item.event.type}`, item.event) : null;
  const isInfinite = odd && !Number.isFinite(odd.value);
  if (odd && !isInfinite)
    context.reportOnce(`number:${item.event.type}`, 'invalid_event', `${odd.message} (topic ${topic})`);
  if (interpreted.ok && !isInfinite) return tabItem(item, interpreted, replayed, ack);
  const { code, message } = interpreted.ok ? { code: 'invalid', message: odd?.message } : interpreted;
  const { key } = item;
  const { type } = item.event;
  if (code === 'unknown_type') context.counts.unknownEvents++;
  else context.counts.invalidEvents++;
  const stale = key == null ? '' : `, and what ${key} was before it, if anything, is shown until a newer one`;
  context.reportOnce(
    key == null ? `event:${type}` : `event:${type} in ${topic}`,
    'invalid_event',
    `${message} (topic ${topic}); such events are skipped${stale}`,
  );
  return null;
}

export function tabItem(
  item: SnapshotItem,
  { event, key, gone, critical }: Pick<TabItem, 'event' | 'key' | 'gone' | 'critical'>,
  replayed: boolean,
  ack: boolean,
): TabItem {
  return {
    offset: item.offset,
    ts: item.ts,
    key: item.key ?? key,
    gone: item.gone ?? gone,
    critical: ack || critical,
    replayed,
    event,
  };
}
