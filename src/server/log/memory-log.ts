/** What a server remembers as long as its process lives. */
import type {
  Admission,
  Admitted,
  ClientKey,
  CommandEnd,
  CommandKey,
  CommandRecord,
  Committed,
  EventLog,
  From,
  Happening,
  History,
  LoggedEvent,
  Opened,
  OpenOptions,
  Principal,
  Run,
  Take,
  TopicState,
  Transaction,
} from './event-log.ts';
import { admissionsOf, endingsOf, happeningsOf } from './happenings.ts';
import { MemoryProjection } from './memory-projection.ts';
import type { Entry, EntryKind, MemoryLimits, Outcomes } from './projection.ts';
import { topicAges } from './topic-ages.ts';

export interface MemoryLogOptions {
  /** Events of each topic that can be replayed; its state, and critical events of 7 days, are kept beyond it. @default 20_000 */
  readonly historyEvents?: number;
  /**
   * How long after its last event a topic ends by itself, as by `server.endTopic`, in milliseconds, by the beginning of its name:
   * `{ 'run:': 30 * 24 * 60 * 60 * 1_000 }`. Of several that fit the longest counts; `''` fits all. A topic with critical events of
   * the last 7 days stays until they are older. @default {}: none ends by itself
   */
  readonly endTopicsAfterMs?: Readonly<Record<string, number>>;
  /** Remembered command ids; beyond it the oldest are forgotten, and `dedupe_since` says so. @default 100_000 */
  readonly commandIds?: number;
  /** Names a new epoch, differently each time. @default crypto.randomUUID */
  readonly newEpoch?: () => string;
}

/** Client ids whose first principal is remembered. */
const CLIENT_IDS = 100_000;

/**
 * An `EventLog` in memory, for development, tests, and servers whose topics may begin anew: after a restart every topic
 * is in a new epoch, and commands that were in flight become `uncertain` in their outbox.
 *
 * @throws RangeError for an age that is not a positive number.
 */
export function memoryLog(options: MemoryLogOptions = {}): EventLog {
  return new MemoryLog(options);
}

class MemoryLog implements EventLog {
  readonly #limits: Omit<MemoryLimits, 'tailLimit'>;
  readonly #newEpoch: () => string;
  readonly #projection = new MemoryProjection();
  /** Of the servers that have opened it. */
  readonly #hearers = new Set<(happenings: readonly Happening[]) => void>();
  #closed = false;

  constructor({
    historyEvents = 20_000,
    commandIds = 100_000,
    endTopicsAfterMs,
    newEpoch,
  }: MemoryLogOptions) {
    this.#limits = { historyEvents, commandIds, clientIds: CLIENT_IDS, ...topicAges(endTopicsAfterMs) };
    this.#newEpoch = newEpoch ?? (() => crypto.randomUUID());
  }

  async open({ now, tailLimit, hear }: OpenOptions): Promise<Opened> {
    this.#closed = false;
    const epoch = this.#newEpoch();
    const run = this.#newEpoch();
    const opened = this.#apply({
      kind: 'open',
      content: { now, limits: { ...this.#limits, tailLimit }, run, epoch },
    });
    if (hear) this.#hearers.add(hear);
    return opened;
  }

  async tell(run: string, now: number): Promise<void> {
    this.#apply({ kind: 'tell', content: { now, run, counted: now } });
  }

  async runs(): Promise<readonly Run[]> {
    return this.#read().runs();
  }

  async commit(transactions: readonly Transaction[], now: number): Promise<readonly Committed[]> {
    const committed = this.#apply({ kind: 'commit', content: { now, transactions } });
    this.#tell(happeningsOf(committed));
    return committed;
  }

  async read(topic: string, from: From, take: Take): Promise<History> {
    return this.#read().read(topic, from, take);
  }

  async state(topic: string): Promise<TopicState> {
    return this.#read().state(topic);
  }

  async latest(topic: string, key: string): Promise<LoggedEvent | null> {
    return this.#read().latest(topic, key);
  }

  async renew(now: number): Promise<void> {
    this.#apply({ kind: 'renew', content: { now, epoch: this.#newEpoch() } });
  }

  async recall(command: CommandKey): Promise<CommandRecord | null> {
    return this.#read().recall(command);
  }

  async begin(commands: readonly CommandKey[], now: number): Promise<readonly CommandRecord[]> {
    return this.#apply({ kind: 'begin', content: { now, commands } });
  }

  async cancel(command: CommandKey, now: number): Promise<CommandEnd> {
    return this.#apply({ kind: 'cancel', content: { now, command } });
  }

  async dedupeSince(): Promise<number> {
    return this.#read().dedupeSince();
  }

  async position(): Promise<number> {
    return this.#read().position;
  }

  async admit(admissions: readonly Admission[], now: number): Promise<readonly Admitted[]> {
    const admitted = this.#apply({ kind: 'admit', content: { now, admissions, counted: now } });
    this.#tell(admissionsOf(admissions, admitted));
    return admitted;
  }

  async disconnect(principal: Principal, run: string): Promise<void> {
    this.#read();
    this.#tell([{ kind: 'disconnected', principal, run }]);
  }

  async recheck(principal: Principal, run: string): Promise<void> {
    this.#read();
    this.#tell([{ kind: 'rechecked', principal, run }]);
  }

  async endTopic(topic: string, now: number): Promise<void> {
    const content = { now, topic, epoch: this.#newEpoch() };
    this.#tell(endingsOf(this.#apply({ kind: 'endTopic', content })));
  }

  async unrecorded(
    client: ClientKey,
    topic: string,
    given: readonly number[],
    from: From | null,
  ): Promise<readonly LoggedEvent[]> {
    return this.#read().unrecorded(client, topic, given, from);
  }

  async owe(
    client: ClientKey,
    topic: string,
    offsets: readonly number[],
    upTo: number,
    now: number,
  ): Promise<void> {
    this.#apply({ kind: 'owe', content: { now, client, topic, offsets, upTo } });
  }

  async owed(client: ClientKey, topic: string): Promise<readonly LoggedEvent[]> {
    return this.#read().owed(client, topic);
  }

  async acknowledge(
    client: ClientKey,
    topic: string,
    epoch: string,
    offsets: readonly number[],
  ): Promise<void> {
    this.#apply({ kind: 'acknowledge', content: { client, topic, epoch, offsets } });
  }

  async prune(now: number): Promise<void> {
    const content = { now, epoch: this.#newEpoch() };
    this.#tell(endingsOf(this.#apply({ kind: 'prune', content })));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#hearers.clear();
  }

  #tell(happenings: readonly Happening[]): void {
    for (const hear of this.#hearers) hear(happenings);
  }

  #apply<K extends EntryKind>(entry: Entry<K>): Outcomes[K] {
    const projection = this.#read();
    return projection.apply(projection.position + 1, entry);
  }

  #read(): MemoryProjection {
    if (this.#closed) throw new Error('memoryLog: the log is closed');
    return this.#projection;
  }
}
