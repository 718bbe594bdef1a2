/** A log that many servers work on, in an engine that keeps one order for all of them. */
import type { Clock } from '../core/peer.ts';
import { neverFailing } from '../core/report.ts';
import type {
  Committed,
  EventLog,
  Happening,
  Opened,
  OpenOptions,
  Principal,
  Transaction,
} from '../log/event-log.ts';
import { happeningsOf, type Timeless } from '../log/happenings.ts';
import { MemoryProjection } from '../log/memory-projection.ts';
import { ProjectedLog, PUBLICATION_NAMES } from '../log/projected-log.ts';
import type { Entries, EntryKind, MemoryLimits, Outcomes, Projection } from '../log/projection.ts';
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
   * Names of publications that are remembered, of the last 24 hours, each of about 240 bytes of memory. Where there are so many,
   * what would be published under another name is refused. @default 5_000_000
   */
  readonly publicationNames?: number;
  /**
   * A dump of all that the log comes to is kept in its engine whenever there are so many records more, made by the server that wrote
   * that record; what is before the older of the two that are kept is forgotten. `Infinity`: never. @default 100_000
   */
  readonly recordsPerDump?: number;
  /** Told how far the server has come while it starts. @default nobody is told */
  readonly onProgress?: (progress: StartProgress) => void;
  /**
   * Told of what is tried again, and of `null` when it is over; and with a `DumpFailed` of a dump that is done without. Where it throws,
   * nothing else is held up by that; the first time is told on stderr. @default nobody is told
   */
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

/** On a clock that it is given. */
export class ReplicatedLog extends ProjectedLog implements EventLog {
  readonly #options: ReplicatedLogOptions;
  readonly #ages: Pick<MemoryLimits, 'topicAges'>;
  readonly #engine: Engine;
  readonly #projection: Projection;
  readonly #newName: () => string;
  readonly #replica: Replica;
  readonly #author: Author;
  /** Of this process, once it is open. */
  #run: string | null = null;
  /** The time at which that was told to be at work last. */
  #counted = 0;
  #closing: Promise<void> | null = null;

  constructor(options: ReplicatedLogOptions, clock: Pick<Clock, 'setTimer' | 'turn'>) {
    super();
    const { engine, projection = new MemoryProjection(), newName = () => crypto.randomUUID() } = options;
    const { recordsPerDump = 100_000 } = options;
    if (!(recordsPerDump >= 1 && (Number.isInteger(recordsPerDump) || recordsPerDump === Infinity)))
      throw new RangeError(`recordsPerDump is ${recordsPerDump}: it has to be a whole number from 1 on`);
    this.#options = options;
    this.#ages = topicAges(options.endTopicsAfterMs);
    this.#engine = engine;
    this.#projection = projection;
    this.#newName = newName;
    const { onTrouble = () => {} } = options;
    const trouble = neverFailing((error) => onTrouble(error), 'onTrouble');
    const events: ReplicaEvents = {
      applied: (record) => this.#applied(record),
      stands: (standing) => {
        if (standing.state === 'diverged') this.#author.close(new LogDiverged(standing.why));
        this.announce([{ kind: 'stands', standing }]);
      },
      leftBehind: async (error) => {
        // It was at work until now: others tell its clients so, and what they sent to it meanwhile is not uncertain.
        if (this.#run !== null)
          await this.#author.closeWith(
            { kind: 'tell', content: { run: this.#run, counted: this.#counted } },
            error,
          );
      },
      trouble: (error) => trouble(error, 'trouble with the log'),
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
    this.hear(hear);
    const opened = await this.#append('open', { limits, run: this.newName(), epoch: this.newName() });
    this.#run = opened.run;
    return opened;
  }

  async tell(run: string, time: number): Promise<void> {
    this.#counted = time;
    await this.#append('tell', { run, counted: time });
  }

  async commit(transactions: readonly Transaction[]): Promise<readonly Committed[]> {
    this.#mustBeUsable();
    return await Promise.all(transactions.map((transaction) => this.#commit(transaction)));
  }

  async renew(): Promise<void> {
    // A person may renew it where no server has taken it into use, or those that have do not know the same.
    await this.#replica.start({ isToBeRenewed: true });
    await this.#append('renew', { epoch: this.newName() });
  }

  async disconnect(principal: Principal, run: string): Promise<void> {
    await this.#append('disconnect', { principal, run });
  }

  async recheck(principal: Principal, run: string): Promise<void> {
    await this.#append('recheck', { principal, run });
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    this.#author.close(closed());
    this.hearNoMore();
    const stopped = this.#replica.stop();
    // Ends at once what the replica is asking of it, which may be answered late, or never.
    await this.#engine.close();
    await stopped;
  }

  async #commit(transaction: Transaction): Promise<Committed> {
    const bytes = Buffer.byteLength(JSON.stringify(transaction));
    const { maxBytes } = this.#author;
    // The entry around it.
    if (bytes + EVENT_OVERHEAD_BYTES > maxBytes) return { status: 'too_large', bytes, maxBytes };
    const { publicationNames: names = PUBLICATION_NAMES } = this.#options;
    if (this.hasTooManyNames(transaction, names)) return { status: 'too_many_names', names };
    const [committed] = await this.#append('commit', { transactions: [transaction] });
    if (!committed) throw new Error('replicatedLog: a transaction was applied without an answer');
    return committed;
  }

  protected newName(): string {
    return this.#newName();
  }

  protected usable(): Projection {
    this.#mustBeUsable();
    return this.#projection;
  }

  /** Its time is the engine's. */
  protected async write<K extends EntryKind>(kind: K, content: Entries[K]): Promise<Outcomes[K]> {
    const { now: _, ...timeless } = content as Timeless<K> & { readonly now?: number };
    return await this.#append(kind, timeless as Timeless<K>);
  }

  async #append<K extends EntryKind>(kind: K, content: Timeless<K>): Promise<Outcomes[K]> {
    this.#mustBeUsable();
    // What has come of an entry is of its kind.
    return (await this.#author.write({ kind, content } as unknown as Written)) as Outcomes[K];
  }

  #applied(record: Applied): void {
    const happenings: Happening[] = [{ kind: 'time', now: record.time }];
    for (const [index, { kind, content }] of record.entries.entries()) {
      const outcome = record.outcomes[index];
      // As many as there are entries.
      if (outcome !== undefined) happenings.push(...happeningsOf(kind, content, outcome));
    }
    try {
      this.announce(happenings);
    } finally {
      // Whoever waits for it is answered, whatever becomes of those who hear.
      this.#author.applied(record);
    }
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
