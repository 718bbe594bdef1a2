/** How a topic's events are folded into one value. */
import { type Consumer, type Item, union } from './consumer.ts';
import { attempt } from './errors.ts';
import type { Feed } from './feed.ts';
import { cell } from './readable.ts';
import type { Readable } from './types.ts';

/** So that moving between pages does not fold everything again. */
const LINGER_MS = 5_000;

/**
 * A topic folded into one value while somebody listens. It begins again at each snapshot; the old value stays until then.
 * `begun` may carry over what a snapshot did not change.
 */
export function fold<S>(
  feed: Feed,
  initial: S,
  apply: (state: S, items: readonly Item[]) => S,
  begun: (old: S, fresh: S) => S = (_, fresh) => fresh,
): Readable<S> {
  let stay = () => {};
  const state = cell(initial, feed.report, (isUsed) => {
    stay();
    if (isUsed) feed.join(consumer);
    else stay = feed.setTimer(LINGER_MS, () => feed.leave(consumer));
  });
  let next = initial;
  let { voids } = feed;
  /** What had to go while nobody listened. */
  const renew = () => {
    if (voids === feed.voids) return;
    voids = feed.voids;
    next = initial;
    state.set(initial);
  };
  const show = () => state.set(next);
  const put = (value: S) => {
    next = value;
    feed.frame.show('state', show);
  };
  const consumer: Consumer = {
    state: 'begin',
    ticket: null,
    seen: 0,
    isHandler: false,
    wants: () => true,
    begin: (events, missed) => {
      voids = feed.voids;
      put(begun(next, apply(initial, union(events, missed))));
    },
    give: (items) => put(apply(next, items)),
  };
  return {
    get() {
      renew();
      return state.get();
    },
    subscribe(listener) {
      renew();
      return state.subscribe(listener);
    },
  };
}

/** An event on which the reducer throws is skipped. */
export function view<S>(
  feed: Feed,
  initial: S,
  reduce: (state: S, event: Item['event'], meta: Item['meta']) => S,
): Readable<S> {
  return fold(feed, initial, (state, items) => {
    let next = state;
    for (const { event, meta } of items) {
      attempt(() => {
        next = reduce(next, event, meta);
      }, feed.report);
    }
    return next;
  });
}
