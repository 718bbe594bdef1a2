/** Which components share one `latest` of a topic. */
import type { AnyProtocol, Client, EventOf, EventType, Latest, Readable } from '../index.ts';

interface Shared<E> {
  readonly latest: Latest<E>;
  users: number;
}

/**
 * One `latest` for all components of a client that look at the same topic and types, so that a thousand of them, each
 * with a key of its own, cost one map and not a thousand.
 */
export class SharedLatest<P extends AnyProtocol> {
  readonly #clients = new WeakMap<Client<P>, Map<string, Shared<EventOf<P>>>>();

  /** With a key its newest event, without one the map of all. */
  get<T extends EventType<P>>(
    client: Client<P>,
    topic: string,
    type: T | readonly T[],
    key?: string,
  ): Readable<EventOf<P, T> | ReadonlyMap<string, EventOf<P, T>> | undefined> {
    const latest = this.#of(client, topic, type);
    return key === undefined ? latest : latest.at(key);
  }

  #of<T extends EventType<P>>(
    client: Client<P>,
    topic: string,
    type: T | readonly T[],
  ): Latest<EventOf<P, T>> {
    const name = JSON.stringify([topic, [type].flat()]);
    const known = this.#clients.get(client) ?? new Map<string, Shared<EventOf<P>>>();
    this.#clients.set(client, known);
    // What is stored under a name holds events of the types in that name.
    const existing = known.get(name) as Shared<EventOf<P, T>> | undefined;
    if (existing) return existing.latest;
    const { get, subscribe, at } = client.topic(topic).latest(type);
    const counted = <V>(source: (listener: (value: V) => void) => () => void) => {
      return (listener: (value: V) => void) => {
        shared.users++;
        known.set(name, shared);
        const end = source(listener);
        return () => {
          end();
          shared.users--;
          if (shared.users === 0) known.delete(name);
        };
      };
    };
    const shared: Shared<EventOf<P, T>> = {
      users: 0,
      latest: {
        get,
        subscribe: counted(subscribe),
        at: (key) => {
          const one = at(key);
          return { get: one.get, subscribe: counted(one.subscribe) };
        },
      },
    };
    known.set(name, shared);
    return shared.latest;
  }
}
