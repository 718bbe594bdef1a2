/** What a server remembers as long as its process lives. */
import type { Committed, EventLog, Opened, OpenOptions, Principal, Transaction } from './event-log.ts';
import { happeningsOf } from './happenings.ts';
import { MemoryProjection } from './memory-projection.ts';
import { ProjectedLog, PUBLICATION_NAMES } from './projected-log.ts';
import type { Entries, EntryKind, MemoryLimits, Outcomes } from './projection.ts';
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
  /**
   * Names of publications that are remembered, of the last 24 hours, each of about 240 bytes of memory. Where there are so many,
   * what would be published under another name is refused. @default 5_000_000
   */
  readonly publicationNames?: number;
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

class MemoryLog extends ProjectedLog implements EventLog {
  readonly #limits: Omit<MemoryLimits, 'tailLimit'>;
  readonly #publicationNames: number;
  readonly #newEpoch: () => string;
  readonly #projection = new MemoryProjection();
  #closed = false;

  constructor({
    historyEvents = 20_000,
    commandIds = 100_000,
    publicationNames = PUBLICATION_NAMES,
    endTopicsAfterMs,
    newEpoch,
  }: MemoryLogOptions) {
    super();
    this.#limits = { historyEvents, commandIds, clientIds: CLIENT_IDS, ...topicAges(endTopicsAfterMs) };
    this.#publicationNames = publicationNames;
    this.#newEpoch = newEpoch ?? (() => crypto.randomUUID());
  }

  async open({ now, tailLimit, hear }: OpenOptions): Promise<Opened> {
    this.#closed = false;
    const epoch = this.newName();
    const run = this.newName();
    const opened = await this.write('open', { now, limits: { ...this.#limits, tailLimit }, run, epoch });
    this.hear(hear);
    return opened;
  }

  async tell(run: string, now: number): Promise<void> {
    await this.write('tell', { now, run, counted: now });
  }

  async commit(transactions: readonly Transaction[], now: number): Promise<readonly Committed[]> {
    const names = this.#publicationNames;
    const isBeyond = transactions.map((one) => this.hasTooManyNames(one, names));
    const taken = transactions.filter((_, place) => !isBeyond[place]);
    const committed = [...(await this.write('commit', { now, transactions: taken }))];
    return isBeyond.flatMap((is) => (is ? { status: 'too_many_names', names } : committed.splice(0, 1)));
  }

  async renew(now: number): Promise<void> {
    await this.write('renew', { now, epoch: this.newName() });
  }

  async disconnect(principal: Principal, run: string): Promise<void> {
    this.usable();
    this.announce(happeningsOf('disconnect', { principal, run }, null));
  }

  async recheck(principal: Principal, run: string): Promise<void> {
    this.usable();
    this.announce(happeningsOf('recheck', { principal, run }, null));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.hearNoMore();
  }

  protected newName(): string {
    return this.#newEpoch();
  }

  protected usable(): MemoryProjection {
    if (this.#closed) throw new Error('memoryLog: the log is closed');
    return this.#projection;
  }

  protected async write<K extends EntryKind>(kind: K, content: Entries[K]): Promise<Outcomes[K]> {
    const projection = this.usable();
    const outcome = projection.apply<K>(projection.position + 1, { kind, content });
    this.announce(happeningsOf(kind, content, outcome));
    return outcome;
  }
}
