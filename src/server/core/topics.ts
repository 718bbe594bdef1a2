/** Who listens to what. A topic that nobody listens to costs nothing here. */
import type { ClientKey, Committed, EventLog, LoggedEvent, Transaction } from '../log/event-log.ts';
import { eventText } from './frames.ts';
import type { ServerTime } from './server-time.ts';
import type { ServerStats } from './stats.ts';
import type { Audience } from './writer.ts';

/** One connection's part in one topic, as the topic sees it. */
export interface Listener {
  readonly topic: string;
  readonly client: ClientKey;
  /** What was committed, in order. False where it takes nothing now: it will read it from the log. */
  offer(epoch: string, events: readonly Offered[]): boolean;
}
export interface Offered {
  readonly event: LoggedEvent;
  /** Its frame, for a client that was given the event before it. */
  readonly text: string;
}

/** The events of one call of the log, of one topic. */
interface Group {
  readonly epoch: string;
  readonly offered: Offered[];
  /** Of the critical ones: the clients that are known to owe an acknowledgement. */
  readonly owedBy: Map<LoggedEvent, Set<ClientKey>>;
}

interface Topic {
  readonly listeners: Set<Listener>;
  /** The newest offset that was offered to the listeners. */
  offered: number;
}

export class Topics implements Audience {
  readonly #log: EventLog;
  readonly #time: ServerTime;
  readonly #stats: ServerStats;
  readonly #report: (error: unknown, about: string) => void;
  readonly #topics = new Map<string, Topic>();

  constructor(
    log: EventLog,
    time: ServerTime,
    stats: ServerStats,
    report: (error: unknown, about: string) => void,
  ) {
    this.#log = log;
    this.#time = time;
    this.#stats = stats;
    this.#report = report;
  }

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

  /** The newest offset that went to the topic's listeners since the first of them joined; 0 where none did. */
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

  committed(results: readonly Committed[], transactions: readonly Transaction[]): void {
    const byTopic = new Map<string, Group>();
    for (const [index, result] of results.entries()) {
      if (result.status !== 'committed') continue;
      this.#stats.eventsPublished += result.events.length;
      for (const [position, { topic, epoch, event }] of result.events.entries()) {
        if (!this.#topics.has(topic)) continue;
        const group: Group = byTopic.get(topic) ?? { epoch, offered: [], owedBy: new Map() };
        byTopic.set(topic, group);
        group.offered.push({ event, text: eventText(topic, event, event.prev) });
        if (event.critical) {
          group.owedBy.set(event, new Set(transactions[index]?.events[position]?.owedBy));
        }
      }
    }
    for (const [name, { epoch, offered, owedBy }] of byTopic) {
      const topic = this.#topics.get(name);
      if (!topic) continue;
      topic.offered = offered.at(-1)?.event.offset ?? topic.offered;
      for (const listener of [...topic.listeners]) {
        if (listener.offer(epoch, offered)) this.#oweLate(listener, owedBy);
      }
    }
  }

  /** A client whose subscription went live while the log was writing is not yet among those who must acknowledge. */
  #oweLate({ client, topic }: Listener, owedBy: ReadonlyMap<LoggedEvent, ReadonlySet<ClientKey>>): void {
    const offsets = [...owedBy].filter(([, clients]) => !clients.has(client)).map(([event]) => event.offset);
    if (offsets.length === 0) return;
    this.#log
      .owe(client, topic, offsets, this.#time.now())
      .catch((error) => this.#report(error, `recording critical events of topic ${topic}`));
  }
}
