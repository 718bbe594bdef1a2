/**
 * One server's copy of what the log comes to: applies the engine's records in order, and notices where they, or what has come
 * of them, are not what another server has applied.
 */
import type { Timers } from '../core/peer.ts';
import type { Standing } from '../log/event-log.ts';
import { MemoryProjection } from '../log/memory-projection.ts';
import type { Outcome, Projection } from '../log/projection.ts';
import { type Note, noteText, readNote, withRecord } from './authors.ts';
import { DumpFailed, Dumps } from './dumps.ts';
import { type Engine, type Following, ForgottenError, type LogRecord } from './engine.ts';
import { entriesAt, nextDigest, type RecordHead, readRecord, type Written } from './record.ts';

/** A record that was applied, and what has come of it. */
export interface Applied {
  readonly head: RecordHead;
  readonly entries: readonly Written[];
  readonly outcomes: readonly Outcome[];
  readonly time: number;
  readonly position: number;
}

export interface ReplicaEvents {
  applied(record: Applied): void;
  stands(standing: Standing): void;
  /** What it needs next is forgotten: it diverges once the promise has resolved. */
  leftBehind(error: LogDiverged): Promise<void>;
  /** What is tried again; `null` when it is over. A `DumpFailed` is neither. */
  trouble(error: unknown): void;
  starting(progress: StartProgress): void;
}

/** How far a server has come that starts. */
export type StartProgress =
  /** It reads the dump of this position, and has so many parts of it. */
  | { readonly kind: 'loading'; readonly position: number; readonly parts: number }
  /** It has applied what is up to this position, of what was there when it began. */
  | { readonly kind: 'applying'; readonly position: number; readonly newest: number };

export interface ReplicaOptions {
  readonly engine: Engine;
  readonly projection: Projection;
  readonly events: ReplicaEvents;
  readonly timers: Timers;
  /** As whom this server writes; `null`: it never does. */
  readonly author: string | null;
  /** A dump is due at each multiple of it. */
  readonly recordsPerDump: number;
}

/** The server does not know what the others know. */
export class LogDiverged extends Error {
  override readonly name = 'LogDiverged';
  readonly code = 'log_diverged';
}

/** Records that are read at once while it catches up. */
const PAGE = 500;
/** Of the newest positions, so many digests are kept: an author that is further behind is not compared. */
const DIGESTS = 10_000;
/** How often the newest position is asked for. */
const LOOK_MS = 1_000;
/** So many records behind it takes nothing new on, until it is nearly there. */
const BEHIND = 1_000;
const NEARLY = 10;

export class Replica {
  readonly #engine: Engine;
  readonly #projection: Projection;
  readonly #events: ReplicaEvents;
  readonly #timers: Timers;
  readonly #author: string | null;
  readonly #recordsPerDump: number;
  readonly #dumps: Dumps;
  #note: Note;
  readonly #digests = new Map<number, string>();
  /** Applied as soon as they were answered: by position, until they come. */
  readonly #ahead = new Map<number, string>();
  #following: Following | null = null;
  /** Ends the wait for the next look; `null` where it does not follow the log. */
  #looking: (() => void) | null = null;
  #standing: Standing = { state: 'current' };
  #isLeftBehind = false;
  /** The position of the dump from which it has started; `null`: from none. */
  #loaded: number | null = null;
  /** Of the dump from which the log goes on, which it has met while it starts. */
  #needed: number | null = null;
  /** Positions of dumps after which others have written that they know something else. */
  readonly #doubted = new Set<number>();
  #isStopped = false;

  constructor({ engine, projection, events, timers, author, recordsPerDump }: ReplicaOptions) {
    this.#engine = engine;
    this.#projection = projection;
    this.#events = events;
    this.#timers = timers;
    this.#author = author;
    this.#recordsPerDump = recordsPerDump;
    const dumpEvents = {
      trouble: (error: DumpFailed) => events.trouble(error),
      read: (position: number, parts: number) => events.starting({ kind: 'loading', position, parts }),
    };
    this.#dumps = new Dumps(engine, projection, dumpEvents, timers);
    if (projection.position > 0 && projection.note === '') {
      throw new Error(
        'the projection is the log of a single server, and was not made from this log: begin with an empty one',
      );
    }
    this.#note = readNote(projection.note);
    this.#digests.set(this.position, this.digest);
  }

  get position(): number {
    return this.#projection.position;
  }

  get digest(): string {
    return this.#note.digest;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** The number of the author's newest record that was applied; 0 where there is none. */
  numberOf(author: string): number {
    return this.#note.authors[author]?.number ?? 0;
  }

  /**
   * Applies what the log holds now, on top of a dump where that is faster or what it needs is forgotten; from then on what comes.
   *
   * @param isToBeRenewed then it does not matter whether those who have written the log have all known it as it is now.
   */
  async start({ isToBeRenewed = false } = {}): Promise<void> {
    if (this.#following) return;
    const newest = await this.#engine.newest();
    this.#mustReach(newest);
    // Not needed: where none can be loaded, the records are applied.
    await this.#load(this.position + this.#recordsPerDump);
    await this.#applyUpTo(newest);
    while (this.#note.doubt !== undefined && (await this.#beginAnew(this.#note.doubt)))
      await this.#applyUpTo(newest);
    const { doubt } = this.#note;
    if (doubt !== undefined && !isToBeRenewed) {
      this.#diverge(doubt);
      throw new LogDiverged(doubt);
    }
    if (this.#isStopped) throw new Error('replicatedLog: it was closed while it started');
    this.#following = this.#follow();
    this.#lookAgain();
  }

  /** A record that this server has just appended. */
  placed(record: LogRecord): void {
    const { author, number } = readRecord(record.text);
    // Else it was heard of before it was answered.
    if (record.position <= this.position && this.numberOf(author) < number)
      this.#diverge(
        `what this server has written is at position ${record.position}, where it has applied something else`,
      );
    if (record.position !== this.position + 1 || this.#standing.state === 'diverged') return;
    // It comes again from the engine.
    if (this.#dumps.taking) return;
    try {
      this.#apply(record);
      this.#ahead.set(record.position, record.text);
    } catch (error) {
      this.#events.trouble(error);
      // It comes again from the engine, where it is told if it fails again.
      this.#events.trouble(null);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#looking?.();
    this.#looking = null;
    const following = this.#following;
    this.#following = null;
    await this.#dumps.stop();
    await following?.stop();
  }

  async #applyUpTo(newest: number): Promise<void> {
    while (this.position < newest) {
      const { records, oldest } = await this.#engine.read(this.position + 1, PAGE);
      if (oldest > this.position + 1) {
        const failures = await this.#load(oldest - 1);
        if (failures) throw noDump(oldest, this.position, failures);
        continue;
      }
      for (const record of records) {
        this.#take(record);
        if (this.#needed !== null) break;
      }
      if (this.#standing.state === 'diverged') throw new LogDiverged(this.#standing.why);
      if (this.#needed !== null) await this.#goOnFrom(this.#needed);
      this.#events.starting({ kind: 'applying', position: this.position, newest });
    }
  }

  /** What leads to this position is in no record. */
  async #goOnFrom(needed: number): Promise<void> {
    this.#needed = null;
    const failures = await this.#load(needed);
    if (!failures) return;
    throw new Error(
      `from record ${needed} on the log goes on from a dump that cannot be loaded: begin with that renewal once more`,
      { cause: failures[0] },
    );
  }

  /** Resolves to why there is none of this position or a later one; to `null` where one was loaded. */
  async #load(from: number): Promise<readonly unknown[] | null> {
    const failures = await this.#dumps.load(from, this.#doubted);
    if (failures) return failures;
    this.#loaded = this.position;
    this.#becameAnother();
    return null;
  }

  /**
   * From an older dump, or from the beginning of the log, where it may be the loaded dump that is not what others have applied.
   * Resolves to whether there was anything older.
   */
  async #beginAnew(doubt: string): Promise<boolean> {
    const loaded = this.#loaded;
    if (loaded === null) return false;
    this.#loaded = null;
    this.#doubted.add(loaded);
    this.#events.trouble(new DumpFailed(`the dump of ${loaded} is not used`, doubt));
    const { oldest } = await this.#engine.read(1, 1);
    if ((await this.#load(oldest - 1)) === null) return true;
    if (oldest > 1) return false;
    await this.#dumps.become(new MemoryProjection().dump());
    this.#becameAnother();
    return true;
  }

  #becameAnother(): void {
    this.#note = readNote(this.#projection.note);
    this.#digests.clear();
    this.#digests.set(this.position, this.digest);
  }

  #follow(): Following {
    return this.#engine.follow(
      this.position + 1,
      async (records) => {
        for (const record of records) {
          while (this.#dumps.taking) await this.#dumps.taking;
          this.#take(record);
        }
      },
      (error) => {
        if (error instanceof ForgottenError) this.#missed(error);
        else this.#events.trouble(error);
      },
    );
  }

  /** What it would hear next is forgotten: it lags so far behind, or has only not heard yet of what it applied ahead. */
  #missed({ oldest }: ForgottenError): void {
    if (this.#isLeftBehind) return;
    if (oldest > this.position + 1) {
      this.#isLeftBehind = true;
      const why = `the log begins at ${oldest}, and this server, which was behind for too long, has applied what was up to ${this.position}`;
      void this.#events.leftBehind(new LogDiverged(why)).finally(() => this.#diverge(why));
      return;
    }
    const following = this.#following;
    if (!following) return;
    void following.stop().then(() => {
      if (this.#following !== following) return;
      this.#ahead.clear();
      this.#following = this.#follow();
    });
  }

  #take(record: LogRecord): void {
    if (this.#standing.state === 'diverged') return;
    if (record.position > this.position) {
      this.#apply(record);
      return;
    }
    const own = this.#ahead.get(record.position);
    this.#ahead.delete(record.position);
    if (own !== undefined && own !== record.text)
      this.#diverge(`another record than the one that was answered is at position ${record.position}`);
  }

  #apply({ position, time, text }: LogRecord): void {
    if (position !== this.position + 1) {
      this.#diverge(`position ${position} follows ${this.position}`);
      return;
    }
    let record: ReturnType<typeof readRecord>;
    try {
      record = readRecord(text);
    } catch (error) {
      // Others have applied it: to wait for one that can be read would be for ever.
      const why = error instanceof Error ? error.message : String(error);
      this.#diverge(`record ${position} cannot be read by this version of the server (${why}): update it`);
      return;
    }
    if (record.from === 'dump') {
      if (this.#following)
        this.#diverge(
          `since record ${position} the log goes on from what one server knew, as a person has said: start this one anew, without its projection's file`,
        );
      else this.#needed = position;
      return;
    }
    let { doubt } = this.#note;
    const known = record.at <= this.position ? this.#digests.get(record.at) : null;
    if (known === null || (known !== undefined && known !== record.digest)) {
      const why = `the server that has written record ${position} has applied other records up to ${record.at}, or something else has come of them`;
      // While it starts: a person may have seen to it since, by a renewal that is yet to be read.
      if (this.#following) {
        this.#diverge(why);
        return;
      }
      doubt ??= why;
    }
    const isRepeat = record.number <= this.numberOf(record.author);
    const entries = isRepeat ? [] : entriesAt(record.entries, time);
    if (entries.some(({ kind }) => kind === 'renew')) doubt = undefined;
    let note = this.#note;
    const outcomes = this.#projection.applyAll(position, entries, (come) => {
      const digest = nextDigest(this.#note.digest, text, isRepeat ? 'repeat' : come);
      const { author } = record;
      const number = Math.max(record.number, this.numberOf(author));
      note = withRecord(this.#note, { digest, doubt }, { author, number, time, position });
      return noteText(note);
    });
    this.#note = note;
    this.#digests.set(position, note.digest);
    this.#digests.delete(position - DIGESTS);
    if (!isRepeat) this.#events.applied({ head: record, entries: record.entries, outcomes, time, position });
    if (record.author === this.#author && position % this.#recordsPerDump === 0) this.#dumps.make();
  }

  #lookAgain(): void {
    this.#looking = this.#timers.setTimer(LOOK_MS, () => void this.#look());
  }

  /** Whether it is behind; and whether the log ends before what it has applied. */
  async #look(): Promise<void> {
    // What waits for a dump comes right after it.
    if (this.#dumps.taking) return this.#lookAgain();
    try {
      // Before it is asked: what is appended meanwhile is no divergence.
      const { position } = this;
      const newest = await this.#engine.newest();
      if (newest < position) this.#mustReach(newest);
      const records = newest - this.position;
      if (this.#standing.state === 'current' && records > BEHIND) this.#stand({ state: 'behind', records });
      if (this.#standing.state === 'behind' && records <= NEARLY) this.#stand({ state: 'current' });
    } catch {
      // Who needs the engine hears of it.
    }
    if (this.#looking) this.#lookAgain();
  }

  #mustReach(newest: number): void {
    if (newest >= this.position) return;
    this.#diverge(`the log ends at ${newest}, and this server has applied what was at ${this.position}`);
    throw new LogDiverged('the log does not hold what this server has applied');
  }

  #diverge(why: string): void {
    if (this.#standing.state === 'diverged') return;
    // What it knows is nothing to start from.
    void this.#dumps.stop();
    this.#stand({ state: 'diverged', why });
  }

  #stand(standing: Standing): void {
    this.#standing = standing;
    this.#events.stands(standing);
  }
}

function noDump(oldest: number, position: number, failures: readonly unknown[]): Error {
  const why = failures.length === 0 ? 'there is no dump to start from' : 'none of its dumps could be loaded';
  return new Error(
    `the log begins at ${oldest}, this server has applied what was before ${position + 1}, and ${why}`,
    { cause: failures[0] },
  );
}
