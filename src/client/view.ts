import { type Consumer, type Item, union } from './consumer.ts';
import { attempt, type Report } from './errors.ts';
import { cell } from './readable.ts';
import type { TopicClient } from './topic.ts';
import type { Readable } from './types.ts';

/** So that moving between pages does not fold everything again. */
const LINGER_MS = 5_000;

/**
 * A topic folded into one value while somebody listens. It begins again at each snapshot; the old value stays until then.
 * `begun` may carry over what a snapshot did not change.
 */
export function fold<S>(
  topic: TopicClient,
  report: Report,
  initial: S,
  apply: (state: S, items: readonly Item[]) => S,
  begun: (old: S, fresh: S) => S = (_, fresh) => fresh,
): Readable<S> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const state = cell(initial, report, (isUsed) => {
    clearTimeout(timer);
    if (isUsed) topic.join(consumer);
    else timer = setTimeout(() => topic.leave(consumer), LINGER_MS);
  });
  const consumer: Consumer = {
    state: 'begin',
    ticket: null,
    seen: 0,
    isHandler: false,
    wants: () => true,
    begin: (events, missed) => state.set(begun(state.get(), apply(initial, union(events, missed)))),
    give: (items) => state.set(apply(state.get(), items)),
  };
  return state;
}

export type Reducer<S> = (state: S, event: Item['event'], meta: Item['meta']) => S;

/** An event on which the reducer throws is skipped. */
export function view<S>(topic: TopicClient, report: Report, initial: S, reduce: Reducer<S>): Readable<S> {
  return fold(topic, report, initial, (state, items) => {
    let next = state;
    for (const { event, meta } of items) {
      attempt(() => {
        next = reduce(next, event, meta);
      }, report);
    }
    return next;
  });
}
