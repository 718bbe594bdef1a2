/** Which critical events of an SQLite projection a client must acknowledge, and which it has. */
import { type ClientKey, type From, KEEP_MS, type LoggedEvent } from '../log/event-log.ts';
import type { About } from './about.ts';
import { type Database, numberIn } from './database.ts';
import { eventOf, type SqliteTopics, type Topic } from './sqlite-topics.ts';

const GIVEN = '"offset" IN (SELECT value FROM json_each(?))';
const AFTER = '"offset" > ?';
const SINCE = 'ts >= ?';

export class SqliteDeliveries {
  readonly #db: Database;
  readonly #topics: SqliteTopics;
  readonly #about: () => About;

  constructor(db: Database, topics: SqliteTopics, about: () => About) {
    this.#db = db;
    this.#topics = topics;
    this.#about = about;
  }

  /** Of an event that was just appended. */
  deliver({ principal, clientId }: ClientKey, { id }: Topic, { offset }: LoggedEvent): void {
    this.#db.run('INSERT OR IGNORE INTO deliveries VALUES (?, ?, ?, ?, 0)', principal, clientId, id, offset);
  }

  /** @param debt `epoch`: `null`: in whichever the topic is */
  owe(
    { principal, clientId }: ClientKey,
    debt: { topic: string; epoch: string | null; offsets: readonly number[]; upTo: number },
    now: number,
  ): void {
    const { epoch, offsets, upTo } = debt;
    const topic = this.#topics.find(debt.topic);
    if (!topic || (epoch ?? topic.epoch) !== topic.epoch) return;
    for (const offset of offsets) {
      this.#db.run(
        `INSERT OR IGNORE INTO deliveries
         SELECT ?, ?, topic, "offset", 0 FROM events WHERE topic = ? AND "offset" = ? AND critical = 1 AND ts > ?`,
        principal,
        clientId,
        topic.id,
        offset,
        now - KEEP_MS,
      );
    }
    const recorded = Math.min(upTo, topic.newest);
    if (recorded === 0) return;
    this.#db.run(
      `INSERT INTO recorded SELECT ?, ?, ?, ?
       WHERE EXISTS (SELECT 1 FROM deliveries WHERE principal = ? AND client = ? AND topic = ?)
       ON CONFLICT DO UPDATE SET up_to = max(up_to, excluded.up_to)`,
      principal,
      clientId,
      topic.id,
      recorded,
      principal,
      clientId,
      topic.id,
    );
  }

  unrecorded(
    { principal, clientId }: ClientKey,
    name: string,
    given: readonly number[],
    from: From | null,
  ): LoggedEvent[] {
    const topic = this.#topics.find(name);
    if (!topic) return [];
    const recorded = this.#db.one(
      'SELECT up_to FROM recorded WHERE principal = ? AND client = ? AND topic = ?',
      principal,
      clientId,
      topic.id,
    );
    const beyond = recorded ? { after: numberIn(recorded, 'up_to') } : from;
    const those = (condition: string, value: number | string) =>
      this.#db
        .all(
          `SELECT * FROM events e WHERE topic = ? AND critical = 1 AND ts > ? AND ${condition} AND NOT EXISTS (
             SELECT 1 FROM deliveries d
             WHERE d.principal = ? AND d.client = ? AND d.topic = e.topic AND d."offset" = e."offset")`,
          topic.id,
          this.#about().newestTime - KEEP_MS,
          value,
          principal,
          clientId,
        )
        .map(eventOf);
    const found = given.length === 0 ? [] : those(GIVEN, JSON.stringify(given));
    if (beyond) found.push(...('after' in beyond ? those(AFTER, beyond.after) : those(SINCE, beyond.since)));
    const byOffset = new Map(found.map((event) => [event.offset, event]));
    return [...byOffset.values()].sort((a, b) => a.offset - b.offset);
  }

  owed({ principal, clientId }: ClientKey, name: string): LoggedEvent[] {
    const topic = this.#topics.find(name);
    if (!topic) return [];
    return this.#db
      .all(
        `SELECT e.* FROM deliveries d JOIN events e ON e.topic = d.topic AND e."offset" = d."offset"
         WHERE d.principal = ? AND d.client = ? AND d.topic = ? AND d.acknowledged = 0 ORDER BY d."offset"`,
        principal,
        clientId,
        topic.id,
      )
      .map(eventOf);
  }

  acknowledge(
    { principal, clientId }: ClientKey,
    name: string,
    epoch: string,
    offsets: readonly number[],
  ): void {
    const topic = this.#topics.find(name);
    if (topic?.epoch !== epoch) return;
    for (const offset of offsets) {
      this.#db.run(
        'UPDATE deliveries SET acknowledged = 1 WHERE principal = ? AND client = ? AND topic = ? AND "offset" = ?',
        principal,
        clientId,
        topic.id,
        offset,
      );
    }
  }

  forget({ id }: Topic): void {
    this.#db.run('DELETE FROM deliveries WHERE topic = ?', id);
    this.#db.run('DELETE FROM recorded WHERE topic = ?', id);
  }

  /** After the topics: what they have forgotten is not owed any more. */
  prune(before: number): void {
    this.#db.run(
      `DELETE FROM deliveries WHERE NOT EXISTS (
         SELECT 1 FROM events e WHERE e.topic = deliveries.topic AND e."offset" = deliveries."offset" AND e.ts >= ?)`,
      before,
    );
    this.#db.run(
      `DELETE FROM recorded WHERE NOT EXISTS (
         SELECT 1 FROM deliveries d
         WHERE d.principal = recorded.principal AND d.client = recorded.client AND d.topic = recorded.topic)`,
    );
  }
}
