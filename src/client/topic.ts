/** What the application gets of a topic, over one feed. */
import type { Typed } from '../protocol/interpret.ts';
import type { Meta } from '../protocol/model.ts';
import type { Report } from './errors.ts';
import { Feed } from './feed.ts';
import type { Frame } from './frame.ts';
import { latest } from './latest.ts';
import type { Link } from './link.ts';
import { type AnySubscriber, listen, subscribe } from './listen.ts';
import type { ListenOptions } from './types.ts';
import { view } from './view.ts';

export function createTopic(name: string, link: Link, frame: Frame, report: Report) {
  const feed = new Feed(name, link, frame, report);
  const topic = {
    name,
    status: feed.status,
    on: (
      type: string | readonly string[],
      listener: (event: Typed, meta: Meta) => unknown,
      options?: ListenOptions,
    ) => listen(feed, [type].flat(), listener, options),
    subscribe: (subscriber: AnySubscriber, options?: { signal?: AbortSignal }) =>
      subscribe(feed, subscriber, options),
    view: <S>(initial: S, reduce: (state: S, event: Typed, meta: Meta) => S) => view(feed, initial, reduce),
    forget: () => link.call((hub) => hub.forget(name)).then(() => {}),
    latest: (type: string | readonly string[]) => latest(feed, [type].flat()),
  };
  return { feed, topic };
}
