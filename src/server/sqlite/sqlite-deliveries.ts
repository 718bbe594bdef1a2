/** Which critical events of an SQLite projection a client must acknowledge, and which it has. */
import { type ClientKey, KEEP_MS, type LoggedEvent } from '../log/event-log.ts';
import type { Database } from './database.ts';
import { eventOf, type SqliteTopics, type Topic } from './sqlite-topics.ts';

export class SqliteDeliveries {
  readonly #db: Database;
  readonly #topics: SqliteTopics;

  constructor(db: Database, topics: SqliteTopics) {
    this.#db = db;
    this.#topics = topics;
  }

  /** Of an event that was just appended. */
  deliver({ principal, clientId }: ClientKey, { id }: Topic, { offset }: LoggedEvent): void {
    this.#db.run('INSERT OR IGNORE INTO deliveries VALUES (?, ?, ?, ?, 0)', principal, clientId, id, offset);
  }

  owe({ principal, clientId }: ClientKey, name: string, offsets: readonly number[], now: number): void {
    const topic = this.#topics.find(name);
    if (!topic) return;
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
  }

  /** After the topics: what they have forgotten is not owed any more. */
  prune(before: number): void {
    this.#db.run(
      `DELETE FROM deliveries WHERE NOT EXISTS (
         SELECT 1 FROM events e WHERE e.topic = deliveries.topic AND e."offset" = deliveries."offset" AND e.ts >= ?)`,
      before,
    );
  }
}
