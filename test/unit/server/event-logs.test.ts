import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import { memoryLog } from '../../../src/server/index.ts';
import type { EventLog } from '../../../src/server/log/event-log.ts';
import { sqliteLog } from '../../../src/server/sqlite/index.ts';
import { eventLogConformance } from '../../conformance/event-log.ts';

const folders: string[] = [];
const paths = new WeakMap<EventLog, string>();
function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-log-'));
  folders.push(folder);
  return join(folder, 'log.db');
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function open(path: string, historyEvents: number): EventLog {
  const log = sqliteLog(path, { historyEvents });
  paths.set(log, path);
  return log;
}

eventLogConformance('memoryLog', { create: (options) => memoryLog(options) });
eventLogConformance('memoryLog of a server that is created anew on it', {
  create: (options) => memoryLog(options),
  reopen: (log) => {
    void log.close();
    return log;
  },
});
eventLogConformance('sqliteLog', {
  create: ({ historyEvents }) => open(newPath(), historyEvents),
  // The first one is not closed: it is as if its process had died.
  reopen: (log) => open(paths.get(log) ?? '', 10),
});

test('memoryLog forgets the oldest ids beyond its limit, and says so', async () => {
  const log = memoryLog({ commandIds: 2 });
  await log.open({ now: 10, tailLimit: 1 });
  for (const [at, id] of ['a', 'b', 'c'].entries()) {
    await log.commit([{ command: { principal: 'p', id, result: null }, events: [] }], 20 + at);
  }
  expect(await log.recall({ principal: 'p', id: 'a' })).toBeNull();
  expect(await log.recall({ principal: 'p', id: 'b' })).not.toBeNull();
  expect(await log.dedupeSince()).toBe(21);
});

test('sqliteLog refuses a file of another format, and leaves it as it is', () => {
  const path = newPath();
  const db = new DatabaseSync(path);
  db.exec('PRAGMA user_version = 99');
  db.close();
  expect(() => sqliteLog(path)).toThrow('has format 99');
});

test('sqliteLog refuses text that its SQLite may cut, says which, and writes nothing of the transaction', async () => {
  const log = open(newPath(), 10);
  await log.open({ now: 10, tailLimit: 1 });
  const event = { gone: false, critical: false, event: '{"type":"x"}', owedBy: [] };
  const written = log.commit(
    [
      {
        command: null,
        events: [
          { ...event, topic: 't', key: 'whole' },
          { ...event, topic: 't', key: 'a\0b' },
        ],
      },
    ],
    11,
  );
  await expect(written).rejects.toThrow('"a\\u0000b" holds U+0000');
  expect(await log.state('t')).toMatchObject({ offset: 0, events: [] });
  await log.close();
});
