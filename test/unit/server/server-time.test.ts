import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ServerTime } from '../../../src/server/core/server-time.ts';
import { memoryLog } from '../../../src/server/index.ts';
import type { EventLog } from '../../../src/server/log/event-log.ts';
import { sqliteLog } from '../../../src/server/sqlite/index.ts';
import { ManualClock } from '../../../testing/fakes/clock.ts';
import { leftBehind } from '../../support/left-behind.ts';
import { command, ID } from './support/command.ts';
import { HandWorld } from './support/hand.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trunkline-time-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What a client is welcomed with by a new server on this log, whose clock is ahead by so much. */
async function welcomed(log: EventLog, aheadMs: number, hello: object = {}) {
  const world = new HandWorld({ log, aheadMs });
  const peer = world.connect();
  peer.hello(hello);
  await vi.waitFor(() => expect(peer.frames).toHaveLength(1));
  return { world, peer, ...peer.expect('welcome') };
}

test('the time never runs backwards, and goes a tenth slower until the clock has caught up', async () => {
  const clock = new ManualClock(1_000_000);
  const time = new ServerTime(clock);
  expect(time.now()).toBe(1_000_000);
  clock.jump(-10_000);
  expect(time.now()).toBe(1_000_000);
  await clock.advance(50_000);
  expect(time.now()).toBe(1_045_000);
  await clock.advance(50_000);
  expect([time.now(), clock.now()]).toEqual([1_090_000, 1_090_000]);
  clock.jump(5_000);
  expect(time.now()).toBe(1_095_000);
});

test.each([
  ['in memory', () => memoryLog()],
  ['in a file', () => sqliteLog(join(folder, 'log.db'))],
])(
  'a server whose clock was set back goes on from the newest time that one told on its log, %s',
  async (kind, open) => {
    const log = open();
    const before = await welcomed(log, 0);
    const again = kind === 'in memory' ? log : sqliteLog(leftBehind(join(folder, 'log.db')));
    const after = await welcomed(again, -3_600_000);
    expect(after.server_time).toBe(before.server_time);
    expect(after.dedupe_since).toBe(before.dedupe_since);
    after.world.clock.jump(3_700_000);
    const { server_time } = await welcomed(again, 100_000);
    expect(server_time).toBe(before.server_time + 100_000);
  },
);

test('what was recorded counts as a time, too', async () => {
  const log = memoryLog();
  const before = await welcomed(log, 0);
  await before.world.clock.advance(5_000);
  await before.world.broker.publish('t', { type: 'log', line: 'x' });
  expect((await welcomed(log, 0)).server_time).toBe(before.server_time + 5_000);
});

/** A second after the other, so that a log in a file can write what it is told in each. */
async function pass(world: HandWorld, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    await world.clock.advance(1_000);
    await setImmediate();
  }
}

/** A backup that was made with its mark: the log does not notice that it was restored. */
function copyOf(log: string, name: string): string {
  const copy = join(folder, name);
  const db = new DatabaseSync(join(folder, log));
  db.exec(`VACUUM INTO '${copy}'`);
  // While anybody has it open, what is in its write-ahead log stays beside the file, and would count for a copy as well.
  db.close();
  copyFileSync(join(folder, `${log}-mark`), `${copy}-mark`);
  return copy;
}

test('a welcome names the runs of the server that its memory knows, and how far, the present one last', async () => {
  const first = await welcomed(sqliteLog(join(folder, 'log.db')), 0);
  const [run] = first.runs ?? [];
  expect(first.runs).toEqual([{ id: expect.any(String), from: first.server_time }]);
  await pass(first.world, 60_000);
  first.peer.lose();
  await pass(first.world, 60_000);
  const next = await welcomed(sqliteLog(leftBehind(join(folder, 'log.db'))), 200_000);
  expect(next.runs).toEqual([
    { ...run, until: first.server_time + 65_000 },
    { id: expect.any(String), from: next.server_time },
  ]);
});

test('the present run began as long ago as the time has passed, also where the clock was set ahead since', async () => {
  const log = memoryLog();
  const { world, server_time } = await welcomed(log, 0);
  const again = async () => {
    const peer = world.connect();
    peer.hello();
    await vi.waitFor(() => expect(peer.frames).toHaveLength(1));
    return peer.expect('welcome').runs;
  };
  await world.clock.advance(10_000);
  world.clock.jump(3_600_000);
  const runs = [{ id: expect.any(String), from: server_time + 3_600_000 }];
  expect(await again()).toEqual(runs);
});

test('a server that ends in order has been at work until then, whoever was connected', async () => {
  const first = await welcomed(sqliteLog(join(folder, 'log.db')), 0);
  first.peer.lose();
  await pass(first.world, 60_000);
  await first.world.broker.close(1_000);
  const next = await welcomed(sqliteLog(join(folder, 'log.db')), 200_000);
  expect(next.runs?.[0]).toMatchObject({ from: first.server_time, until: first.server_time + 65_000 });
});

test.each([
  ['fails', async () => Promise.reject(new Error('away'))],
  ['does not answer', () => new Promise<never>(() => {})],
])('a server that ends in order ends, and says so, where its log %s', async (_, tell) => {
  const log = memoryLog();
  const { world, peer } = await welcomed(log, 0);
  peer.lose();
  log.tell = tell;
  const closing = world.broker.close(1_000);
  await world.clock.advance(10_000);
  await closing;
  expect(world.errors).toEqual([expect.stringContaining('at work')]);
});

test('the present run is named, also where the memory of commands begins later than the time that the server tells', async () => {
  const log = memoryLog();
  log.dedupeSince = async () => 1e15;
  const { runs } = await welcomed(log, 0);
  expect(runs).toHaveLength(1);
});

test('a restored log does not know a run of after its backup, nor the rest of the one in which that was made', async () => {
  const first = await welcomed(sqliteLog(join(folder, 'log.db')), 0);
  await pass(first.world, 10_000);
  const backup = copyOf('log.db', 'backup.db');
  await pass(first.world, 60_000);
  const lost = await welcomed(sqliteLog(leftBehind(join(folder, 'log.db'))), 100_000);
  // The clock was set back as well, so that the same times come again.
  const restored = await welcomed(sqliteLog(backup), 20_000);
  const [present] = restored.runs?.slice(-1) ?? [];
  expect(restored.runs).toEqual([
    { ...first.runs?.[0], until: first.server_time + 15_000 },
    { id: expect.any(String), from: restored.server_time },
  ]);
  expect(lost.runs?.map(({ id }) => id)).not.toContain(present?.id);
});

test('a log that is away is asked on, and reported once', async () => {
  const log = memoryLog();
  const { world } = await welcomed(log, 0);
  const { tell } = log;
  log.tell = async () => {
    throw new Error('away');
  };
  await world.clock.advance(10_000);
  expect(world.errors).toEqual([expect.stringContaining('at work')]);
  log.tell = tell;
  await world.clock.advance(2_000);
  expect((await log.runs())[0]?.told).toBe(world.clock.now());
});

test('a log that notices that it was restored begins new epochs, and its memory with its opening, and the server reports it', async () => {
  const path = join(folder, 'log.db');
  const first = await welcomed(sqliteLog(path), 0);
  const { epoch } = await first.world.broker.publish('t', { type: 'log', line: 'x' });
  const backup = copyOf('log.db', 'backup.db');
  await first.world.clock.advance(60_000);
  const closing = first.world.broker.close(0);
  await first.world.clock.advance(2_000);
  await closing;
  copyFileSync(backup, path);
  const restored = await welcomed(sqliteLog(path), 100_000);
  expect(restored.dedupe_since).toBe(restored.server_time);
  expect((await restored.world.broker.publish('t', { type: 'log', line: 'y' })).epoch).not.toBe(epoch);
  expect(restored.world.errors).toEqual([
    expect.stringMatching(/^opening the event log: .*was restored from a backup.*log\.db-mark/),
  ]);
});

test('an id that may have been forgotten since the welcome is not run again: the connection ends', async () => {
  const note = vi.fn();
  const world = new HandWorld({
    log: memoryLog({ commandIds: 2 }),
    handlers: { decide: () => ({ resumed: true }), note },
  });
  const peer = await world.join();
  const ids = ['a', 'b', 'c', 'd'].map((end) => ID.replace('c0de', `c0d${end}`));
  for (const id of ids) {
    peer.say(command({ id }));
    await world.clock.advance(1);
  }
  peer.say(command({ id: ids[0], attempt: 2 }));
  await world.clock.advance(0);
  expect(peer.expect('goodbye')).toMatchObject({ code: 'draining', retry: true });
  expect(note).toHaveBeenCalledTimes(4);
  const again = world.connect();
  again.hello();
  await world.clock.advance(0);
  const { server_time, dedupe_since } = again.expect('welcome');
  expect(dedupe_since).toBeGreaterThan(server_time - 4);
  again.say(command({ id: ids[0], attempt: 3 }));
  await world.clock.advance(0);
  expect(again.expect('command_ack').id).toBe(ids[0]);
});

test("of a log with a clock of its own a server tells that clock's time, whatever its own shows, and never runs ahead of it", async () => {
  const clock = new ManualClock(5_000_000);
  const time = new ServerTime(clock);
  expect(time.now()).toBe(5_000_000);
  time.follow(1_000_000);
  expect(time.now()).toBe(1_000_000);
  await clock.advance(10_000);
  expect(time.now()).toBeGreaterThan(1_009_900);
  expect(time.now()).toBeLessThanOrEqual(1_010_000);
});

test('a welcome whose log took long tells the time of now, not of when it was asked', async () => {
  const inner = memoryLog();
  let slowMs = 7_000;
  const slow: EventLog = new Proxy(inner, {
    get: (target, method: keyof EventLog) =>
      method === 'admit'
        ? async (...call: Parameters<EventLog['admit']>) => {
            const admitted = await target.admit(...call);
            await new Promise<void>((done) => world.clock.setTimer(slowMs, done));
            slowMs = 0;
            return admitted;
          }
        : Reflect.get(target, method).bind(target),
  });
  const world: HandWorld = new HandWorld({ log: slow });
  const peer = world.connect();
  peer.hello();
  await world.clock.advance(7_000);
  const { server_time } = peer.expect('welcome');
  expect(server_time).toBe(world.clock.now());
  expect((await inner.runs()).at(-1)?.told).toBe(server_time);
});
