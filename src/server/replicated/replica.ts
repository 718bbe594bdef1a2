/**
 * One server's copy of what the log comes to: applies the engine's records in order, and notices where they, or what has come
 * of them, are not what another server has applied.
 */
import type { Timers } from '../core/peer.ts';
import type { Standing } from '../log/event-log.ts';
import type { Outcome, Projection } from '../log/projection.ts';
import { type Note, noteText, readNote, withRecord } from './authors.ts';
import type { Engine, Following, LogRecord } from './engine.ts';
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
  /** What is tried again; `null` when it is over. */
  trouble(error: unknown): void;
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
  #note: Note;
  readonly #digests = new Map<number, string>();
  /** Applied as soon as they were answered: by position, until they come. */
  readonly #ahead = new Map<number, string>();
  #following: Following | null = null;
  /** Ends the wait for the next look; `null` where it does not follow the log. */
  #looking: (() => void) | null = null;
  #standing: Standing = { state: 'current' };

  constructor(engine: Engine, projection: Projection, events: ReplicaEvents, timers: Timers) {
    this.#engine = engine;
    this.#projection = projection;
    this.#events = events;
    this.#timers = timers;
    if (projection.position > 0 && projection.note === '') {
      throw new Error(
        'the projection is the log of a single server, and was not made from this log: begin with an empty one',
      );
    }
    this.#note = readNote(projection.note);
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

  /** Applies what the log holds now; from then on what comes. */
  async start(): Promise<void> {
    const newest = await this.#engine.newest();
    this.#mustReach(newest);
    while (this.position < newest) {
      const { records, oldest } = await this.#engine.read(this.position + 1, PAGE);
      if (oldest > this.position + 1) {
        throw new Error(
          `the log begins at ${oldest}, and this server has applied what was before ${this.position + 1}: start it from a dump of another server`,
        );
      }
      for (const record of records) this.#take(record);
      if (this.#standing.state === 'diverged') throw new LogDiverged(this.#standing.why);
    }
    if (this.#following) return;
    this.#following = this.#engine.follow(
      this.position + 1,
      async (records) => {
        for (const record of records) this.#take(record);
      },
      (error) => this.#events.trouble(error),
    );
    this.#lookAgain();
  }

  /** A record that this server has just appended. */
  placed(record: LogRecord): void {
    if (record.position !== this.position + 1 || this.#standing.state === 'diverged') return;
    try {
      this.#apply(record);
      this.#ahead.set(record.position, record.text);
    } catch (error) {
      // It comes again from the engine.
      this.#events.trouble(error);
    }
  }

  async stop(): Promise<void> {
    this.#looking?.();
    this.#looking = null;
    await this.#following?.stop();
    this.#following = null;
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
    const record = readRecord(text);
    const known = record.at <= this.position ? this.#digests.get(record.at) : null;
    if (known === null || (known !== undefined && known !== record.digest)) {
      this.#diverge(
        `the server that has written record ${position} has applied other records up to ${record.at}, or something else has come of them`,
      );
      return;
    }
    const isRepeat = record.number <= this.numberOf(record.author);
    const entries = isRepeat ? [] : entriesAt(record.entries, time);
    let note = this.#note;
    const outcomes = this.#projection.applyAll(position, entries, (come) => {
      const digest = nextDigest(this.#note.digest, text, isRepeat ? 'repeat' : come);
      const { author } = record;
      note = withRecord(this.#note, digest, {
        author,
        number: Math.max(record.number, this.numberOf(author)),
        time,
      });
      return noteText(note);
    });
    this.#note = note;
    this.#digests.set(position, note.digest);
    this.#digests.delete(position - DIGESTS);
    if (!isRepeat) this.#events.applied({ head: record, entries: record.entries, outcomes, time, position });
  }

  #lookAgain(): void {
    this.#looking = this.#timers.setTimer(LOOK_MS, () => void this.#look());
  }

  /** Whether it is behind; and whether the log ends before what it has applied. */
  async #look(): Promise<void> {
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
    this.#stand({ state: 'diverged', why });
  }

  #stand(standing: Standing): void {
    this.#standing = standing;
    this.#events.stands(standing);
  }
}
