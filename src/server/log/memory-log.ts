/** What a server remembers as long as its process lives. */
import {
  type ClientKey,
  type CommandEnd,
  type CommandKey,
  type CommandRecord,
  type Committed,
  type EventLog,
  type From,
  type History,
  type JsonText,
  KEEP_MS,
  type LoggedEvent,
  type Opened,
  type OpenOptions,
  type Principal,
  type Run,
  type Take,
  type TopicState,
  type Transaction,
} from './event-log.ts';

export interface MemoryLogOptions {
  /** Events of each topic that can be replayed; the state by key is kept beyond it. @default 20_000 */
  readonly historyEvents?: number;
  /** Remembered command ids; beyond it the oldest are forgotten, and `dedupe_since` says so. @default 100_000 */
  readonly commandIds?: number;
  /** Names a new epoch, differently each time. @default crypto.randomUUID */
  readonly newEpoch?: () => string;
}

const FORGET_BEYOND = 1.01;

/** Client ids whose first principal is remembered. */
const OWNERS_LIMIT = 100_000;

/**
 * An `EventLog` in memory, for development, tests, and servers whose topics may begin anew: after a restart every topic
 * is in a new epoch, and commands that were in flight become `uncertain` in their outbox.
 */
export function memoryLog(options: MemoryLogOptions = {}): EventLog {
  return new MemoryLog(options);
}

class MemoryLog implements EventLog {
  readonly #historyEvents: number;
  readonly #commandIds: number;
  readonly #newEpoch: () => string;
  #epoch: string;
  readonly #topics = new Map<string, MemoryTopic>();
  /** Those that were recorded last come last. */
  readonly #commands = new Map<string, { readonly record: CommandRecord; readonly at: number }>();
  readonly #owners = new Map<string, Principal>();
  readonly #deliveries = new Map<string, Map<number, Delivery>>();
  #startedAt: number | null = null;
  #newestTime = 0;
  readonly #runs = new Map<string, Run>();
  #dedupeSince = 0;
  #tailLimit = 0;
  #closed = false;

  constructor({ historyEvents = 20_000, commandIds = 100_000, newEpoch }: MemoryLogOptions) {
    this.#historyEvents = historyEvents;
    this.#commandIds = commandIds;
    this.#newEpoch = newEpoch ?? (() => crypto.randomUUID());
    this.#epoch = this.#newEpoch();
  }

  async open({ now, tailLimit }: OpenOptions): Promise<Opened> {
    this.#closed = false;
    this.#tailLimit = tailLimit;
    const newestTime = this.#newestTime;
    const began = Math.max(now, newestTime);
    this.#newestTime = began;
    const run = this.#newEpoch();
    this.#runs.set(run, { id: run, began, told: began });
    if (this.#startedAt === null) {
      this.#startedAt = now;
      this.#dedupeSince = now;
    }
    return { newestTime, run };
  }

  async tell(run: string, time: number): Promise<void> {
    this.#checkOpen();
    this.#newestTime = Math.max(this.#newestTime, time);
    const known = this.#runs.get(run);
    if (known) this.#runs.set(run, { ...known, told: time });
  }

  async runs(): Promise<readonly Run[]> {
    this.#checkOpen();
    return [...this.#runs.values()];
  }

  async commit(transactions: readonly Transaction[], now: number): Promise<readonly Committed[]> {
    this.#checkOpen();
    this.#newestTime = Math.max(this.#newestTime, now);
    return transactions.map((transaction) => this.#apply(transaction, now));
  }

  #apply({ events, command }: Transaction, now: number): Committed {
    if (command) {
      const record = this.#commands.get(pair(command.principal, command.id))?.record;
      if (record?.status === 'accepted') return { status: 'duplicate', result: record.result };
      if (record?.status === 'cancelled') return record;
      this.#record(command, { status: 'accepted', result: command.result }, now);
    }
    return {
      status: 'committed',
      events: events.map(({ topic: name, owedBy, ...content }) => {
        const topic = this.#publishedTopic(name);
        const event = topic.append(content, now);
        if (event.critical) for (const client of owedBy) this.#deliver(client, name, event);
        return { topic: name, epoch: topic.epoch, event };
      }),
    };
  }

  async read(name: string, from: From, take: Take): Promise<History> {
    this.#checkOpen();
    const topic = this.#topic(name);
    return { epoch: topic.epoch, offset: topic.offset, ...topic.read(from, take) };
  }

  async state(name: string): Promise<TopicState> {
    this.#checkOpen();
    const topic = this.#topic(name);
    return { epoch: topic.epoch, offset: topic.offset, ts: topic.ts, events: topic.state() };
  }

  async renew(now: number): Promise<void> {
    this.#checkOpen();
    this.#epoch = this.#newEpoch();
    for (const topic of this.#topics.values()) topic.epoch = this.#epoch;
    this.#dedupeSince = Math.max(this.#dedupeSince, now);
  }

  async recall({ principal, id }: CommandKey): Promise<CommandRecord | null> {
    this.#checkOpen();
    return this.#commands.get(pair(principal, id))?.record ?? null;
  }

  async begin(commands: readonly CommandKey[], now: number): Promise<readonly CommandRecord[]> {
    this.#checkOpen();
    return commands.map((command) => {
      const record = this.#commands.get(pair(command.principal, command.id))?.record;
      return record ?? this.#record(command, { status: 'begun' }, now);
    });
  }

  async cancel(command: CommandKey, now: number): Promise<CommandEnd> {
    this.#checkOpen();
    const record = this.#commands.get(pair(command.principal, command.id))?.record;
    if (record && record.status !== 'begun') return record;
    return this.#record(command, { status: 'cancelled', begun: record !== undefined }, now);
  }

  async dedupeSince(): Promise<number> {
    this.#checkOpen();
    return this.#dedupeSince;
  }

  async claim({ principal, clientId }: ClientKey): Promise<Principal> {
    this.#checkOpen();
    const owner = this.#owners.get(clientId) ?? principal;
    // Set anew, so that the ones which are in use are forgotten last.
    this.#owners.delete(clientId);
    this.#owners.set(clientId, owner);
    const [oldest] = this.#owners.keys();
    if (this.#owners.size > OWNERS_LIMIT && oldest !== undefined) this.#owners.delete(oldest);
    return owner;
  }

  async owe(client: ClientKey, name: string, offsets: readonly number[], now: number): Promise<void> {
    this.#checkOpen();
    for (const event of this.#topic(name).pick(new Set(offsets))) {
      if (event.critical && event.ts > now - KEEP_MS) this.#deliver(client, name, event);
    }
  }

  async owed(client: ClientKey, topic: string): Promise<readonly LoggedEvent[]> {
    this.#checkOpen();
    return [...(this.#deliveries.get(deliveryKey(client, topic))?.values() ?? [])]
      .filter(({ acknowledged }) => !acknowledged)
      .map(({ event }) => event)
      .sort((a, b) => a.offset - b.offset);
  }

  async acknowledge(
    client: ClientKey,
    topic: string,
    epoch: string,
    offsets: readonly number[],
  ): Promise<void> {
    this.#checkOpen();
    if (this.#topic(topic).epoch !== epoch) return;
    const deliveries = this.#deliveries.get(deliveryKey(client, topic));
    for (const offset of offsets) {
      const delivery = deliveries?.get(offset);
      if (delivery) delivery.acknowledged = true;
    }
  }

  async prune(now: number): Promise<void> {
    this.#checkOpen();
    const before = now - KEEP_MS;
    for (const [key, { at }] of this.#commands) {
      if (at >= before) break;
      this.#forgetCommand(key, at);
    }
    for (const { id, told } of this.#runs.values()) if (told < before) this.#runs.delete(id);
    for (const [key, deliveries] of this.#deliveries) {
      for (const [offset, { event }] of deliveries) if (event.ts < before) deliveries.delete(offset);
      if (deliveries.size === 0) this.#deliveries.delete(key);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error('memoryLog: the log is closed');
  }

  #topic(name: string): MemoryTopic {
    return this.#topics.get(name) ?? this.#emptyTopic();
  }

  #publishedTopic(name: string): MemoryTopic {
    const topic = this.#topic(name);
    this.#topics.set(name, topic);
    return topic;
  }

  #emptyTopic(): MemoryTopic {
    return new MemoryTopic(this.#epoch, this.#startedAt ?? 0, this.#historyEvents, this.#tailLimit);
  }

  #deliver(client: ClientKey, topic: string, event: LoggedEvent): void {
    const key = deliveryKey(client, topic);
    const deliveries = this.#deliveries.get(key) ?? new Map<number, Delivery>();
    this.#deliveries.set(key, deliveries);
    if (!deliveries.has(event.offset)) deliveries.set(event.offset, { event, acknowledged: false });
  }

  #record<R extends CommandRecord>({ principal, id }: CommandKey, record: R, now: number): R {
    const key = pair(principal, id);
    this.#newestTime = Math.max(this.#newestTime, now);
    this.#commands.delete(key);
    this.#commands.set(key, { record, at: now });
    this.#limitCommands();
    return record;
  }

  #limitCommands(): void {
    // A hundredth at once: whoever was told how far the memory reaches has to be told anew.
    if (this.#commands.size <= this.#commandIds * FORGET_BEYOND) return;
    for (const [key, { at }] of this.#commands) {
      if (this.#commands.size <= this.#commandIds) return;
      this.#forgetCommand(key, at);
    }
  }

  #forgetCommand(key: string, at: number): void {
    this.#commands.delete(key);
    this.#dedupeSince = Math.max(this.#dedupeSince, at + 1);
  }
}

interface Delivery {
  readonly event: LoggedEvent;
  acknowledged: boolean;
}

type Content = Pick<LoggedEvent, 'key' | 'gone' | 'critical'> & { readonly event: JsonText };

class MemoryTopic {
  epoch: string;
  offset = 0;
  ts = 0;
  /** The newest event that is no longer in the history; before the first one, the time from which on the topic is known. */
  #forgotten: { offset: number; ts: number };
  readonly #historyLimit: number;
  readonly #tailLimit: number;
  #history: LoggedEvent[] = [];
  #tail: LoggedEvent[] = [];
  /** By key, in order of offset: a key that changes moves to the end. */
  readonly #keys = new Map<string, LoggedEvent>();

  constructor(epoch: string, knownSince: number, historyLimit: number, tailLimit: number) {
    this.epoch = epoch;
    this.#forgotten = { offset: 0, ts: knownSince - 1 };
    this.#historyLimit = historyLimit;
    this.#tailLimit = tailLimit;
  }

  append(content: Content, now: number): LoggedEvent {
    const event: LoggedEvent = {
      ...content,
      offset: this.offset + 1,
      prev: this.offset,
      ts: Math.max(now, this.ts),
    };
    this.offset = event.offset;
    this.ts = event.ts;
    this.#history.push(event);
    // Twice the limit before anything is cut, so that the cost of cutting is spread over many events.
    if (this.#history.length >= 2 * this.#historyLimit) {
      const cut = this.#history.splice(0, this.#history.length - this.#historyLimit).at(-1);
      if (cut) this.#forgotten = { offset: cut.offset, ts: cut.ts };
    }
    if (event.key === null) {
      this.#tail.push(event);
      if (this.#tail.length >= 2 * this.#tailLimit) this.#tail = this.#newestTail();
    } else {
      this.#keys.delete(event.key);
      if (!event.gone) this.#keys.set(event.key, event);
    }
    return event;
  }

  read(from: From, take: Take): Pick<History, 'events' | 'afterTs' | 'complete'> {
    const history = this.#history;
    const start =
      'after' in from
        ? firstIndex(history, (event) => event.offset > from.after)
        : firstIndex(history, (event) => event.ts >= from.since);
    const known = 'after' in from ? from.after >= this.#forgotten.offset : from.since > this.#forgotten.ts;
    const afterTs = 'after' in from ? this.#timeOf(from.after, history[start - 1]) : null;
    if ('first' in take)
      return { events: history.slice(start, start + take.first), afterTs, complete: known };
    const cutAt = Math.max(start, history.length - take.last);
    return { events: history.slice(cutAt), afterTs, complete: known && cutAt === start };
  }

  #timeOf(offset: number, event: LoggedEvent | undefined): number | null {
    const at = event ?? this.#forgotten;
    return at.offset === offset && offset > 0 ? at.ts : null;
  }

  state(): LoggedEvent[] {
    return [...this.#keys.values(), ...this.#newestTail()].sort((a, b) => a.offset - b.offset);
  }

  /** Those of these offsets that it still holds, in whatever order. */
  pick(offsets: ReadonlySet<number>): LoggedEvent[] {
    let oldest = Number.POSITIVE_INFINITY;
    for (const offset of offsets) oldest = Math.min(oldest, offset);
    const recent = this.#history.slice(firstIndex(this.#history, (event) => event.offset >= oldest));
    const older = oldest <= this.#forgotten.offset ? this.state() : [];
    return [...recent, ...older].filter(({ offset }) => offsets.has(offset));
  }

  #newestTail(): LoggedEvent[] {
    return this.#tailLimit === 0 ? [] : this.#tail.slice(-this.#tailLimit);
  }
}

/** Of the events that satisfy a condition which, once true, stays true; the length where there is none. */
function firstIndex(events: readonly LoggedEvent[], condition: (event: LoggedEvent) => boolean): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const event = events[middle];
    if (event && condition(event)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function pair(a: string, b: string): string {
  return JSON.stringify([a, b]);
}

function deliveryKey({ principal, clientId }: ClientKey, topic: string): string {
  return JSON.stringify([principal, clientId, topic]);
}
