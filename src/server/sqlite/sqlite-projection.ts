import { dumpText } from '../log/dump.ts';
import {
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
} from '../log/event-log.ts';
import { areMet } from '../log/expectations.ts';
import {
  ENDED_KEEP_MS,
  type Entry,
  type EntryKind,
  type Outcome,
  type Outcomes,
  type Projection,
  type Rules,
} from '../log/projection.ts';
import { placesOf, repeatOf } from '../log/publications.ts';
import { type About, readAbout, writeAbout } from './about.ts';
import { type Database, numberIn, textIn } from './database.ts';
import { SqliteCommands } from './sqlite-commands.ts';
import { SqliteDeliveries } from './sqlite-deliveries.ts';
import { headOf, linesOf, Restoring } from './sqlite-dump.ts';
import { SqliteOwners } from './sqlite-owners.ts';
import { SqlitePublications } from './sqlite-publications.ts';
import { SqliteTopics } from './sqlite-topics.ts';

/**
 * A `Projection` in an SQLite file, whose tables are there: an entry's position and its effect are one transaction. Nobody else
 * writes to the file meanwhile.
 */
export class SqliteProjection implements Projection {
  readonly #db: Database;
  /** Written with the transaction that changes it; `null`: to be read. */
  #held: About | null = null;
  readonly #topics: SqliteTopics;
  readonly #commands: SqliteCommands;
  readonly #publications: SqlitePublications;
  readonly #owners: SqliteOwners;
  readonly #deliveries: SqliteDeliveries;

  constructor(db: Database) {
    const about = () => this.#about;
    this.#db = db;
    this.#topics = new SqliteTopics(db, about);
    this.#commands = new SqliteCommands(db, about);
    this.#publications = new SqlitePublications(db);
    this.#owners = new SqliteOwners(db, about);
    this.#deliveries = new SqliteDeliveries(db, this.#topics, about);
  }

  readonly #rules: Rules = {
    open: ({ now: told, limits, run, epoch }) => {
      const about = this.#about;
      const { newestTime } = about;
      const now = this.#time(told);
      about.limits = limits;
      if (about.startedAt === null) {
        about.startedAt = now;
        about.dedupeSince = now;
        about.epoch = epoch;
      }
      this.#db.run(
        `INSERT INTO runs (id, began, told) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET began = excluded.began, told = excluded.told`,
        run,
        now,
        now,
      );
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
      const about = this.#about;
      about.epoch = epoch;
      about.dedupeSince = Math.max(about.dedupeSince, this.#time(told));
      this.#topics.renew(epoch);
      return null;
    },
    begin: ({ now: told, commands }) => {
      const now = this.#time(told);
      return commands.map(
        (command) => this.recall(command) ?? this.#commands.record(command, { status: 'begun' }, now),
      );
    },
    cancel: ({ now: told, command }) => {
      const now = this.#time(told);
      const record = this.recall(command);
      if (record && record.status !== 'begun') return record;
      return this.#commands.record(command, { status: 'cancelled', begun: record !== null }, now);
    },
    admit: ({ now: told, admissions, counted }, position) => {
      const now = this.#time(Math.max(told, counted));
      for (const { run } of admissions) this.#tell(run, now);
      return admissions.map((admission) => this.#owners.admit(admission, now, position));
    },
    owe: ({ now: told, client, topic, epoch = null, offsets, upTo = 0 }) => {
      this.#deliveries.owe(client, { topic, epoch, offsets, upTo }, this.#time(told));
      return null;
    },
    acknowledge: ({ client, topic, epoch, offsets }) => {
      this.#deliveries.acknowledge(client, topic, epoch, offsets);
      return null;
    },
    disconnect: () => null,
    recheck: () => null,
    endTopic: ({ now: told, topic, epoch }) => this.#end([topic], epoch, this.#time(told)),
    prune: ({ now: told, epoch }) => {
      const now = this.#time(told);
      const before = now - KEEP_MS;
      this.#commands.prune(before);
      this.#publications.prune(now);
      this.#db.run('DELETE FROM runs WHERE told < ?', before);
      this.#owners.prune(now);
      const ended = this.#end(this.#topics.aged(now), epoch, now);
      this.#topics.prune(before);
      if (this.#topics.forgetEnded(now - ENDED_KEEP_MS)) this.#about.epoch = epoch;
      this.#deliveries.prune(before);
      return ended;
    },
  };

  get position(): number {
    return this.#about.position;
  }

  get note(): string {
    return this.#about.note;
  }

  apply<K extends EntryKind>(position: number, entry: Entry<K>): Outcomes[K] {
    return this.#applied(position, () => this.#outcome(entry, position));
  }

  applyAll(
    position: number,
    entries: readonly Entry[],
    noteOf: (outcomes: readonly Outcome[]) => string,
  ): readonly Outcome[] {
    return this.#applied(position, () => {
      const outcomes = entries.map((entry) => this.#outcome(entry, position));
      this.#about.note = noteOf(outcomes);
      return outcomes;
    });
  }

  /** All that it applies meanwhile is one transaction. Where that fails, all of it is as before. */
  together<T>(work: () => T): T {
    try {
      return this.#db.atomically(work);
    } catch (error) {
      // What is held was changed with the file, and that was rolled back.
      this.#refresh();
      throw error;
    }
  }

  read(topic: string, from: From, take: Take): History {
    return this.#topics.read(topic, from, take);
  }

  state(topic: string): TopicState {
    return this.#topics.state(topic);
  }

  latest(topic: string, key: string): LoggedEvent | null {
    return this.#topics.latest(topic, key);
  }

  recall(command: CommandKey): CommandRecord | null {
    return this.#commands.recall(command);
  }

  runs(): readonly Run[] {
    return this.#db.all('SELECT * FROM runs ORDER BY number').map((row) => ({
      id: textIn(row, 'id'),
      began: numberIn(row, 'began'),
      told: numberIn(row, 'told'),
    }));
  }

  dedupeSince(): number {
    return this.#about.dedupeSince;
  }

  unrecorded(
    client: ClientKey,
    topic: string,
    given: readonly number[],
    from: From | null,
  ): readonly LoggedEvent[] {
    return this.#deliveries.unrecorded(client, topic, given, from);
  }

  owed(client: ClientKey, topic: string): readonly LoggedEvent[] {
    return this.#deliveries.owed(client, topic);
  }

  publicationNames(): number {
    return this.#publications.count;
  }

  remembersPublication(key: string): boolean {
    return this.#publications.find(key) !== null;
  }

  dump(): Iterable<JsonText> {
    return dumpText(headOf(this.#about), linesOf(this.#db));
  }

  *load(dump: Iterable<JsonText>): Generator<void> {
    const restoring = new Restoring(this.#db);
    try {
      yield* this.#db.inSteps(() => restoring.all(dump));
    } finally {
      this.#refresh();
    }
  }

  #outcome<K extends EntryKind>({ kind, content }: Entry<K>, position: number): Outcomes[K] {
    return this.#rules[kind](content, position);
  }

  #applied<T>(position: number, work: () => T): T {
    if (position <= this.position)
      throw new Error(`the entry at ${position} was applied before: ${this.position} was the last one`);
    return this.together(() => {
      const outcome = work();
      this.#about.position = position;
      writeAbout(this.#db, this.#about);
      return outcome;
    });
  }

  get #about(): About {
    this.#held ??= readAbout(this.#db);
    return this.#held;
  }

  #refresh(): void {
    this.#held = null;
    this.#topics.refresh();
    this.#commands.refresh();
    this.#publications.refresh();
  }

  /** Of an entry: it never runs back. */
  #time(now: number): number {
    this.#about.newestTime = Math.max(this.#about.newestTime, now);
    return this.#about.newestTime;
  }

  #tell(run: string, now: number): void {
    this.#db.run('UPDATE runs SET told = ? WHERE id = ?', now, run);
  }

  /** Of topics without events nothing ends. What is left of the others is their epoch, and when they ended. */
  #end(names: readonly string[], epoch: string, now: number): readonly EndedTopic[] {
    const ended = names.flatMap((name) => this.#topics.end(name, epoch, now) ?? []);
    for (const topic of ended) this.#deliveries.forget(topic);
    return ended.map(({ name }) => ({ topic: name, epoch }));
  }

  #commit({ events, command, expects = [], publication }: Transaction, now: number): Committed {
    const repeat = publication && repeatOf(publication, this.#publications.find(publication.key), now);
    if (repeat) return repeat;
    if (command) {
      const record = this.recall(command);
      if (record?.status === 'accepted') return { status: 'duplicate', result: record.result };
      if (record?.status === 'cancelled') return record;
      const owner = this.#owners.find(command.clientId);
      if (owner && owner.run !== command.run) return { status: 'superseded' };
    }
    if (!areMet(expects, this)) return { status: 'unexpected' };
    if (command) this.#commands.record(command, { status: 'accepted', result: command.result }, now);
    const committed = events.map((content): CommittedEvent => {
      const [topic, event] = this.#topics.append(content, now);
      const owedBy = event.critical ? content.owedBy : [];
      for (const client of owedBy) this.#deliveries.deliver(client, topic, event);
      this.#topics.cutIfLong(topic, now - KEEP_MS);
      return { topic: topic.name, epoch: topic.epoch, event, owedBy };
    });
    if (publication) {
      const { key, digest } = publication;
      this.#publications.record(key, { digest, at: now, places: placesOf(committed) });
    }
    return { status: 'committed', events: committed };
  }
}
