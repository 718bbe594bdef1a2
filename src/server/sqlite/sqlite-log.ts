/** What a server remembers on the disk. */
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import {
  type Admission,
  type Admitted,
  type ClientKey,
  type CommandEnd,
  type CommandKey,
  type CommandRecord,
  type Committed,
  type CommittedEvent,
  type EventLog,
  type From,
  type Happening,
  type History,
  type JsonText,
  KEEP_MS,
  type LoggedEvent,
  type NewEvent,
  type Opened,
  type OpenOptions,
  type Principal,
  type Run,
  type Take,
  type TopicState,
  type Transaction,
} from '../log/event-log.ts';
import { admissionsOf, happeningsOf } from '../log/happenings.ts';
import { FileLock } from './file-lock.ts';
import { Mark, type Marked } from './restore-mark.ts';
import { FORMAT, STEPS, TABLES } from './schema.ts';

export interface SqliteLogOptions {
  /** Events of each topic that can be replayed; the state by key is kept beyond it. @default 100_000 */
  readonly historyEvents?: number;
  /** Names a new epoch, differently each time. @default crypto.randomUUID */
  readonly newEpoch?: () => string;
  /**
   * How long the log waits for another server that has it, in milliseconds, before `open` rejects: in a rolling deploy, for the
   * end of the server before. Until then clients wait for their welcome. @default 0
   */
  readonly waitMs?: number;
}

/** A client id that was not used for this long may get another owner. */
const OWNER_KEEP_MS = 365 * 24 * 60 * 60 * 1_000;
/** How exact the time of a client's last use is, so that not every connection writes. */
const USE_PRECISION_MS = 24 * 60 * 60 * 1_000;
/** How often the mark beside the file is written, at most: what is lost of less time is not noticed by it. */
const MARK_MS = 1_000;
/** For another process that holds the file, such as a backup. */
const BUSY_MS = 5_000;

/**
 * An `EventLog` in an SQLite file (Node's own `node:sqlite`, in WAL mode): what was acknowledged is on the disk, and
 * survives a restart, a crash and a loss of power. A small file beside it (`PATH-mark`) tells the log that it was restored from
 * a backup: leave it out of backups, and take it along where you move the log. A second server that takes the log into use is
 * refused, or waits (`waitMs`): it is locked by an empty file (`PATH-lock`), which stays there and may be removed only while no
 * server runs.
 *
 * @throws Error where the file cannot be opened, or was written by a newer version.
 */
export function sqliteLog(path: string, options: SqliteLogOptions = {}): EventLog {
  return new SqliteLog(path, options);
}

interface Topic {
  /** `null` where nobody has published to it. */
  readonly id: number | null;
  readonly epoch: string;
  readonly newest: number;
  readonly newestTs: number;
  readonly forgotten: number;
  readonly forgottenTs: number;
}

class SqliteLog implements EventLog {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #historyEvents: number;
  readonly #newEpoch: () => string;
  readonly #statements = new Map<string, StatementSync>();
  #tailLimit = 0;
  /** `null` of a log that lies in memory. */
  readonly #mark: Mark | null;
  /** What the present run was told last; `null` before it is open. */
  #told: Marked | null = null;
  #markedAt = 0;
  /** `null` of a log that lies in memory. */
  readonly #lock: FileLock | null;
  readonly #waitMs: number;
  /** Since it was opened: a place in the order of what happens. */
  #admissions = 0;
  /** Of the servers that have opened it. */
  readonly #hearers = new Set<(happenings: readonly Happening[]) => void>();

  constructor(path: string, { historyEvents = 100_000, newEpoch, waitMs = 0 }: SqliteLogOptions) {
    this.#path = path;
    this.#historyEvents = historyEvents;
    this.#newEpoch = newEpoch ?? (() => crypto.randomUUID());
    const isFile = path !== ':memory:' && path !== '';
    this.#mark = isFile ? new Mark(path) : null;
    this.#lock = isFile ? new FileLock(path) : null;
    this.#waitMs = waitMs;
    this.#db = new DatabaseSync(path);
    try {
      this.#db.exec(
        `PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;`,
      );
      this.#checkFormat();
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  async open({ now, tailLimit, hear }: OpenOptions): Promise<Opened> {
    await this.#take();
    const opened = this.#atomically((): Opened => {
      const newestTime = this.#newestTime();
      const openedAt = Math.max(now, newestTime);
      const isNew = this.#one('SELECT 1 FROM about') === undefined;
      if (isNew) this.#run('INSERT INTO about VALUES (1, ?, ?, ?, 0)', this.#newEpoch(), now, now);
      // A format that did not tell: whatever was before counts as known.
      else if (!this.#one('SELECT 1 FROM runs'))
        this.#run('INSERT INTO runs VALUES (?, 0, ?)', this.#newEpoch(), openedAt);
      const restored = isNew ? null : this.#whyRestored();
      if (restored !== null) this.#renew(openedAt);
      const run = this.#newEpoch();
      this.#run('INSERT INTO runs VALUES (?, ?, ?)', run, openedAt, openedAt);
      this.#tailLimit = tailLimit;
      this.#told = { run, told: openedAt };
      return { newestTime, run, ...(restored !== null && { restored }) };
    });
    if (this.#mark) {
      this.#writeMark();
      // From now on it means something where there is none.
      this.#run('UPDATE about SET marked = 1 WHERE marked = 0');
    }
    if (hear) this.#hearers.add(hear);
    return opened;
  }

  async tell(run: string, time: number): Promise<void> {
    this.#tell(run, time);
    this.#markNowAndThen();
  }

  async runs(): Promise<readonly Run[]> {
    return this.#all('SELECT * FROM runs ORDER BY began').map((row) => ({
      id: textIn(row, 'id'),
      began: numberIn(row, 'began'),
      told: numberIn(row, 'told'),
    }));
  }

  async commit(transactions: readonly Transaction[], now: number): Promise<readonly Committed[]> {
    const committed = this.#atomically(() =>
      transactions.map((transaction) => this.#apply(transaction, now)),
    );
    this.#happened(happeningsOf(committed));
    return committed;
  }

  async read(name: string, from: From, take: Take): Promise<History> {
    const topic = this.#topic(name);
    const after = 'after' in from ? from.after : this.#newestBefore(topic, from.since);
    const known = 'after' in from ? after >= topic.forgotten : from.since > topic.forgottenTs;
    // Rows that outlived the history as state are not part of it.
    const start = Math.max(after, topic.forgotten);
    const afterTs = 'after' in from ? this.#timeOf(topic, from.after) : null;
    const head = { epoch: topic.epoch, offset: topic.newest, afterTs };
    if ('first' in take) {
      const events = this.#eventsAfter(topic, start, take.first);
      return { ...head, events, complete: known };
    }
    const cutStart = Math.max(start, topic.newest - take.last);
    const events = this.#eventsAfter(topic, cutStart, take.last);
    return { ...head, events, complete: known && cutStart === start };
  }

  async state(name: string): Promise<TopicState> {
    const topic = this.#topic(name);
    const rows = this.#all(
      `SELECT e.* FROM state s JOIN events e ON e.topic = s.topic AND e."offset" = s."offset" WHERE s.topic = ?
       UNION ALL
       SELECT * FROM (SELECT * FROM events WHERE topic = ? AND key IS NULL ORDER BY "offset" DESC LIMIT ?)
       ORDER BY "offset"`,
      topic.id,
      topic.id,
      this.#tailLimit,
    );
    return { epoch: topic.epoch, offset: topic.newest, ts: topic.newestTs, events: rows.map(eventOf) };
  }

  async renew(now: number): Promise<void> {
    await this.#take();
    this.#atomically(() => this.#renew(Math.max(now, this.#newestTime())));
  }

  async recall(command: CommandKey): Promise<CommandRecord | null> {
    return this.#recall(command);
  }

  async begin(commands: readonly CommandKey[], now: number): Promise<readonly CommandRecord[]> {
    return this.#atomically(() =>
      commands.map((command) => {
        const record = this.#recall(command);
        if (record) return record;
        this.#record(command, 'begun', null, now);
        return { status: 'begun' };
      }),
    );
  }

  async cancel(command: CommandKey, now: number): Promise<CommandEnd> {
    return this.#atomically(() => {
      const record = this.#recall(command);
      if (record && record.status !== 'begun') return record;
      const begun = record !== null;
      this.#record(command, begun ? 'cancelled_begun' : 'cancelled', null, now);
      return { status: 'cancelled', begun };
    });
  }

  async dedupeSince(): Promise<number> {
    return numberIn(this.#one('SELECT dedupe_since FROM about'), 'dedupe_since');
  }

  async position(): Promise<number> {
    return this.#admissions;
  }

  async admit(admissions: readonly Admission[], now: number): Promise<readonly Admitted[]> {
    const admitted = this.#atomically(() => {
      for (const { run } of admissions) this.#tell(run, now);
      return admissions.map((admission) => this.#admit(admission, now));
    });
    this.#markNowAndThen();
    this.#happened(admissionsOf(admissions, admitted));
    return admitted;
  }

  async disconnect(principal: Principal, run: string): Promise<void> {
    this.#happened([{ kind: 'disconnected', principal, run }]);
  }

  async owe(client: ClientKey, name: string, offsets: readonly number[], now: number): Promise<void> {
    const { id } = this.#topic(name);
    this.#atomically(() => {
      for (const offset of offsets) {
        this.#run(
          `INSERT OR IGNORE INTO deliveries
           SELECT ?, ?, topic, "offset", 0 FROM events WHERE topic = ? AND "offset" = ? AND critical = 1 AND ts > ?`,
          client.principal,
          client.clientId,
          id,
          offset,
          now - KEEP_MS,
        );
      }
    });
  }

  async owed(client: ClientKey, name: string): Promise<readonly LoggedEvent[]> {
    return this.#all(
      `SELECT e.* FROM deliveries d JOIN events e ON e.topic = d.topic AND e."offset" = d."offset"
       WHERE d.principal = ? AND d.client = ? AND d.topic = ? AND d.acknowledged = 0 ORDER BY d."offset"`,
      client.principal,
      client.clientId,
      this.#topic(name).id,
    ).map(eventOf);
  }

  async acknowledge(
    client: ClientKey,
    name: string,
    epoch: string,
    offsets: readonly number[],
  ): Promise<void> {
    const topic = this.#topic(name);
    if (topic.epoch !== epoch) return;
    this.#atomically(() => {
      for (const offset of offsets) {
        this.#run(
          'UPDATE deliveries SET acknowledged = 1 WHERE principal = ? AND client = ? AND topic = ? AND "offset" = ?',
          client.principal,
          client.clientId,
          topic.id,
          offset,
        );
      }
    });
  }

  async prune(now: number): Promise<void> {
    const before = now - KEEP_MS;
    this.#atomically(() => {
      // One later than the newest that is forgotten: ids of the same millisecond are forgotten together.
      this.#run(
        'UPDATE about SET dedupe_since = max(dedupe_since, coalesce((SELECT max(at) + 1 FROM commands WHERE at < ?), 0))',
        before,
      );
      this.#run('DELETE FROM commands WHERE at < ?', before);
      this.#run('DELETE FROM runs WHERE told < ?', before);
      this.#run('DELETE FROM clients WHERE used_at < ?', now - OWNER_KEEP_MS);
      this.#run(
        `DELETE FROM deliveries WHERE NOT EXISTS (
           SELECT 1 FROM events e WHERE e.topic = deliveries.topic AND e."offset" = deliveries."offset" AND e.ts >= ?)`,
        before,
      );
      for (const row of this.#all(
        'SELECT id FROM topics WHERE newest - forgotten > ?',
        this.#historyEvents,
      )) {
        this.#pruneTopic(numberIn(row, 'id'), before);
      }
    });
  }

  async close(): Promise<void> {
    this.#statements.clear();
    this.#hearers.clear();
    if (!this.#db.isOpen) return;
    this.#db.close();
    this.#writeMark();
    this.#lock?.release();
  }

  /** After the log has it: a mark that knows more says that the log was restored. */
  #happened(happenings: readonly Happening[]): void {
    for (const hear of this.#hearers) hear(happenings);
  }

  #tell(run: string, time: number): void {
    this.#run('UPDATE runs SET told = ? WHERE id = ? AND told < ?', time, run, time);
    this.#told = { run, told: time };
  }

  #admit({ client: { principal, clientId } }: Admission, now: number): Admitted {
    const row = this.#one('SELECT principal, used_at FROM clients WHERE id = ?', clientId);
    if (!row) this.#run('INSERT INTO clients VALUES (?, ?, ?)', clientId, principal, now);
    else if (textIn(row, 'principal') !== principal) return { status: 'foreign' };
    else if (numberIn(row, 'used_at') < now - USE_PRECISION_MS) {
      this.#run('UPDATE clients SET used_at = ? WHERE id = ?', now, clientId);
    }
    this.#admissions += 1;
    return { status: 'admitted', time: now, position: this.#admissions };
  }

  #markNowAndThen(): void {
    if (this.#told && this.#told.told >= this.#markedAt + MARK_MS) this.#writeMark();
  }

  #writeMark(): void {
    if (!this.#mark || !this.#told) return;
    this.#mark.write(this.#told);
    this.#markedAt = this.#told.told;
  }

  /** Nobody else works on the log from here on, and it has this version's tables. */
  async #take(): Promise<void> {
    await this.#lock?.take(this.#waitMs, () => this.#db.isOpen);
    try {
      // A newer version may have had it meanwhile, or this one was closed.
      this.#checkFormat();
      this.#createTables();
    } catch (error) {
      this.#lock?.release();
      throw error;
    }
  }

  get #format(): number {
    return numberIn(this.#db.prepare('PRAGMA user_version').get(), 'user_version');
  }

  #checkFormat(): void {
    const format = this.#format;
    if (format > FORMAT)
      throw new Error(`sqliteLog: ${this.#path} has format ${format}; this version reads format ${FORMAT}`);
  }

  #createTables(): void {
    this.#atomically(() => {
      const format = this.#format;
      if (format === 0) this.#db.exec(TABLES);
      else for (let from = format; from < FORMAT; from += 1) this.#db.exec(STEPS[from] ?? '');
      this.#db.exec(`PRAGMA user_version = ${FORMAT};`);
    });
  }

  #renew(now: number): void {
    const epoch = this.#newEpoch();
    this.#run('UPDATE topics SET epoch = ?', epoch);
    this.#run('UPDATE about SET epoch = ?, dedupe_since = max(dedupe_since, ?)', epoch, now);
  }

  /** By what the file shows that it was restored; `null` where it does not. */
  #whyRestored(): string | null {
    if (!this.#mark) return null;
    const marked = this.#mark.read();
    if (!marked) {
      const wasMarked = numberIn(this.#one('SELECT marked FROM about'), 'marked') === 1;
      return wasMarked ? `${this.#mark.path} is missing` : null;
    }
    const told = this.#one('SELECT told FROM runs WHERE id = ?', marked.run)?.['told'];
    if (typeof told === 'number' && told >= marked.told) return null;
    return `${this.#mark.path} knows of a later time than the log`;
  }

  /** 0 where there is none. */
  #newestTime(): number {
    const row = this.#one(
      `SELECT max(
         coalesce((SELECT max(told) FROM runs), 0),
         coalesce((SELECT max(at) FROM commands), 0),
         coalesce((SELECT max(newest_ts) FROM topics), 0)
       ) AS newest`,
    );
    return numberIn(row, 'newest');
  }

  #apply({ events, command }: Transaction, now: number): Committed {
    if (command) {
      const record = this.#recall(command);
      if (record?.status === 'accepted') return { status: 'duplicate', result: record.result };
      if (record?.status === 'cancelled') return record;
      this.#record(command, 'accepted', command.result, now);
    }
    return { status: 'committed', events: events.map((event) => this.#append(event, now)) };
  }

  #append({ topic: name, owedBy, ...content }: NewEvent, now: number): CommittedEvent {
    const id = this.#publishedTopic(name);
    const { epoch, newest, newestTs } = this.#topic(name);
    const event: LoggedEvent = {
      ...content,
      offset: newest + 1,
      prev: newest,
      ts: Math.max(now, newestTs),
    };
    const { offset, ts, key } = event;
    this.#run(
      'INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)',
      id,
      offset,
      ts,
      key,
      Number(event.gone),
      Number(event.critical),
      event.event,
    );
    this.#run('UPDATE topics SET newest = ?, newest_ts = ? WHERE id = ?', offset, ts, id);
    if (key !== null && event.gone) this.#run('DELETE FROM state WHERE topic = ? AND key = ?', id, key);
    else if (key !== null) this.#run('INSERT OR REPLACE INTO state VALUES (?, ?, ?)', id, key, offset);
    if (event.critical) {
      for (const { principal, clientId } of owedBy) {
        this.#run('INSERT OR IGNORE INTO deliveries VALUES (?, ?, ?, ?, 0)', principal, clientId, id, offset);
      }
    }
    return { topic: name, epoch, event, owedBy: event.critical ? owedBy : [] };
  }

  #pruneTopic(id: number, criticalBefore: number): void {
    this.#run(
      `UPDATE topics SET
         forgotten = newest - ?,
         forgotten_ts = (SELECT ts FROM events WHERE topic = topics.id AND "offset" = newest - ?)
       WHERE id = ?`,
      this.#historyEvents,
      this.#historyEvents,
      id,
    );
    this.#run(
      `DELETE FROM events
       WHERE topic = ?
         AND "offset" <= (SELECT forgotten FROM topics WHERE id = events.topic)
         AND NOT EXISTS (
           SELECT 1 FROM state s WHERE s.topic = events.topic AND s.key = events.key AND s."offset" = events."offset")
         AND NOT (key IS NULL AND "offset" IN (
           SELECT "offset" FROM events WHERE topic = ? AND key IS NULL ORDER BY "offset" DESC LIMIT ?))
         AND NOT (critical = 1 AND ts >= ?)`,
      id,
      id,
      this.#tailLimit,
      criticalBefore,
    );
  }

  #recall({ principal, id }: CommandKey): CommandRecord | null {
    const row = this.#one('SELECT state, result FROM commands WHERE principal = ? AND id = ?', principal, id);
    if (!row) return null;
    const state = textIn(row, 'state');
    switch (state) {
      case 'begun':
        return { status: 'begun' };
      case 'accepted':
        return { status: 'accepted', result: textOrNullIn(row, 'result') };
      case 'cancelled':
      case 'cancelled_begun':
        return { status: 'cancelled', begun: state === 'cancelled_begun' };
      default:
        throw wrongValue('state', state);
    }
  }

  #record({ principal, id }: CommandKey, state: CommandState, result: JsonText | null, now: number): void {
    this.#run('INSERT OR REPLACE INTO commands VALUES (?, ?, ?, ?, ?)', principal, id, now, result, state);
  }

  #topic(name: string): Topic {
    const row = this.#one('SELECT * FROM topics WHERE name = ?', name);
    if (!row) {
      const about = this.#one('SELECT * FROM about');
      return {
        id: null,
        epoch: textIn(about, 'epoch'),
        newest: 0,
        newestTs: 0,
        forgotten: 0,
        forgottenTs: numberIn(about, 'created_at') - 1,
      };
    }
    return {
      id: numberIn(row, 'id'),
      epoch: textIn(row, 'epoch'),
      newest: numberIn(row, 'newest'),
      newestTs: numberIn(row, 'newest_ts'),
      forgotten: numberIn(row, 'forgotten'),
      forgottenTs: numberIn(row, 'forgotten_ts'),
    };
  }

  #publishedTopic(name: string): number {
    const topic = this.#topic(name);
    if (topic.id !== null) return topic.id;
    const { lastInsertRowid } = this.#run(
      'INSERT INTO topics (name, epoch, newest, newest_ts, forgotten, forgotten_ts) VALUES (?, ?, 0, 0, 0, ?)',
      name,
      topic.epoch,
      topic.forgottenTs,
    );
    return Number(lastInsertRowid);
  }

  /** Of the event at that offset, as far as it is known. */
  #timeOf({ id, forgotten, forgottenTs }: Topic, offset: number): number | null {
    if (offset === 0) return null;
    if (offset === forgotten) return forgottenTs;
    const row = this.#one('SELECT ts FROM events WHERE topic = ? AND "offset" = ?', id, offset);
    return row ? numberIn(row, 'ts') : null;
  }

  /** The newest offset whose event is older than `since`; 0 where there is none. */
  #newestBefore({ id }: Topic, since: number): number {
    const row = this.#one(
      'SELECT "offset" FROM events WHERE topic = ? AND ts < ? ORDER BY ts DESC, "offset" DESC LIMIT 1',
      id,
      since,
    );
    return row ? numberIn(row, 'offset') : 0;
  }

  #eventsAfter({ id }: Topic, offset: number, limit: number): LoggedEvent[] {
    return this.#all(
      'SELECT * FROM events WHERE topic = ? AND "offset" > ? ORDER BY "offset" LIMIT ?',
      id,
      offset,
      limit,
    ).map(eventOf);
  }

  #atomically<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors, such as a full disk.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #prepared(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Values for anonymous parameters alone: not every Node that has `node:sqlite` binds `?1` by position. */
  #run(sql: string, ...values: SQLInputValue[]): { lastInsertRowid: number | bigint } {
    for (const value of values) {
      if (typeof value === 'string' && value.includes('\0')) {
        throw new Error(
          `sqliteLog: ${JSON.stringify(value)} holds U+0000, where some versions of SQLite end a text; nothing was written`,
        );
      }
    }
    return this.#prepared(sql).run(...values);
  }

  #one(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepared(sql).get(...values);
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepared(sql).all(...values);
  }
}

type CommandState = 'begun' | 'accepted' | 'cancelled' | 'cancelled_begun';

type Row = Record<string, SQLOutputValue>;

function eventOf(row: Row): LoggedEvent {
  const offset = numberIn(row, 'offset');
  return {
    offset,
    // This log leaves no offset out.
    prev: offset - 1,
    ts: numberIn(row, 'ts'),
    key: textOrNullIn(row, 'key'),
    gone: row['gone'] === 1,
    critical: row['critical'] === 1,
    event: textIn(row, 'event'),
  };
}

function numberIn(row: Row | undefined, column: string): number {
  const value = row?.[column];
  if (typeof value !== 'number') throw wrongValue(column, value);
  return value;
}

function textIn(row: Row | undefined, column: string): string {
  const value = row?.[column];
  if (typeof value !== 'string') throw wrongValue(column, value);
  return value;
}

function textOrNullIn(row: Row, column: string): string | null {
  return row[column] === null ? null : textIn(row, column);
}

function wrongValue(column: string, value: unknown): Error {
  return new Error(
    `sqliteLog: the column ${column} holds ${typeof value}: the file is damaged, or the log was not opened`,
  );
}
