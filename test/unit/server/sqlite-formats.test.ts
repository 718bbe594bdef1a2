import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KEEP_MS } from '../../../src/server/log/event-log.ts';
import { sqliteLog } from '../../../src/server/sqlite/index.ts';
import { FIFTH_FORMAT, FIRST_FORMAT, FOURTH_FORMAT, SECOND_FORMAT } from '../../support/sqlite-formats.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trunkline-formats-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A file that an earlier version has left. */
function fileOf(tables: string, content = ''): string {
  const path = join(folder, 'log.db');
  const db = new DatabaseSync(path);
  db.exec(tables + content);
  db.close();
  return path;
}

/** By table or index: what it consists of. */
function shapeOf(path: string): unknown {
  const db = new DatabaseSync(path, { readOnly: true });
  const shape = db
    .prepare("SELECT type, name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
    .all()
    .map((row) => {
      const columns = db.prepare(
        `PRAGMA ${row['type'] === 'table' ? 'table_info' : 'index_xinfo'}(${row['name']})`,
      );
      return {
        ...row,
        columns: columns.all().map(({ name, type, notnull, pk }) => ({ name, type, notnull, pk })),
      };
    });
  db.close();
  return shape;
}

test.each([
  ['first', FIRST_FORMAT],
  ['second', SECOND_FORMAT],
  ['fourth', FOURTH_FORMAT],
  ['fifth', FIFTH_FORMAT],
])('sqliteLog makes of an empty file of the %s format what a new one is', async (_, tables) => {
  const [path, fresh] = [fileOf(tables), join(folder, 'fresh.db')];
  for (const one of [path, fresh]) {
    const log = sqliteLog(one, { newEpoch: () => 'e' });
    expect(await log.open({ now: 1_000, tailLimit: 1 })).toEqual({
      newestTime: expect.any(Number),
      run: 'e',
    });
    expect(await log.dedupeSince()).toBe(1_000);
    await log.close();
  }
  expect(shapeOf(path)).toEqual(shapeOf(fresh));
});

test('sqliteLog brings a file of the first format up, and loses nothing of it', async () => {
  const path = fileOf(
    FIRST_FORMAT,
    `INSERT INTO about VALUES (1, 'e', 1000, 1000);
     INSERT INTO topics VALUES (1, 't', 'e', 1, 1500, 0, 999);
     INSERT INTO events VALUES (1, 1, 1500, 'k', 0, 0, '{"type":"x"}');
     INSERT INTO state VALUES (1, 'k', 1);
     INSERT INTO commands VALUES ('ann', 'i', 1500, '{"n":1}');`,
  );
  const log = sqliteLog(path);
  expect(await log.open({ now: 2_000, tailLimit: 1 })).toMatchObject({ newestTime: 1_500 });
  expect(await log.recall({ principal: 'ann', id: 'i' })).toEqual({ status: 'accepted', result: '{"n":1}' });
  expect(await log.state('t')).toMatchObject({ epoch: 'e', offset: 1, events: [{ key: 'k' }] });
  expect(await log.dedupeSince()).toBe(1_000);
  // When that file's servers told what, it does not say.
  expect(await log.runs()).toMatchObject([{ began: 0, told: 2_000 }, { began: 2_000 }]);
  expect(await log.cancel({ principal: 'ann', id: 'j' }, 2_000)).toEqual({
    status: 'cancelled',
    begun: false,
  });
  await log.close();
});

test('sqliteLog brings a file of the second format up, and knows the runs in it', async () => {
  const path = fileOf(
    SECOND_FORMAT,
    `INSERT INTO about VALUES (1, 'e', 1000, 1000);
     INSERT INTO runs VALUES (1000, 1500), (2000, 2500);`,
  );
  const log = sqliteLog(path);
  await log.open({ now: 3_000, tailLimit: 1 });
  expect(await log.runs()).toMatchObject([
    { began: 1_000, told: 1_500 },
    { began: 2_000, told: 2_500 },
    { began: 3_000, told: 3_000 },
  ]);
  await log.close();
});

test('sqliteLog brings a file of the fourth format up, and goes on where its server ended', async () => {
  const path = fileOf(
    FOURTH_FORMAT,
    `INSERT INTO about VALUES (1, 'e', 1000, 1200, 1);
     INSERT INTO topics VALUES (1, 't', 'e2', 12, 4000, 1, 1500), (2, 'u', 'e', 1, 1600, 0, 999);
     INSERT INTO events VALUES
       (1, 1, 1500, 'k', 0, 1, '{"type":"old"}'), (1, 11, 3900, NULL, 0, 1, '{"type":"x"}'),
       (1, 12, 4000, NULL, 0, 0, '{"type":"y"}'), (2, 1, 1600, 'gone', 1, 0, '{"type":"z"}');
     INSERT INTO state VALUES (1, 'k', 1);
     INSERT INTO commands VALUES
       ('ann', 'a', 1500, '{"n":1}', 'accepted'), ('ann', 'b', 1600, NULL, 'begun'),
       ('bob', 'a', 1700, NULL, 'cancelled_begun');
     INSERT INTO runs VALUES ('z', 1000, 1500), ('a', 2000, 4500);
     INSERT INTO clients VALUES ('c', 'ann', 1500);
     INSERT INTO deliveries VALUES ('ann', 'c', 1, 1, 0), ('ann', 'c', 1, 11, 1);`,
  );
  writeFileSync(`${path}-mark`, JSON.stringify({ run: 'a', told: 4500 }));
  const log = sqliteLog(path, { historyEvents: 2 });
  const opened = await log.open({ now: 4_100, tailLimit: 1 });
  expect(opened).toEqual({ newestTime: 4_500, run: expect.any(String) });
  expect(await log.runs()).toEqual([
    { id: 'z', began: 1_000, told: 1_500 },
    { id: 'a', began: 2_000, told: 4_500 },
    { id: opened.run, began: 4_500, told: 4_500 },
  ]);
  expect(await log.dedupeSince()).toBe(1_200);
  expect(await log.state('t')).toMatchObject({
    epoch: 'e2',
    offset: 12,
    events: [{ offset: 1 }, { offset: 12 }],
  });
  expect(await log.state('u')).toMatchObject({ epoch: 'e', offset: 1, events: [] });
  expect(await log.state('v')).toMatchObject({ epoch: 'e', offset: 0 });
  expect(await log.read('t', { after: 1 }, { first: 1 })).toMatchObject({ afterTs: 1_500, complete: true });
  const recalled = [
    ['ann', 'a'],
    ['ann', 'b'],
    ['bob', 'a'],
  ].map(([principal = '', id = '']) => log.recall({ principal, id }));
  expect(await Promise.all(recalled)).toEqual([
    { status: 'accepted', result: '{"n":1}' },
    { status: 'begun' },
    { status: 'cancelled', begun: true },
  ]);
  const client = { principal: 'ann', clientId: 'c' };
  const admissions = ['eve', 'ann'].map((principal) => ({
    client: { ...client, principal },
    term: 1,
    run: opened.run,
    seen: 0,
  }));
  expect(await log.admit(admissions, 5_000)).toMatchObject([{ status: 'foreign' }, { status: 'admitted' }]);
  expect(await log.owed(client, 't')).toMatchObject([{ offset: 1 }]);
  await log.owe(client, 't', 'e', [11], 12, 5_000);
  expect(await log.owed(client, 't')).toHaveLength(1);
  await log.prune(1_500 + KEEP_MS + 1);
  expect(await log.owed(client, 't')).toEqual([]);
  await log.close();
});

test('sqliteLog brings a file of the fifth format up, in which no topic ends by itself before a server says so', async () => {
  const path = fileOf(
    FIFTH_FORMAT,
    `UPDATE about SET newest_time = 1500, started_at = 1000, dedupe_since = 1000, epoch = 'e', tail_limit = 1,
       history_events = 10, command_ids = 10, client_ids = 10;
     INSERT INTO topics VALUES (1, 'run:1', 'e', 1, 1500, 0, 999);
     INSERT INTO events VALUES (1, 1, 1500, NULL, 0, 0, '{"type":"x"}');`,
  );
  const log = sqliteLog(path);
  await log.open({ now: 2_000, tailLimit: 1 });
  await log.prune(2_000 + 300 * KEEP_MS);
  expect(await log.state('run:1')).toMatchObject({ epoch: 'e', offset: 1 });
  await log.close();
  const aging = sqliteLog(path, { endTopicsAfterMs: { 'run:': KEEP_MS } });
  await aging.open({ now: 2_000, tailLimit: 1 });
  await aging.prune(2_000 + 300 * KEEP_MS);
  expect(await aging.state('run:1')).toMatchObject({ offset: 0, events: [] });
  await aging.close();
});
