/** What every log on a projection does alike: it reads there, and writes entries. */
import type {
  Admission,
  Admitted,
  ClientKey,
  CommandEnd,
  CommandKey,
  CommandRecord,
  From,
  Happening,
  History,
  LoggedEvent,
  Run,
  Take,
  TopicState,
  Transaction,
} from './event-log.ts';
import type { Entries, EntryKind, Outcomes, Projection } from './projection.ts';

/** Of publications, within 24 hours: 50 a second, and some more. */
export const PUBLICATION_NAMES = 5_000_000;

export abstract class ProjectedLog {
  /** Of the servers that have opened it. */
  readonly #hearers = new Set<(happenings: readonly Happening[]) => void>();

  /** @throws Error where the log cannot be used. */
  protected abstract usable(): Projection;

  /** Resolves with what has come of the entry, once it is as durable as the log makes anything, and all servers here have heard. */
  protected abstract write<K extends EntryKind>(kind: K, content: Entries[K]): Promise<Outcomes[K]>;

  /** Of an epoch or a run, never given before. */
  protected abstract newName(): string;

  /**
   * Whether the transaction would have one more name remembered than so many. It is asked before anything is written: a
   * name is never forgotten early, since its publication could be done twice then.
   */
  protected hasTooManyNames({ publication }: Transaction, limit: number): boolean {
    const projection = this.usable();
    return (
      publication !== undefined &&
      projection.publicationNames() >= limit &&
      !projection.remembersPublication(publication.key)
    );
  }

  protected hear(hear: ((happenings: readonly Happening[]) => void) | undefined): void {
    if (hear) this.#hearers.add(hear);
  }

  protected announce(happenings: readonly Happening[]): void {
    for (const hear of this.#hearers) hear(happenings);
  }

  protected hearNoMore(): void {
    this.#hearers.clear();
  }

  async runs(): Promise<readonly Run[]> {
    return this.usable().runs();
  }

  async read(topic: string, from: From, take: Take): Promise<History> {
    return this.usable().read(topic, from, take);
  }

  async state(topic: string): Promise<TopicState> {
    return this.usable().state(topic);
  }

  async latest(topic: string, key: string): Promise<LoggedEvent | null> {
    return this.usable().latest(topic, key);
  }

  async recall(command: CommandKey): Promise<CommandRecord | null> {
    return this.usable().recall(command);
  }

  async dedupeSince(): Promise<number> {
    return this.usable().dedupeSince();
  }

  async position(): Promise<number> {
    return this.usable().position;
  }

  async unrecorded(
    client: ClientKey,
    topic: string,
    given: readonly number[],
    from: From | null,
  ): Promise<readonly LoggedEvent[]> {
    return this.usable().unrecorded(client, topic, given, from);
  }

  async owed(client: ClientKey, topic: string): Promise<readonly LoggedEvent[]> {
    return this.usable().owed(client, topic);
  }

  async begin(commands: readonly CommandKey[], now: number): Promise<readonly CommandRecord[]> {
    return await this.write('begin', { now, commands });
  }

  async cancel(command: CommandKey, now: number): Promise<CommandEnd> {
    return await this.write('cancel', { now, command });
  }

  async admit(admissions: readonly Admission[], now: number): Promise<readonly Admitted[]> {
    return await this.write('admit', { now, admissions, counted: now });
  }

  async endTopic(topic: string, now: number): Promise<void> {
    await this.write('endTopic', { now, topic, epoch: this.newName() });
  }

  async owe(
    client: ClientKey,
    topic: string,
    epoch: string,
    offsets: readonly number[],
    upTo: number,
    now: number,
  ): Promise<void> {
    await this.write('owe', { now, client, topic, epoch, offsets, upTo });
  }

  async acknowledge(
    client: ClientKey,
    topic: string,
    epoch: string,
    offsets: readonly number[],
  ): Promise<void> {
    await this.write('acknowledge', { client, topic, epoch, offsets });
  }

  async prune(now: number): Promise<void> {
    await this.write('prune', { now, epoch: this.newName() });
  }
}
