import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { About } from '../../../src/server/sqlite/about.ts';
import { Database, type Row } from '../../../src/server/sqlite/database.ts';
import { makeTables } from '../../../src/server/sqlite/schema.ts';
import { SqliteTopics } from '../../../src/server/sqlite/sqlite-topics.ts';

type Values = Parameters<Database['all']> extends [string, ...infer V] ? V : never;

/** Notes how SQLite goes about each question. */
class Explained extends Database {
  readonly steps: string[] = [];

  override all(sql: string, ...values: Values): Row[] {
    this.#explain(sql, values);
    return super.all(sql, ...values);
  }

  override run(sql: string, ...values: Values): number {
    if (!sql.startsWith('BEGIN') && !sql.startsWith('COMMIT')) this.#explain(sql, values);
    return super.run(sql, ...values);
  }

  #explain(sql: string, values: Values): void {
    for (const { detail } of super.all(`EXPLAIN QUERY PLAN ${sql}`, ...values))
      this.steps.push(String(detail));
  }
}

function scene() {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-plans-'));
  const db = new Explained(join(folder, 'log.sqlite'));
  onTestFinished(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });
  makeTables(db, 'log.sqlite', 0);
  const about: About = {
    position: 0,
    note: '',
    newestTime: 0,
    startedAt: 0,
    dedupeSince: 0,
    epoch: 'e',
    limits: { tailLimit: 2, historyEvents: 3, commandIds: 10, clientIds: 10 },
  };
  const topics = new SqliteTopics(db, () => about);
  const none = { owedBy: [], gone: false, critical: false };
  for (let n = 0; n < 10; n += 1) {
    topics.append({ topic: 't', key: n % 2 === 0 ? 'k' : null, event: `{"n":${n}}`, ...none }, n);
  }
  db.steps.length = 0;
  return { topics, db };
}

/** As SQLite calls a search for them by their index, which is there for that. */
const BY_INDEX = 'SEARCH events USING INDEX events_without_key (topic=?)';
/** Or for all of a topic. */
const WHOLE_TOPIC = /^(SCAN (events|e)|SEARCH (events|e) USING PRIMARY KEY \(topic=\?\))/;

test('the newest events without a key are found by their index, and nobody reads a whole history for the state', () => {
  const { topics, db } = scene();
  expect(topics.state('t').events.map(({ offset }) => offset)).toEqual([8, 9, 10]);
  expect(db.steps).toContain(BY_INDEX);
  expect(db.steps).not.toContainEqual(expect.stringMatching(WHOLE_TOPIC));
});

test('what outlives a cut of the history is found by the same index', () => {
  const { topics, db } = scene();
  topics.prune(10);
  expect(topics.read('t', { after: 0 }, { first: 10 }).events.map(({ offset }) => offset)).toEqual([
    8, 9, 10,
  ]);
  expect(db.steps).toContain(BY_INDEX);
  expect(db.steps).not.toContainEqual(expect.stringMatching(WHOLE_TOPIC));
});
