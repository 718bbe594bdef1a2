/** A log that many servers work on, in an engine that keeps one order for all of them. */
import type { Clock } from '../core/peer.ts';
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
} from '../log/event-log.ts';
import { admissionsOf, endingsOf, happeningsOf } from '../log/happenings.ts';
import { MemoryProjection } from '../log/memory-projection.ts';
import type { EntryKind, MemoryLimits, Outcomes, Projection } from '../log/projection.ts';
import { topicAges } from '../log/topic-ages.ts';
import { nextTurn } from '../system-clock.ts';
import { startTimer } from '../timer.ts';
import { Author } from './author.ts';
import type { Engine } from './engine.ts';
import type { Written } from './record.ts';
import { type Applied, LogDiverged, Replica, type ReplicaEvents, type StartProgress } from './replica.ts';

export interface ReplicatedLogOptions {
  /** Where the log is: `postgresEngine` of `trunkline/server/postgres`. The log closes it. */
  readonly engine: Engine;
  /** What this server has made of the log so far, and goes on from. @default in memory, from the beginning of the log */
  readonly projection?: Projection;
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
  /**
   * A dump of all that the log comes to is kept in its engine whenever there are so many records more, made by the server that wrote
   * that record; what is before the older of the two that are kept is forgotten. `Infinity`: never. @default 100_000
   */
  readonly recordsPerDump?: number;
  /** Told how far the server has come while it starts. @default nobody is told */
  readonly onProgress?: (progress: StartProgress) => void;
  /** Told of what is tried again, or done without; of `null` when it is over. @default nobody is told */
  readonly onTrouble?: (error: unknown) => void;
  /** Names an epoch, a run, an author, differently each time. @default crypto.randomUUID */
  readonly newName?: () => string;
}

/** Client ids whose first principal is remembered. */
const CLIENT_IDS = 100_000;
/** Of a record, for what is written with an event. */
const EVENT_OVERHEAD_BYTES = 4_096;

/**
 * An `EventLog` for any number of servers: each applies all that is in the engine's log, in its order, to a projection of its
 * own. What changes anything is appended first, and answered once this server has applied it; reads are local. Its times are
 * the engine's.
 */
export function replicatedLog(options: ReplicatedLogOptions): EventLog {
  return new ReplicatedLog(options, { setTimer: startTimer, turn: nextTurn });
}

type Content<K extends EntryKind> = Extract<Written, { kind: K }>['content'];

/** On a clock that it is given. */
export class ReplicatedLog implements EventLog {
  readonly #options: ReplicatedLogOptions;
  readonly #ages: Pick<MemoryLimits, 'topicAges'>;
  readonly #engine: Engine;
  readonly #projection: Projection;
  readonly #newName: () => string;
  readonly #replica: Replica;
  readonly #author: Author;
  readonly #hearers = new Set<(happenings: readonly Happening[]) => void>();
  /** Of this process, once it is open. */
  #run: string | null = null;
  /** The time at which that was told to be at work last. */
  #counted = 0;
  #closing: Promise<void> | null = null;

  constructor(options: ReplicatedLogOptions, clock: Pick<Clock, 'setTimer' | 'turn'>) {
    const { engine, projection = new MemoryProjection(), newName = () => crypto.randomUUID() } = options;
    const { recordsPerDump = 100_000 } = options;
    if (!(recordsPerDump >= 1 && (Number.isInteger(recordsPerDump) || recordsPerDump === Infinity)))
      throw new RangeError(`recordsPerDump is ${recordsPerDump}: it has to be a whole number from 1 on`);
    this.#options = options;
    this.#ages = topicAges(options.endTopicsAfterMs);
    this.#engine = engine;
    this.#projection = projection;
    this.#newName = newName;
    const events: ReplicaEvents = {
      applied: (record) => this.#applied(record),
      stands: (standing) => {
        if (standing.state === 'diverged') this.#author.close(new LogDiverged(standing.why));
        this.#tell([{ kind: 'stands', standing }]);
      },
      leftBehind: async (error) => {
        // It was at work until now: others tell its clients so, and what they sent to it meanwhile is not uncertain.
        if (this.#run !== null)
          await this.#author.closeWith(
            { kind: 'tell', content: { run: this.#run, counted: this.#counted } },
            error,
          );
      },
      trouble: (error) => options.onTrouble?.(error),
      starting: (progress) => options.onProgress?.(progress),
    };
    const author = newName();
    this.#replica = new Replica({ engine, projection, events, timers: clock, author, recordsPerDump });
    this.#author = new Author(author, engine, this.#replica, clock);
  }

  async open({ tailLimit, maxEventBytes, hear }: OpenOptions): Promise<Opened> {
    this.#mustBeUsable();
    const most = this.#author.maxBytes - EVENT_OVERHEAD_BYTES;
    if (maxEventBytes !== undefined && maxEventBytes > most) {
      throw new RangeError(
        `limits.maxEventBytes is ${maxEventBytes}, and the log's engine takes no event above ${most} bytes: set it to that or less`,
      );
    }
    await this.#replica.start();
    const { historyEvents = 20_000, commandIds = 100_000 } = this.#options;
    const limits = { tailLimit, historyEvents, commandIds, clientIds: CLIENT_IDS, ...this.#ages };
    if (hear) this.#hearers.add(hear);
    const opened = await this.#write('open', { limits, run: this.#newName(), epoch: this.#newName() });
    this.#run = opened.run;
    return opened;
  }

  async tell(run: string, time: number): Promise<void> {
    this.#counted = time;
    await this.#write('tell', { run, counted: time });
  }

  async runs(): Promise<readonly Run[]> {
    return this.#read().runs();
  }

  async commit(transactions: readonly Transaction[]): Promise<readonly Committed[]> {
    this.#mustBeUsable();
    return await Promise.all(transactions.map((transaction) => this.#commit(transaction)));
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

  async renew(): Promise<void> {
    // A person may renew it where no server has taken it into use, or those that have do not know the same.
    await this.#replica.start({ isToBeRenewed: true });
    await this.#write('renew', { epoch: this.#newName() });
  }

  async recall(command: CommandKey): Promise<CommandRecord | null> {
    return this.#read().recall(command);
  }

  async begin(commands: readonly CommandKey[]): Promise<readonly CommandRecord[]> {
    return await this.#write('begin', { commands });
  }

  async cancel(command: CommandKey): Promise<CommandEnd> {
    return await this.#write('cancel', { command });
  }

  async dedupeSince(): Promise<number> {
    return this.#read().dedupeSince();
  }

  async position(): Promise<number> {
    return this.#read().position;
  }

  async admit(admissions: readonly Admission[], now: number): Promise<readonly Admitted[]> {
    return await this.#write('admit', { admissions, counted: now });
  }

  async disconnect(principal: Principal, run: string): Promise<void> {
    await this.#write('disconnect', { principal, run });
  }

  async recheck(principal: Principal, run: string): Promise<void> {
    await this.#write('recheck', { principal, run });
  }

  async endTopic(topic: string): Promise<void> {
    await this.#write('endTopic', { topic, epoch: this.#newName() });
  }

  async unrecorded(
    client: ClientKey,
    topic: string,
    given: readonly number[],
    from: From | null,
  ): Promise<readonly LoggedEvent[]> {
    return this.#read().unrecorded(client, topic, given, from);
  }

  async owe(client: ClientKey, topic: string, offsets: readonly number[], upTo: number): Promise<void> {
    await this.#write('owe', { client, topic, offsets, upTo });
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
    await this.#write('acknowledge', { client, topic, epoch, offsets });
  }

  async prune(): Promise<void> {
    await this.#write('prune', { epoch: this.#newName() });
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    this.#author.close(closed());
    this.#hearers.clear();
    await this.#replica.stop();
    await this.#engine.close();
  }

  async #commit(transaction: Transaction): Promise<Committed> {
    const bytes = Buffer.byteLength(JSON.stringify(transaction));
    const { maxBytes } = this.#author;
    // The entry around it.
    if (bytes + EVENT_OVERHEAD_BYTES > maxBytes) return { status: 'too_large', bytes, maxBytes };
    const [committed] = await this.#write('commit', { transactions: [transaction] });
    if (!committed) throw new Error('replicatedLog: a transaction was applied without an answer');
    return committed;
  }

  async #write<K extends EntryKind>(kind: K, content: Content<K>): Promise<Outcomes[K]> {
    this.#mustBeUsable();
    // What has come of an entry is of its kind.
    return (await this.#author.write({ kind, content } as unknown as Written)) as Outcomes[K];
  }

  #applied(record: Applied): void {
    const happenings: Happening[] = [{ kind: 'time', now: record.time }];
    for (const [index, { kind, content }] of record.entries.entries()) {
      const outcome = record.outcomes[index];
      if (kind === 'commit') happenings.push(...happeningsOf(outcome as Outcomes['commit']));
      if (kind === 'admit')
        happenings.push(...admissionsOf(content.admissions, outcome as Outcomes['admit']));
      if (kind === 'disconnect') happenings.push({ kind: 'disconnected', ...content });
      if (kind === 'recheck') happenings.push({ kind: 'rechecked', ...content });
      if (kind === 'endTopic' || kind === 'prune')
        happenings.push(...endingsOf(outcome as Outcomes['endTopic' | 'prune']));
    }
    this.#tell(happenings);
    this.#author.applied(record);
  }

  #tell(happenings: readonly Happening[]): void {
    for (const hear of this.#hearers) hear(happenings);
  }

  #read(): Projection {
    this.#mustBeUsable();
    return this.#projection;
  }

  #mustBeUsable(): void {
    if (this.#closing) throw closed();
    const { standing } = this.#replica;
    if (standing.state === 'diverged') throw new LogDiverged(standing.why);
  }
}

function closed(): Error {
  return new Error('replicatedLog: the log is closed');
}
