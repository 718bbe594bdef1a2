import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import { memoryLog } from '../../../src/server/index.ts';
import { type EventLog, PUBLICATION_KEEP_MS } from '../../../src/server/log/event-log.ts';
import { sqliteLog } from '../../../src/server/sqlite/index.ts';
import { eventLogConformance } from '../../conformance/event-log.ts';
import { leftBehind } from '../../support/left-behind.ts';

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

function open(path: string, historyEvents: number, endTopicsAfterMs = {}): EventLog {
  const log = sqliteLog(path, { historyEvents, endTopicsAfterMs });
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
  create: ({ historyEvents, endTopicsAfterMs }) => open(newPath(), historyEvents, endTopicsAfterMs),
  reopen: (log) => open(leftBehind(paths.get(log) ?? ''), 10),
});

test('memoryLog forgets the oldest ids beyond its limit, and says so', async () => {
  const log = memoryLog({ commandIds: 2 });
  await log.open({ now: 10, tailLimit: 1 });
  for (const [at, id] of ['a', 'b', 'c'].entries()) {
    await log.commit(
      [{ command: { principal: 'p', clientId: 'c', run: 'r', id, result: null }, events: [] }],
      20 + at,
    );
  }
  expect(await log.recall({ principal: 'p', id: 'a' })).toBeNull();
  expect(await log.recall({ principal: 'p', id: 'b' })).not.toBeNull();
  expect(await log.dedupeSince()).toBe(21);
});

test('memoryLog refuses another name of a publication beyond its limit, rather than forget one early', async () => {
  const log = memoryLog({ publicationNames: 2 });
  await log.open({ now: 10, tailLimit: 1 });
  const event = { topic: 't', key: null, gone: false, critical: false, event: '{}', owedBy: [] };
  const named = (key: string) => ({ command: null, events: [event], publication: { key, digest: 'd' } });
  const statuses = async (now: number, ...keys: string[]) =>
    (await log.commit(keys.map(named), now)).map(({ status }) => status);
  expect(await statuses(20, 'a')).toEqual(['committed']);
  expect(await statuses(21, 'b')).toEqual(['committed']);
  expect(await statuses(22, 'a', 'c', 'b')).toEqual(['repeated', 'too_many_names', 'repeated']);
  expect(await log.commit([{ command: null, events: [event] }], 23)).toMatchObject([{ status: 'committed' }]);
  expect((await log.state('t')).offset).toBe(3);
  await log.prune(21 + PUBLICATION_KEEP_MS);
  expect(await statuses(21 + PUBLICATION_KEEP_MS, 'c', 'd')).toEqual(['committed', 'committed']);
  expect(await statuses(22 + PUBLICATION_KEEP_MS, 'e')).toEqual(['too_many_names']);
});

test('sqliteLog refuses a file of another format, and leaves it as it is', () => {
  const path = newPath();
  const db = new DatabaseSync(path);
  db.exec('PRAGMA user_version = 99');
  db.close();
  expect(() => sqliteLog(path)).toThrow('has format 99');
});

/** A log that was told until 3,000, and a backup of it from 2,000. */
async function backedUp(): Promise<{ path: string; backup: string; epoch: string }> {
  const path = newPath();
  const log = open(path, 10);
  const { run } = await log.open({ now: 1_000, tailLimit: 1 });
  const { epoch } = await log.state('t');
  await log.tell(run, 2_000);
  const backup = newPath();
  const db = new DatabaseSync(path);
  db.exec(`VACUUM INTO '${backup}'`);
  db.close();
  await log.tell(run, 3_000);
  await log.close();
  return { path, backup, epoch };
}
async function reopened(path: string) {
  const log = open(path, 10);
  const { restored } = await log.open({ now: 4_000, tailLimit: 1 });
  const [{ epoch }, dedupeSince] = [await log.state('t'), await log.dedupeSince()];
  await log.close();
  return { restored, epoch, dedupeSince };
}

test('sqliteLog that is opened again after its end, or its death, is as it was', async () => {
  const { path, epoch } = await backedUp();
  for (let i = 0; i < 2; i++)
    expect(await reopened(path)).toEqual({ restored: undefined, epoch, dedupeSince: 1_000 });
  const dead = open(path, 10);
  const { run } = await dead.open({ now: 5_000, tailLimit: 1 });
  await dead.tell(run, 5_500);
  expect(await reopened(leftBehind(path))).toMatchObject({ restored: undefined, epoch });
});

test('sqliteLog that was restored in its place notices it by its mark, and begins new epochs, once', async () => {
  const { path, backup, epoch } = await backedUp();
  copyFileSync(backup, path);
  const restored = await reopened(path);
  expect(restored.restored).toBe(`${path}-mark knows of a later time than the log`);
  expect(restored.epoch).not.toBe(epoch);
  expect(restored.dedupeSince).toBe(4_000);
  expect(await reopened(path)).toEqual({ ...restored, restored: undefined });
});

test('sqliteLog that was restored in another place notices it, since its mark is missing, or cannot be read', async () => {
  const { path, backup, epoch } = await backedUp();
  expect(await reopened(backup)).toMatchObject({ restored: `${backup}-mark is missing`, dedupeSince: 4_000 });
  writeFileSync(`${path}-mark`, '{"run":');
  const restored = await reopened(path);
  expect(restored.restored).toBe(`${path}-mark is missing`);
  expect(restored.epoch).not.toBe(epoch);
});

test('sqliteLog does not know the times of a run whose end is missing in its copy', async () => {
  const path = newPath();
  const log = open(path, 10);
  const { run } = await log.open({ now: 1_000, tailLimit: 1 });
  await log.tell(run, 2_000);
  const copy = newPath();
  const db = new DatabaseSync(path);
  db.exec(`VACUUM INTO '${copy}'`);
  db.close();
  await log.tell(run, 3_000);
  await log.close();

  const restored = open(copy, 10);
  const again = await restored.open({ now: 4_000, tailLimit: 1 });
  expect(again.newestTime).toBe(2_000);
  await restored.tell(again.run, 5_000);
  expect(await restored.runs()).toEqual([
    { id: run, began: 1_000, told: 2_000 },
    { id: again.run, began: 4_000, told: 5_000 },
  ]);
  await restored.close();
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

test('sqliteLog writes what comes in one turn together, each answered for itself, and one that fails takes none with it', async () => {
  const path = newPath();
  const log = open(path, 10);
  const heard: string[] = [];
  const { run } = await log.open({
    now: 10,
    tailLimit: 1,
    hear: (happenings) => {
      for (const one of happenings)
        if (one.kind === 'committed') heard.push(`heard ${one.events[0]?.event.key}`);
    },
  });
  const publish = async (key: string) => {
    const event = { topic: 't', key, gone: false, critical: false, event: '{"type":"x"}', owedBy: [] };
    await log.commit([{ command: null, events: [event] }], 11);
    heard.push(key);
  };
  const results = await Promise.allSettled([publish('a'), publish('b\0'), log.tell(run, 12), publish('c')]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(heard).toEqual(expect.arrayContaining(['heard a', 'a', 'heard c', 'c']));
  expect([
    heard.indexOf('heard a') < heard.indexOf('a'),
    heard.indexOf('heard c') < heard.indexOf('c'),
  ]).toEqual([true, true]);
  const last = publish('d');
  await log.close();
  await last;
  const again = open(path, 10);
  expect(await again.open({ now: 13, tailLimit: 1 })).toMatchObject({ newestTime: 12 });
  expect((await again.state('t')).events.map(({ key }) => key)).toEqual(['a', 'c', 'd']);
  await again.close();
});

test('an age of topics that is none is refused', () => {
  for (const ms of [0, -1, Number.NaN]) {
    expect(() => memoryLog({ endTopicsAfterMs: { 'run:': ms } })).toThrow(RangeError);
    expect(() => sqliteLog(newPath(), { endTopicsAfterMs: { 'run:': ms } })).toThrow('"run:"');
  }
});
