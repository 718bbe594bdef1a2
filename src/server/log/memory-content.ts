import { DUMP_FORMAT, type DumpHead, type DumpLine } from './dump.ts';
import type { ClientKey, CommandKey, CommandRecord, Principal, Run } from './event-log.ts';
import { HeldPublications } from './held-publications.ts';
import { MemoryTopic } from './memory-topic.ts';
import type { MemoryLimits } from './projection.ts';

export interface HeldCommand extends CommandKey {
  readonly record: CommandRecord;
  /** When it became what it is. */
  readonly at: number;
}

export interface Owner {
  readonly principal: Principal;
  /** When the client id was used last: the connection was admitted then. */
  readonly at: number;
  readonly term: number;
  readonly run: string;
  readonly position: number;
}

/** What a client must acknowledge in a topic, or has, by offset. */
export interface Deliveries {
  readonly client: ClientKey;
  readonly topic: string;
  readonly states: Map<number, 'owed' | 'acknowledged'>;
  /** All that it must acknowledge up to here is recorded; `undefined`: it never was. */
  upTo: number | undefined;
}

/** All that a projection in memory remembers, and how it becomes lines and is read from them. */
export class MemoryContent {
  position = 0;
  note = '';
  newestTime = 0;
  /** When the log was opened first; `null`: it never was. */
  startedAt: number | null = null;
  dedupeSince = 0;
  /** Of the topics without an event. */
  epoch = '';
  limits: MemoryLimits = { tailLimit: 0, historyEvents: 0, commandIds: 0, clientIds: 0 };
  readonly topics = new Map<string, MemoryTopic>();
  /** By `textOf` their keys. Those that were recorded last come last. */
  readonly commands = new Map<string, HeldCommand>();
  readonly publications = new HeldPublications();
  /** By client id. Those that were used last come last. */
  readonly owners = new Map<string, Owner>();
  /** By `textOf` client and topic. */
  readonly deliveries = new Map<string, Deliveries>();
  readonly runs = new Map<string, Run>();
  /** Whose events come next, of a dump that is read. */
  #restored: MemoryTopic | null = null;

  head(): DumpHead {
    const { position, note, newestTime, startedAt, dedupeSince, epoch } = this;
    const { tailLimit, historyEvents, commandIds, clientIds, topicAges } = this.limits;
    const limits = { tailLimit, historyEvents, commandIds, clientIds, ...(topicAges && { topicAges }) };
    const format = DUMP_FORMAT;
    return { line: 'head', format, position, note, newestTime, startedAt, dedupeSince, epoch, limits };
  }

  /** Field by field: objects that say the same may have theirs in another order. */
  *lines(): Generator<DumpLine> {
    for (const { id, began, told } of this.runs.values()) yield { line: 'run', id, began, told };
    for (const [name, topic] of this.topics) {
      yield {
        line: 'topic',
        name,
        epoch: topic.epoch,
        offset: topic.offset,
        ts: topic.ts,
        forgotten: topic.forgotten,
      };
      for (const { event: one, current } of topic.content()) {
        const { offset, prev, ts, key, gone, critical, event } = one;
        yield { line: 'event', offset, prev, ts, key, gone, critical, event, current };
      }
    }
    for (const [, { principal, id, at, record }] of inOrder(this.commands))
      yield { line: 'command', principal, id, at, record };
    for (const [key, { digest, at, places }] of inOrder(this.publications.entries()))
      yield {
        line: 'publication',
        key,
        digest,
        at,
        places: places.map(({ topic, epoch, offset }) => ({ topic, epoch, offset })),
      };
    for (const [clientId, { principal, at, term, run, position }] of inOrder(this.owners))
      yield { line: 'owner', principal, clientId, usedAt: at, term, run, position };
    for (const key of [...this.deliveries.keys()].sort()) {
      const deliveries = this.deliveries.get(key);
      if (!deliveries) continue;
      const [owed, acknowledged] = [offsetsOf(deliveries, 'owed'), offsetsOf(deliveries, 'acknowledged')];
      const { client, topic, upTo } = deliveries;
      const { principal, clientId } = client;
      yield { line: 'deliveries', principal, clientId, topic, owed, acknowledged, upTo };
    }
  }

  restoreHead({ line: _, format: __, ...head }: DumpHead): void {
    Object.assign(this, head);
  }

  /** One of `lines`, after those before it. */
  restore(line: DumpLine): void {
    switch (line.line) {
      case 'run':
        this.runs.set(line.id, { id: line.id, began: line.began, told: line.told });
        break;
      case 'topic': {
        const topic = new MemoryTopic(line.epoch, 0);
        topic.offset = line.offset;
        topic.ts = line.ts;
        topic.forgotten = line.forgotten;
        this.topics.set(line.name, topic);
        this.#restored = topic;
        break;
      }
      case 'event': {
        const { line: _, current, ...event } = line;
        if (!this.#restored) throw new Error('the dump has an event before any topic');
        this.#restored.restore(event, current);
        break;
      }
      case 'command': {
        const { line: _, ...command } = line;
        this.commands.set(textOf(command.principal, command.id), command);
        break;
      }
      case 'publication': {
        const { key, digest, at, places } = line;
        this.publications.record(key, { digest, at, places });
        break;
      }
      case 'owner': {
        const { line: _, clientId, usedAt: at, ...owner } = line;
        this.owners.set(clientId, { ...owner, at });
        break;
      }
      case 'deliveries': {
        const { principal, clientId, topic, owed, acknowledged, upTo } = line;
        const states: Deliveries['states'] = new Map();
        for (const offset of owed) states.set(offset, 'owed');
        for (const offset of acknowledged) states.set(offset, 'acknowledged');
        const client = { principal, clientId };
        this.deliveries.set(textOf(principal, clientId, topic), { client, topic, states, upTo });
        break;
      }
    }
  }
}

export function textOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

/** By offset. */
export function offsetsOf(deliveries: Deliveries | undefined, state: 'owed' | 'acknowledged'): number[] {
  return [...(deliveries?.states ?? [])]
    .filter(([, one]) => one === state)
    .map(([offset]) => offset)
    .sort((a, b) => a - b);
}

/** The keys of so many that go first, of a map whose oldest come first. */
export function oldest(map: ReadonlyMap<string, { readonly at: number }>, count: number): string[] {
  if (count <= 0) return [];
  const candidates: [string, { readonly at: number }][] = [];
  for (const entry of map) {
    // Those of the same time as the last one as well: which of them goes does not follow from the map.
    if (candidates.length >= count && entry[1].at !== candidates.at(-1)?.[1].at) break;
    candidates.push(entry);
  }
  return candidates
    .sort(byTime)
    .slice(0, count)
    .map(([key]) => key);
}

/** Of those whose oldest come first: only those of one time have to be sorted, so that none waits for all. */
function* inOrder<T extends { readonly at: number }>(entries: Iterable<[string, T]>): Generator<[string, T]> {
  let same: [string, T][] = [];
  for (const entry of entries) {
    if (same[0] && same[0][1].at !== entry[1].at) {
      yield* same.sort(byTime);
      same = [];
    }
    same.push(entry);
  }
  yield* same.sort(byTime);
}

function byTime(
  [a, { at: aAt }]: readonly [string, { readonly at: number }],
  [b, { at: bAt }]: readonly [string, { readonly at: number }],
): number {
  if (aAt !== bAt) return aAt - bAt;
  return a < b ? -1 : Number(a > b);
}
