/** What a server remembers on the disk. */
import type {
  Admission,
  Admitted,
  Committed,
  EventLog,
  Opened,
  OpenOptions,
  Principal,
  Transaction,
} from '../log/event-log.ts';
import { happeningsOf } from '../log/happenings.ts';
import { ProjectedLog } from '../log/projected-log.ts';
import type { Entries, EntryKind, MemoryLimits, Outcomes } from '../log/projection.ts';
import { topicAges } from '../log/topic-ages.ts';
import { Database, numberIn, numberOrNullIn } from './database.ts';
import { FileLock } from './file-lock.ts';
import { Mark, type Marked } from './restore-mark.ts';
import { checkFormat, makeTables } from './schema.ts';
import { SqliteProjection } from './sqlite-projection.ts';
import { applyNext, Writes } from './writes.ts';

export interface SqliteLogOptions {
  /** Events of each topic that can be replayed; the state by key is kept beyond it. @default 100_000 */
  readonly historyEvents?: number;
  /**
   * How long after its last event a topic ends by itself, as by `server.endTopic`, in milliseconds, by the beginning of its name:
   * `{ 'run:': 30 * 24 * 60 * 60 * 1_000 }`. Of several that fit the longest counts; `''` fits all. A topic with critical events of
   * the last 7 days stays until they are older. @default {}: none ends by itself
   */
  readonly endTopicsAfterMs?: Readonly<Record<string, number>>;
  /** Names a new epoch, differently each time. @default crypto.randomUUID */
  readonly newEpoch?: () => string;
  /**
   * How long the log waits for another server that has it, in milliseconds, before `open` rejects: in a rolling deploy, for the
   * end of the server before. Until then clients wait for their welcome. @default 0
   */
  readonly waitMs?: number;
}

/** How often the mark beside the file is written, at most: what is lost of less time is not noticed by it. */
const MARK_MS = 1_000;

/**
 * An `EventLog` in an SQLite file (Node's own `node:sqlite`, in WAL mode): what was acknowledged is on the disk, and
 * survives a restart, a crash and a loss of power. A small file beside it (`PATH-mark`) tells the log that it was restored from
 * a backup: leave it out of backups, and take it along where you move the log. A second server that takes the log into use is
 * refused, or waits (`waitMs`): it is locked by an empty file (`PATH-lock`), which stays there and may be removed only while no
 * server runs.
 *
 * @throws Error where the file cannot be opened, or was written by a newer version; RangeError for an age that is not a positive
 * number.
 */
export function sqliteLog(path: string, options: SqliteLogOptions = {}): EventLog {
  return new SqliteLog(path, options);
}

class SqliteLog extends ProjectedLog implements EventLog {
  readonly #path: string;
  readonly #db: Database;
  readonly #limits: Omit<MemoryLimits, 'tailLimit'>;
  readonly #newEpoch: () => string;
  readonly #waitMs: number;
  /** `null` of a log that lies in memory. */
  readonly #lock: FileLock | null;
  /** `null` of a log that lies in memory. */
  readonly #mark: Mark | null;
  /** `null` before the log is locked, and has its tables. */
  #projection: SqliteProjection | null = null;
  /** `null` as well of a log that lies in memory: it waits for no disk. */
  #writes: Writes | null = null;
  /** What the present run was told last; `null` before it is open. */
  #told: Marked | null = null;
  #markedAt = 0;

  constructor(
    path: string,
    { historyEvents = 100_000, endTopicsAfterMs, newEpoch, waitMs = 0 }: SqliteLogOptions,
  ) {
    super();
    this.#path = path;
    this.#limits = {
      historyEvents: Math.min(historyEvents, Number.MAX_SAFE_INTEGER),
      commandIds: Number.MAX_SAFE_INTEGER,
      clientIds: Number.MAX_SAFE_INTEGER,
      ...topicAges(endTopicsAfterMs),
    };
    this.#newEpoch = newEpoch ?? (() => crypto.randomUUID());
    this.#waitMs = waitMs;
    const isFile = path !== ':memory:' && path !== '';
    this.#lock = isFile ? new FileLock(path) : null;
    this.#mark = isFile ? new Mark(path) : null;
    this.#db = new Database(path);
    try {
      checkFormat(this.#db, path);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  async open({ now, tailLimit, hear }: OpenOptions): Promise<Opened> {
    const projection = await this.#take(now);
    this.#writes?.flush();
    const opened = projection.together((): Opened => {
      const restored = this.#whyRestored(projection);
      const limits = { ...this.#limits, tailLimit };
      const epoch = this.newName();
      const run = this.newName();
      const { newestTime } = applyNext(projection, { kind: 'open', content: { now, limits, run, epoch } });
      if (restored !== null)
        applyNext(projection, { kind: 'renew', content: { now, epoch: this.newName() } });
      return { newestTime, run, ...(restored !== null && { restored }) };
    });
    this.#told = { run: opened.run, told: Math.max(now, opened.newestTime) };
    if (this.#mark) {
      this.#writeMark();
      // From now on it means something where there is none.
      this.#db.run('UPDATE about SET marked = 1 WHERE marked = 0');
    }
    this.hear(hear);
    return opened;
  }

  async tell(run: string, now: number): Promise<void> {
    await this.#write('tell', { now, run, counted: now }, () => this.#mayMark(run, now));
  }

  async commit(transactions: readonly Transaction[], now: number): Promise<readonly Committed[]> {
    return await this.write('commit', { now, transactions });
  }

  async renew(now: number): Promise<void> {
    await this.#take(now);
    await this.write('renew', { now, epoch: this.newName() });
  }

  override async admit(admissions: readonly Admission[], now: number): Promise<readonly Admitted[]> {
    return await this.#write('admit', { now, admissions, counted: now }, () => {
      for (const { run } of admissions) this.#mayMark(run, now);
    });
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
    if (!this.#db.isOpen) return;
    this.#writes?.flush();
    this.hearNoMore();
    this.#db.close();
    this.#writeMark();
    this.#lock?.release();
  }

  protected newName(): string {
    return this.#newEpoch();
  }

  protected async write<K extends EntryKind>(kind: K, content: Entries[K]): Promise<Outcomes[K]> {
    return await this.#write(kind, content, () => {});
  }

  /** @param written called once it is on the disk, before anybody hears of it. */
  async #write<K extends EntryKind>(kind: K, content: Entries[K], written: () => void): Promise<Outcomes[K]> {
    const projection = this.usable();
    const heard = (outcome: Outcomes[K]) => {
      written();
      this.announce(happeningsOf(kind, content, outcome));
    };
    if (this.#writes) return await this.#writes.add<K>({ kind, content }, heard);
    const outcome = applyNext<K>(projection, { kind, content });
    heard(outcome);
    return outcome;
  }

  protected usable(): SqliteProjection {
    if (!this.#projection || !this.#db.isOpen) throw new Error(`sqliteLog: ${this.#path} is not open`);
    return this.#projection;
  }

  /** Nobody else works on the log from here on, and it has this version's tables. */
  async #take(now: number): Promise<SqliteProjection> {
    await this.#lock?.take(this.#waitMs, () => this.#db.isOpen);
    try {
      // Fails where this one was closed meanwhile, or a newer version has had the file.
      makeTables(this.#db, this.#path, now);
      const projection = this.#projection ?? new SqliteProjection(this.#db);
      if (projection.note !== '') {
        throw new Error(
          `sqliteLog: ${this.#path} holds what a server has made of a replicated log, and is no log of its own: name another file`,
        );
      }
      if (this.#lock) this.#writes ??= new Writes(projection);
      this.#projection = projection;
      return projection;
    } catch (error) {
      this.#lock?.release();
      throw error;
    }
  }

  #mayMark(run: string, told: number): void {
    this.#told = { run, told };
    if (told >= this.#markedAt + MARK_MS) this.#writeMark();
  }

  /** After the log has it: a mark that knows more says that the log was restored. */
  #writeMark(): void {
    if (!this.#mark || !this.#told) return;
    this.#mark.write(this.#told);
    this.#markedAt = this.#told.told;
  }

  /** By what the file shows that it was restored; `null` where it does not, and where it is new. */
  #whyRestored(projection: SqliteProjection): string | null {
    const { isNew, isMarked } = this.#seenBefore();
    if (!this.#mark || isNew) return null;
    const marked = this.#mark.read();
    if (!marked) return isMarked ? `${this.#mark.path} is missing` : null;
    const known = projection.runs().find(({ id }) => id === marked.run);
    if (known && known.told >= marked.told) return null;
    return `${this.#mark.path} knows of a later time than the log`;
  }

  #seenBefore(): { isNew: boolean; isMarked: boolean } {
    const about = this.#db.one('SELECT started_at, marked FROM about');
    return { isNew: numberOrNullIn(about, 'started_at') === null, isMarked: numberIn(about, 'marked') === 1 };
  }
}
