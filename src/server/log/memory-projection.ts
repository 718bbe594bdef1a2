import { dumpText, readDump } from './dump.ts';
import {
  type Admission,
  type Admitted,
  type ClientKey,
  type CommandKey,
  type CommandRecord,
  type Committed,
  type CommittedEvent,
  type EndedTopic,
  type From,
  type History,
  type JsonText,
  KEEP_MS,
  type LoggedEvent,
  type Run,
  type Take,
  type TopicState,
  type Transaction,
} from './event-log.ts';
import { areMet } from './expectations.ts';
import { type Deliveries, MemoryContent, offsetsOf, oldest, textOf } from './memory-content.ts';
import { MemoryTopic } from './memory-topic.ts';
import {
  ENDED_KEEP_MS,
  type Entry,
  type EntryKind,
  type Outcome,
  type Outcomes,
  OWNER_KEEP_MS,
  type Projection,
  type Rules,
  TERM_KEEP_MS,
} from './projection.ts';
import { placesOf, repeatOf } from './publications.ts';
import { ageOf } from './topic-ages.ts';

const FORGET_BEYOND = 1.01;

/** A `Projection` that lives as long as its process. */
export class MemoryProjection implements Projection {
  #held = new MemoryContent();

  readonly #rules: Rules = {
    open: ({ now: told, limits, run, epoch }) => {
      const held = this.#held;
      const { newestTime } = held;
      const now = this.#time(told);
      held.limits = limits;
      if (held.startedAt === null) {
        held.startedAt = now;
        held.dedupeSince = now;
        held.epoch = epoch;
      }
      held.runs.set(run, { id: run, began: now, told: now });
      return { newestTime, run };
    },
    tell: ({ now: told, run, counted }) => {
      this.#tell(run, this.#time(Math.max(told, counted)));
      return null;
    },
    commit: ({ now: told, transactions }) => {
      const now = this.#time(told);
      return transactions.map((transaction) => this.#commit(transaction, now));
    },
    renew: ({ now: told, epoch }) => {
      const held = this.#held;
      const now = this.#time(told);
      held.epoch = epoch;
      for (const topic of held.topics.values()) topic.epoch = epoch;
      held.dedupeSince = Math.max(held.dedupeSince, now);
      return null;
    },
    begin: ({ now: told, commands }) => {
      const now = this.#time(told);
      return commands.map(
        (command) => this.recall(command) ?? this.#record(command, { status: 'begun' }, now),
      );
    },
    cancel: ({ now: told, command }) => {
      const now = this.#time(told);
      const record = this.recall(command);
      if (record && record.status !== 'begun') return record;
      return this.#record(command, { status: 'cancelled', begun: record !== null }, now);
    },
    admit: ({ now: told, admissions, counted }, position) => {
      const now = this.#time(Math.max(told, counted));
      for (const { run } of admissions) this.#tell(run, now);
      return admissions.map((admission) => this.#admit(admission, now, position));
    },
    owe: ({ now: told, client, topic: name, epoch, offsets, upTo = 0 }) => {
      const now = this.#time(told);
      const topic = this.#held.topics.get(name);
      if (!topic || (epoch ?? topic.epoch) !== topic.epoch) return null;
      for (const offset of offsets) {
        const event = topic.at(offset);
        if (event?.critical && event.ts > now - KEEP_MS) this.#deliver(client, name, event);
      }
      const deliveries = this.#deliveriesOf(client, name);
      const recorded = Math.min(upTo, topic.offset);
      if (deliveries && recorded > 0) deliveries.upTo = Math.max(deliveries.upTo ?? 0, recorded);
      return null;
    },
    acknowledge: ({ client, topic: name, epoch, offsets }) => {
      if (this.#held.topics.get(name)?.epoch !== epoch) return null;
      const states = this.#deliveriesOf(client, name)?.states;
      for (const offset of offsets) if (states?.has(offset)) states.set(offset, 'acknowledged');
      return null;
    },
    disconnect: () => null,
    recheck: () => null,
    endTopic: ({ now: told, topic, epoch }) => this.#end([topic], epoch, this.#time(told)),
    prune: ({ now: told, epoch }) => {
      const now = this.#time(told);
      const held = this.#held;
      const { limits, commands, publications, runs, owners, topics, deliveries } = held;
      const before = now - KEEP_MS;
      for (const [key, { at }] of commands) {
        if (at >= before) break;
        this.#forgetCommand(key);
      }
      publications.prune(now);
      for (const { id, told: last } of runs.values()) if (last < before) runs.delete(id);
      for (const [id, { at }] of owners) {
        if (at >= now - OWNER_KEEP_MS) break;
        owners.delete(id);
      }
      const ended = this.#end(this.#aged(now), epoch, now);
      for (const [name, topic] of topics) {
        topic.prune(limits, before);
        if (topic.offset > 0 || topic.forgotten.ts >= now - ENDED_KEEP_MS) continue;
        topics.delete(name);
        held.epoch = epoch;
      }
      for (const [key, { topic, states }] of deliveries) {
        for (const offset of states.keys()) {
          const event = topics.get(topic)?.at(offset);
          if (!event || event.ts < before) states.delete(offset);
        }
        if (states.size === 0) deliveries.delete(key);
      }
      return ended;
    },
  };

  get position(): number {
    return this.#held.position;
  }

  get note(): string {
    return this.#held.note;
  }

  apply<K extends EntryKind>(position: number, entry: Entry<K>): Outcomes[K] {
    this.#mustBeNext(position);
    const outcome = this.#rules[entry.kind](entry.content, position);
    this.#held.position = position;
    return outcome;
  }

  applyAll(
    position: number,
    entries: readonly Entry[],
    noteOf: (outcomes: readonly Outcome[]) => string,
  ): readonly Outcome[] {
    this.#mustBeNext(position);
    const outcomes = entries.map((entry) => this.#outcome(entry, position));
    this.#held.note = noteOf(outcomes);
    this.#held.position = position;
    return outcomes;
  }

  #outcome<K extends EntryKind>({ kind, content }: Entry<K>, position: number): Outcomes[K] {
    return this.#rules[kind](content, position);
  }

  #mustBeNext(position: number): void {
    if (position > this.#held.position) return;
    throw new Error(`the entry at ${position} was applied before: ${this.#held.position} was the last one`);
  }

  read(name: string, from: From, take: Take): History {
    const topic = this.#topic(name);
    return { epoch: topic.epoch, offset: topic.offset, ...topic.read(from, take) };
  }

  state(name: string): TopicState {
    const topic = this.#topic(name);
    const events = topic.state(this.#held.limits.tailLimit);
    return { epoch: topic.epoch, offset: topic.offset, ts: topic.ts, events };
  }

  latest(name: string, key: string): LoggedEvent | null {
    return this.#topic(name).latest(key);
  }

  recall({ principal, id }: CommandKey): CommandRecord | null {
    return this.#held.commands.get(textOf(principal, id))?.record ?? null;
  }

  runs(): readonly Run[] {
    return [...this.#held.runs.values()];
  }

  dedupeSince(): number {
    return this.#held.dedupeSince;
  }

  unrecorded(
    client: ClientKey,
    name: string,
    given: readonly number[],
    from: From | null,
  ): readonly LoggedEvent[] {
    const { topics, newestTime } = this.#held;
    const { states, upTo } = this.#deliveriesOf(client, name) ?? {};
    const isGiven = new Set(given);
    const isBeyond = ({ offset, ts }: LoggedEvent) => {
      if (upTo !== undefined) return offset > upTo;
      return from !== null && ('after' in from ? offset > from.after : ts >= from.since);
    };
    return (topics.get(name)?.criticals ?? []).filter(
      (event) =>
        event.ts > newestTime - KEEP_MS &&
        !states?.has(event.offset) &&
        (isGiven.has(event.offset) || isBeyond(event)),
    );
  }

  owed(client: ClientKey, name: string): readonly LoggedEvent[] {
    const topic = this.#held.topics.get(name);
    return offsetsOf(this.#deliveriesOf(client, name), 'owed').flatMap((offset) => topic?.at(offset) ?? []);
  }

  publicationNames(): number {
    return this.#held.publications.size;
  }

  remembersPublication(key: string): boolean {
    return this.#held.publications.has(key);
  }

  dump(): Iterable<JsonText> {
    return dumpText(this.#held.head(), this.#held.lines());
  }

  *load(dump: Iterable<JsonText>): Generator<void> {
    const held = new MemoryContent();
    yield* readDump(dump, { head: (head) => held.restoreHead(head), line: (line) => held.restore(line) });
    this.#held = held;
  }

  /** Of an entry: it never runs back. */
  #time(now: number): number {
    this.#held.newestTime = Math.max(this.#held.newestTime, now);
    return this.#held.newestTime;
  }

  #tell(run: string, now: number): void {
    const known = this.#held.runs.get(run);
    if (known) this.#held.runs.set(run, { ...known, told: now });
  }

  #admit({ client, term, run, seen }: Admission, now: number, position: number): Admitted {
    const { principal, clientId } = client;
    const { owners, limits } = this.#held;
    const known = owners.get(clientId);
    if (known && known.principal !== principal) return { status: 'foreign' };
    if (known && term < known.term && now - known.at < TERM_KEEP_MS) return { status: 'superseded' };
    if (known && term === known.term && run !== known.run && known.position > seen)
      return { status: 'overtaken' };
    // Set anew, so that those which were used last come last.
    owners.delete(clientId);
    owners.set(clientId, { principal, at: now, term, run, position });
    for (const id of oldest(owners, owners.size - limits.clientIds)) owners.delete(id);
    return { status: 'admitted', time: now, position };
  }

  #commit({ events, command, expects = [], publication }: Transaction, now: number): Committed {
    const { publications } = this.#held;
    const repeat = publication && repeatOf(publication, publications.find(publication.key), now);
    if (repeat) return repeat;
    if (command) {
      const record = this.recall(command);
      if (record?.status === 'accepted') return { status: 'duplicate', result: record.result };
      if (record?.status === 'cancelled') return record;
      const owner = this.#held.owners.get(command.clientId);
      if (owner && owner.run !== command.run) return { status: 'superseded' };
    }
    if (!areMet(expects, this)) return { status: 'unexpected' };
    if (command) this.#record(command, { status: 'accepted', result: command.result }, now);
    const { topics, limits } = this.#held;
    const committed = events.map(({ topic: name, owedBy, ...content }): CommittedEvent => {
      const topic = this.#topic(name);
      topics.set(name, topic);
      const event = topic.append(content, now);
      if (event.critical) for (const client of owedBy) this.#deliver(client, name, event);
      topic.cutIfLong(limits, now - KEEP_MS);
      return { topic: name, epoch: topic.epoch, event, owedBy: event.critical ? owedBy : [] };
    });
    if (publication) {
      const { key, digest } = publication;
      publications.record(key, { digest, at: now, places: placesOf(committed) });
    }
    return { status: 'committed', events: committed };
  }

  /** Those that end by themselves now. */
  #aged(now: number): string[] {
    const { topics, limits } = this.#held;
    const isAged = ([name, topic]: [string, MemoryTopic]) =>
      topic.ts < now - ageOf(limits, name) && !topic.hasCriticalSince(now - KEEP_MS);
    return [...topics].filter(isAged).map(([name]) => name);
  }

  /** Of topics without events nothing ends. What is left of the others is their epoch, and when they ended. */
  #end(names: readonly string[], epoch: string, now: number): readonly EndedTopic[] {
    const { topics, deliveries } = this.#held;
    const ended = new Set(names.filter((name) => (topics.get(name)?.offset ?? 0) > 0));
    for (const name of ended) topics.set(name, new MemoryTopic(epoch, now + 1));
    for (const [key, { topic }] of deliveries) if (ended.has(topic)) deliveries.delete(key);
    return Array.from(ended, (topic) => ({ topic, epoch }));
  }

  #topic(name: string): MemoryTopic {
    const { topics, epoch, startedAt } = this.#held;
    return topics.get(name) ?? new MemoryTopic(epoch, startedAt ?? 0);
  }

  #deliver(client: ClientKey, topic: string, { offset }: LoggedEvent): void {
    const { deliveries } = this.#held;
    const key = textOf(client.principal, client.clientId, topic);
    const known = deliveries.get(key) ?? { client, topic, states: new Map(), upTo: undefined };
    deliveries.set(key, known);
    if (!known.states.has(offset)) known.states.set(offset, 'owed');
  }

  #deliveriesOf({ principal, clientId }: ClientKey, topic: string): Deliveries | undefined {
    return this.#held.deliveries.get(textOf(principal, clientId, topic));
  }

  #record<R extends CommandRecord>({ principal, id }: CommandKey, record: R, now: number): R {
    const { commands, limits } = this.#held;
    const key = textOf(principal, id);
    commands.delete(key);
    commands.set(key, { principal, id, record, at: now });
    // A hundredth at once: whoever was told how far the memory reaches has to be told anew.
    if (commands.size > limits.commandIds * FORGET_BEYOND)
      for (const old of oldest(commands, commands.size - limits.commandIds)) this.#forgetCommand(old);
    return record;
  }

  #forgetCommand(key: string): void {
    const held = this.#held;
    const command = held.commands.get(key);
    if (!command) return;
    held.commands.delete(key);
    held.dedupeSince = Math.max(held.dedupeSince, command.at + 1);
  }
}
