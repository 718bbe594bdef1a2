/** Who listens to what. A topic that nobody listens to costs nothing here. */
import type { ClientKey, CommittedEvent, EndedTopic, LoggedEvent } from '../log/event-log.ts';
import { clientText } from './client-text.ts';
import { eventText } from './frames.ts';
import type { Audience } from './writer.ts';

/** One connection's part in one topic, as the topic sees it. */
export interface Listener {
  readonly topic: string;
  readonly client: ClientKey;
  /** What was committed, in order. */
  offer(epoch: string, events: readonly Offered[]): void;
  /** All of the topic is forgotten; what is committed from now on is of another epoch. */
  topicEnded(): void;
}
export interface Offered {
  readonly event: LoggedEvent;
  /** Its frame, for a client that was given the event before it. */
  readonly text: string;
  /** Whether it is recorded that the client must acknowledge it, where it is critical. */
  isOwedBy(client: ClientKey): boolean;
}

/** Those of one topic that the log told of at once. */
interface Group {
  readonly epoch: string;
  readonly offered: Offered[];
}

interface Topic {
  readonly listeners: Set<Listener>;
  /** The newest offset that was offered to the listeners, since it ended last. */
  offered: number;
}

export class Topics implements Audience {
  readonly #topics = new Map<string, Topic>();

  join(listener: Listener): void {
    const topic = this.#topics.get(listener.topic) ?? { listeners: new Set(), offered: 0 };
    topic.listeners.add(listener);
    this.#topics.set(listener.topic, topic);
  }

  leave(listener: Listener): void {
    const topic = this.#topics.get(listener.topic);
    topic?.listeners.delete(listener);
    if (topic?.listeners.size === 0) this.#topics.delete(listener.topic);
  }

  /** The newest offset that went to the topic's listeners since the first of them joined, and since it ended; 0 where none did. */
  offered(topic: string): number {
    return this.#topics.get(topic)?.offered ?? 0;
  }

  counts(): { topics: number; subscriptions: number } {
    let subscriptions = 0;
    for (const { listeners } of this.#topics.values()) subscriptions += listeners.size;
    return { topics: this.#topics.size, subscriptions };
  }

  clientsOf(topic: string): readonly ClientKey[] {
    return Array.from(this.#topics.get(topic)?.listeners ?? [], ({ client }) => client);
  }

  ended(topics: readonly EndedTopic[]): void {
    for (const { topic: name } of topics) {
      const topic = this.#topics.get(name);
      if (!topic) continue;
      topic.offered = 0;
      for (const listener of [...topic.listeners]) listener.topicEnded();
    }
  }

  committed(events: readonly CommittedEvent[]): void {
    const byTopic = new Map<string, Group>();
    for (const { topic, epoch, event, owedBy } of events) {
      if (!this.#topics.has(topic)) continue;
      const group: Group = byTopic.get(topic) ?? { epoch, offered: [] };
      byTopic.set(topic, group);
      const text = eventText(topic, event, event.prev);
      group.offered.push({ event, text, isOwedBy: event.critical ? among(owedBy) : () => false });
    }
    for (const [name, { epoch, offered }] of byTopic) {
      const topic = this.#topics.get(name);
      if (!topic) continue;
      topic.offered = offered.at(-1)?.event.offset ?? topic.offered;
      for (const listener of [...topic.listeners]) listener.offer(epoch, offered);
    }
  }
}

function among(clients: readonly ClientKey[]): (client: ClientKey) => boolean {
  const keys = new Set(clients.map(clientText));
  return (client) => keys.has(clientText(client));
}
