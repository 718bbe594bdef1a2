/** What a topic's listeners and subscribers are given of its events. */
import type { Consumer, Item } from './consumer.ts';
import { attempt } from './errors.ts';
import type { Feed } from './feed.ts';
import { until } from './readable.ts';
import type { ListenOptions } from './types.ts';

function consume(
  feed: Feed,
  signal: AbortSignal | undefined,
  handler: Omit<Consumer, 'ticket' | 'seen'>,
): () => void {
  const consumer: Consumer = { ...handler, ticket: null, seen: 0 };
  return until(signal, () => {
    feed.join(consumer);
    return () => feed.leave(consumer);
  });
}

export function listen(
  feed: Feed,
  types: readonly string[],
  listener: (event: Item['event'], meta: Item['meta']) => unknown,
  { signal, replay }: ListenOptions = {},
): () => void {
  return consume(feed, signal, {
    state: replay === 'state' ? 'once' : 'ignore',
    isHandler: true,
    wants: ({ event, meta }) => types.includes(event.type) && !(replay === 'none' && meta.replayed),
    give(items, done, isJoined) {
      for (const item of items) {
        if (!isJoined()) done(item, false);
        else
          attempt(
            () => listener(item.event, item.meta),
            feed.report,
            (ok) => done(item, ok),
          );
      }
    },
  });
}

export interface AnySubscriber {
  snapshot?(events: readonly Item[], missed: readonly Item[]): void;
  events?(batch: readonly Item[]): unknown;
}

export function subscribe(
  feed: Feed,
  subscriber: AnySubscriber,
  { signal }: { signal?: AbortSignal } = {},
): () => void {
  return consume(feed, signal, {
    state: subscriber.snapshot ? 'begin' : 'ignore',
    isHandler: Boolean(subscriber.events),
    wants: () => true,
    begin: (events, missed) => attempt(() => subscriber.snapshot?.(events, missed), feed.report),
    give: (items, done) =>
      attempt(
        () => subscriber.events?.(items),
        feed.report,
        (ok) => {
          for (const item of items) done(item, ok);
        },
      ),
  });
}
