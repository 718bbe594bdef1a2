import { isDeepStrictEqual } from 'node:util';
import type { CommittedEvent, Happening, LoggedEvent } from '../../../src/server/log/event-log.ts';
import type { ClusterClient, Sent } from './clients.ts';
import type { Decision, protocol } from './protocol.ts';

type Logged = Decision & { readonly type: keyof typeof protocol.events };

/** All that was ever committed, in the order of the log, as somebody hears of it who does nothing else. */
export class Witness {
  readonly #events: CommittedEvent[] = [];

  readonly hear = (happenings: readonly Happening[]): void => {
    for (const happening of happenings)
      if (happening.kind === 'committed') this.#events.push(...happening.events);
  };

  get accepted(): number {
    return this.#logged().filter(({ type }) => type === 'ran').length;
  }

  /** What is wrong with what the clients sent, heard and show. */
  problems(clients: readonly ClusterClient[]): string[] {
    const logged = this.#logged();
    return [
      ...acceptedOnce(
        clients.flatMap(({ sent }) => sent),
        logged,
      ),
      ...inOrder(logged),
      ...heardAsLogged(clients, logged),
      ...heardAll(clients, logged),
      ...showsAsLogged(clients, logged),
      ...clients.flatMap(({ number, refusals, errors }) =>
        [...refusals, ...errors].map((text) => `client ${number}: ${text}`),
      ),
    ];
  }

  #logged(): (Logged & { readonly topic: string; readonly offset: number })[] {
    return this.#events.map(({ topic, event }) => ({
      ...(JSON.parse(event.event) as Logged),
      topic,
      offset: event.offset,
    }));
  }
}

type InLog = Logged & { readonly topic: string; readonly offset: number };

function nameOf({ client, n }: Decision): string {
  return `decision ${n} of client ${client}`;
}

/** The decisions that clients were told are accepted, and of which these events of the log tell nothing. */
export function lost(clients: readonly ClusterClient[], logged: readonly LoggedEvent[]): readonly number[] {
  const ran = new Set(logged.map(({ event }) => (JSON.parse(event) as Logged).n));
  return clients.flatMap(({ accepted }) => [...accepted].filter((n) => !ran.has(n)));
}

function acceptedOnce(sent: readonly Sent[], logged: readonly InLog[]): string[] {
  const counts = new Map<string, number>();
  for (const one of logged)
    if (one.type === 'ran') counts.set(nameOf(one), (counts.get(nameOf(one)) ?? 0) + 1);
  return sent.flatMap((one) => {
    const count = counts.get(nameOf(one)) ?? 0;
    if (count === 1 || (count === 0 && !one.isTaken)) return [];
    return [`${nameOf(one)} was accepted ${count} times`];
  });
}

function inOrder(logged: readonly InLog[]): string[] {
  const newest = new Map<string, number>();
  return logged.flatMap((one) => {
    if (one.type !== 'ran') return [];
    const lane = `${one.client} ${one.topic}`;
    const before = newest.get(lane) ?? -1;
    newest.set(lane, one.n);
    return one.n > before ? [] : [`${nameOf(one)} was accepted after decision ${before}`];
  });
}

/** Each page: no event that is not in the log, none twice, in its order but for critical ones; and no critical one untaken. */
function heardAsLogged(clients: readonly ClusterClient[], logged: readonly InLog[]): string[] {
  const byPlace = new Map(logged.map((one) => [`${one.topic} ${one.offset}`, one]));
  return clients.flatMap(({ number, heard }) =>
    heard.flatMap((page) => {
      const seen = new Set<string>();
      const newest = new Map<string, number>();
      return page.flatMap(({ topic, offset, type, client, n }) => {
        const place = `${topic} ${offset}`;
        const expected = byPlace.get(place);
        const about = `client ${number} heard ${type} ${n} of client ${client} at ${place}`;
        const problems: string[] = [];
        if (!isDeepStrictEqual(expected, { type, client, n, topic, offset }))
          problems.push(`${about}, where the log has ${JSON.stringify(expected)}`);
        if (seen.has(place)) problems.push(`${about} twice`);
        seen.add(place);
        if (type === 'alarm') return problems;
        if (offset < (newest.get(topic) ?? 0)) problems.push(`${about} after ${newest.get(topic)}`);
        newest.set(topic, offset);
        return problems;
      });
    }),
  );
}

/** A page that began to hear of a topic has heard of all that the topic had from then on. */
function heardAll(clients: readonly ClusterClient[], logged: readonly InLog[]): string[] {
  return clients.flatMap(({ number, topics, heard }) =>
    topics.flatMap((topic) => {
      const page = (heard.at(-1) ?? []).filter((one) => one.topic === topic && one.type === 'ran');
      const [first] = page;
      if (!first) return [];
      const expected = logged.filter(
        (one) => one.topic === topic && one.type === 'ran' && one.offset >= first.offset,
      );
      const missing = expected.length - page.length;
      return missing === 0 ? [] : [`client ${number} has not heard of ${missing} events of ${topic}`];
    }),
  );
}

function showsAsLogged(clients: readonly ClusterClient[], logged: readonly InLog[]): string[] {
  const states = new Map<string, Record<string, number>>();
  for (const { type, topic, client, n } of logged) {
    if (type !== 'newest') continue;
    states.set(topic, { ...states.get(topic), [client]: n });
  }
  return clients.flatMap((client) =>
    client.topics.flatMap((topic) =>
      isDeepStrictEqual(client.state(topic), states.get(topic) ?? {})
        ? []
        : [
            `client ${client.number} shows ${JSON.stringify(client.state(topic))} of ${topic}, and the log has ${JSON.stringify(states.get(topic) ?? {})}`,
          ],
    ),
  );
}

/** What the servers' dumps say that some client still has to take. */
export function untaken(dump: readonly string[]): string[] {
  return dump.flatMap((text) => {
    const line = JSON.parse(text) as { line: string; owed?: unknown[]; principal?: string; topic?: string };
    return line.line === 'deliveries' && line.owed && line.owed.length > 0
      ? [`${line.principal} has not taken ${line.owed.length} critical events of ${line.topic}`]
      : [];
  });
}
