/** The topics of an SQLite projection: their events, their state by key, and what is forgotten of them. */
import {
  type From,
  type History,
  KEEP_MS,
  type LoggedEvent,
  type NewEvent,
  type Take,
  type TopicState,
} from '../log/event-log.ts';
import type { MemoryLimits } from '../log/projection.ts';
import { ageOf } from '../log/topic-ages.ts';
import type { About } from './about.ts';
import { type Database, numberIn, type Row, textIn, textOrNullIn } from './database.ts';

/** As its row has it. */
export interface Topic {
  readonly id: number;
  readonly name: string;
  readonly epoch: string;
  readonly newest: number;
  readonly newestTs: number;
  readonly forgotten: number;
  readonly forgottenTs: number;
}

/** Topics whose rows are held, since each event needs its topic's. */
const HELD_TOPICS = 1_000;
/** Of one without a row: no event has it. */
const NO_ID = 0;

export class SqliteTopics {
  readonly #db: Database;
  readonly #about: () => About;
  readonly #held = new Map<string, Topic>();

  constructor(db: Database, about: () => About) {
    this.#db = db;
    this.#about = about;
  }

  /** What is held may not be what the file has any more. */
  refresh(): void {
    this.#held.clear();
  }

  /** `null` where it has no event, and had none before it ended. */
  find(name: string): Topic | null {
    const held = this.#held.get(name);
    if (held) return held;
    const row = this.#db.one('SELECT * FROM topics WHERE name = ?', name);
    return row ? this.#hold(topicOf(row)) : null;
  }

  append({ topic: name, owedBy: _, ...content }: NewEvent, now: number): [Topic, LoggedEvent] {
    const { key, gone, critical, event } = content;
    const before = this.find(name) ?? this.#begin(name);
    const { id, newest: prev } = before;
    const topic = this.#hold({ ...before, newest: prev + 1, newestTs: Math.max(now, before.newestTs) });
    const { newest: offset, newestTs: ts } = topic;
    this.#db.run(
      'INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)',
      id,
      offset,
      ts,
      key,
      Number(gone),
      Number(critical),
      event,
    );
    this.#db.run('UPDATE topics SET newest = ?, newest_ts = ? WHERE id = ?', offset, ts, id);
    if (key !== null && gone) this.#db.run('DELETE FROM state WHERE topic = ? AND key = ?', id, key);
    else if (key !== null) this.#db.run('INSERT OR REPLACE INTO state VALUES (?, ?, ?)', id, key, offset);
    // In this order, so that outcomes are alike as text, too.
    return [topic, { ...content, offset, prev, ts }];
  }

  renew(epoch: string): void {
    this.refresh();
    this.#db.run('UPDATE topics SET epoch = ?', epoch);
  }

  /** Those that end by themselves now, in the order in which they began. */
  aged(now: number): string[] {
    const { limits } = this.#about();
    const youngest = Math.min(...(limits.topicAges ?? []).map(({ ms }) => ms));
    if (youngest === Number.POSITIVE_INFINITY) return [];
    return this.#db
      .all(
        `SELECT name, newest_ts FROM topics WHERE newest > 0 AND newest_ts < ? AND NOT EXISTS (
           SELECT 1 FROM events e WHERE e.topic = topics.id AND e.ts >= ? AND e.critical = 1)
         ORDER BY id`,
        now - youngest,
        now - KEEP_MS,
      )
      .filter((row) => numberIn(row, 'newest_ts') < now - ageOf(limits, textIn(row, 'name')))
      .map((row) => textIn(row, 'name'));
  }

  /** `null` where it has no event. Else what is left of it is that it has ended. */
  end(name: string, epoch: string, now: number): Topic | null {
    const topic = this.find(name);
    if (!topic || topic.newest === 0) return null;
    const { id } = topic;
    this.#db.run('DELETE FROM events WHERE topic = ?', id);
    this.#db.run('DELETE FROM state WHERE topic = ?', id);
    this.#db.run(
      'UPDATE topics SET epoch = ?, newest = 0, newest_ts = 0, forgotten = 0, forgotten_ts = ? WHERE id = ?',
      epoch,
      now,
      id,
    );
    return this.#hold({ id, name, epoch, newest: 0, newestTs: 0, forgotten: 0, forgottenTs: now });
  }

  /** Those that have ended before that, and had no event since. Answers whether there were any. */
  forgetEnded(before: number): boolean {
    const count = this.#db.run('DELETE FROM topics WHERE newest = 0 AND forgotten_ts < ?', before);
    this.refresh();
    return count > 0;
  }

  /** Twice the limit before an event cuts anything, so that the cost of cutting is spread over many events. */
  cutIfLong(topic: Topic, criticalSince: number): void {
    const { limits } = this.#about();
    if (topic.newest - topic.forgotten >= 2 * limits.historyEvents) this.#cut(topic, limits, criticalSince);
  }

  prune(criticalSince: number): void {
    const { limits } = this.#about();
    const long = this.#db.all(
      `SELECT * FROM topics WHERE newest - forgotten > ?
         OR EXISTS (SELECT 1 FROM events e WHERE e.topic = topics.id AND e."offset" <= forgotten)`,
      limits.historyEvents,
    );
    for (const row of long) this.#cut(topicOf(row), limits, criticalSince);
  }

  read(name: string, from: From, take: Take): History {
    const topic = this.find(name) ?? this.#without(name);
    const after = 'after' in from ? from.after : this.#newestBefore(topic, from.since);
    const known = 'after' in from ? after >= topic.forgotten : from.since > topic.forgottenTs;
    // What outlived the history is not part of it.
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

  state(name: string): TopicState {
    const { id, epoch, newest, newestTs } = this.find(name) ?? this.#without(name);
    const rows = this.#db.all(
      `SELECT e.* FROM state s JOIN events e ON e.topic = s.topic AND e."offset" = s."offset" WHERE s.topic = ?
       UNION ALL
       SELECT * FROM (SELECT * FROM events INDEXED BY events_without_key WHERE topic = ? AND key IS NULL ORDER BY "offset" DESC LIMIT ?)
       ORDER BY "offset"`,
      id,
      id,
      this.#about().limits.tailLimit,
    );
    return { epoch, offset: newest, ts: newestTs, events: rows.map(eventOf) };
  }

  /** The newest event of a key that is not gone. */
  latest(name: string, key: string): LoggedEvent | null {
    const { id } = this.find(name) ?? this.#without(name);
    const row = this.#db.one(
      `SELECT e.* FROM state s JOIN events e ON e.topic = s.topic AND e."offset" = s."offset"
       WHERE s.topic = ? AND s.key = ?`,
      id,
      key,
    );
    return row ? eventOf(row) : null;
  }

  #hold(topic: Topic): Topic {
    if (this.#held.size >= HELD_TOPICS && !this.#held.has(topic.name)) this.#held.clear();
    this.#held.set(topic.name, topic);
    return topic;
  }

  #without(name: string): Topic {
    const { epoch, startedAt } = this.#about();
    const forgottenTs = (startedAt ?? 0) - 1;
    return { id: NO_ID, name, epoch, newest: 0, newestTs: 0, forgotten: 0, forgottenTs };
  }

  #begin(name: string): Topic {
    const { epoch, forgottenTs } = this.#without(name);
    this.#db.run(
      'INSERT INTO topics (name, epoch, newest, newest_ts, forgotten, forgotten_ts) VALUES (?, ?, 0, 0, 0, ?)',
      name,
      epoch,
      forgottenTs,
    );
    return topicOf(this.#db.one('SELECT * FROM topics WHERE name = ?', name));
  }

  #cut(before: Topic, { historyEvents, tailLimit }: MemoryLimits, criticalSince: number): void {
    const { id, newest } = before;
    let topic = before;
    if (newest - before.forgotten > historyEvents) {
      const forgotten = newest - historyEvents;
      const forgottenTs = this.#timeOf(before, forgotten) ?? 0;
      topic = this.#hold({ ...before, forgotten, forgottenTs });
      this.#db.run(
        'UPDATE topics SET forgotten = ?, forgotten_ts = ? WHERE id = ?',
        forgotten,
        forgottenTs,
        id,
      );
    }
    this.#db.run(
      `DELETE FROM events
       WHERE topic = ? AND "offset" <= ?
         AND NOT EXISTS (
           SELECT 1 FROM state s WHERE s.topic = events.topic AND s.key = events.key AND s."offset" = events."offset")
         AND NOT (key IS NULL AND "offset" IN (
           SELECT "offset" FROM events INDEXED BY events_without_key WHERE topic = ? AND key IS NULL ORDER BY "offset" DESC LIMIT ?))
         AND NOT (critical = 1 AND ts >= ?)`,
      id,
      topic.forgotten,
      id,
      tailLimit,
      criticalSince,
    );
  }

  /** Of the event at that offset, as far as the history knows it. */
  #timeOf({ id, forgotten, forgottenTs }: Topic, offset: number): number | null {
    if (offset === 0 || offset < forgotten) return null;
    if (offset === forgotten) return forgottenTs;
    const row = this.#db.one('SELECT ts FROM events WHERE topic = ? AND "offset" = ?', id, offset);
    return row ? numberIn(row, 'ts') : null;
  }

  /** The newest offset whose event is older than `since`; 0 where there is none. */
  #newestBefore({ id }: Topic, since: number): number {
    const row = this.#db.one(
      'SELECT "offset" FROM events WHERE topic = ? AND ts < ? ORDER BY ts DESC, "offset" DESC LIMIT 1',
      id,
      since,
    );
    return row ? numberIn(row, 'offset') : 0;
  }

  #eventsAfter({ id }: Topic, offset: number, limit: number): LoggedEvent[] {
    return this.#db
      .all(
        'SELECT * FROM events WHERE topic = ? AND "offset" > ? ORDER BY "offset" LIMIT ?',
        id,
        offset,
        limit,
      )
      .map(eventOf);
  }
}

export function topicOf(row: Row | undefined): Topic {
  return {
    id: numberIn(row, 'id'),
    name: textIn(row, 'name'),
    epoch: textIn(row, 'epoch'),
    newest: numberIn(row, 'newest'),
    newestTs: numberIn(row, 'newest_ts'),
    forgotten: numberIn(row, 'forgotten'),
    forgottenTs: numberIn(row, 'forgotten_ts'),
  };
}

export function eventOf(row: Row): LoggedEvent {
  const offset = numberIn(row, 'offset');
  return {
    offset,
    // No projection leaves an offset out.
    prev: offset - 1,
    ts: numberIn(row, 'ts'),
    key: textOrNullIn(row, 'key'),
    gone: row['gone'] === 1,
    critical: row['critical'] === 1,
    event: textIn(row, 'event'),
  };
}
