import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ServerTime } from '../../../src/server/core/server-time.ts';
import { memoryLog } from '../../../src/server/index.ts';
import type { EventLog } from '../../../src/server/log/event-log.ts';
import { sqliteLog } from '../../../src/server/sqlite/index.ts';
import { HandClock } from '../../../src/testing/fakes/clock.ts';
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
  const clock = new HandClock(1_000_000);
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
    const again = kind === 'in memory' ? log : open();
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

test('a log that was restored from a backup remembers nothing for a client that has sent something since', async () => {
  const log = sqliteLog(join(folder, 'log.db'));
  const before = await welcomed(log, 0);
  const backup = join(folder, 'backup.db');
  new DatabaseSync(join(folder, 'log.db')).exec(`VACUUM INTO '${backup}'`);
  const lost = await welcomed(log, 60_000);

  const restored = sqliteLog(backup);
  const hello = { last_sent: lost.server_time };
  const after = await welcomed(restored, 120_000, hello);
  expect(after.dedupe_since).toBe(after.server_time);
  expect(after.world.errors).toEqual([expect.stringContaining('restored from a backup')]);
  // Whoever has sent nothing since is remembered as before, and a later restart knows no more.
  const other = { client_id: ID, last_sent: before.server_time };
  expect((await welcomed(restored, 130_000, other)).dedupe_since).toBe(before.dedupe_since);
  const later = await welcomed(sqliteLog(backup), 180_000, hello);
  expect(later.dedupe_since).toBe(later.server_time);
});

test('where a cursor shows that a log was restored, its memory begins with the server, and everybody is welcomed anew', async () => {
  const log = memoryLog();
  await log.open({ now: 1_000, tailLimit: 1 });
  const first = await welcomed(log, 0);
  expect(first.dedupe_since).toBe(1_000);
  const { world, peer } = first;
  const { epoch } = await world.broker.publish('t', { type: 'log', line: 'x' });
  const other = await world.join({ client_id: ID });
  other.say({ type: 'subscribe', topic: 't', ref: 1, cursor: { epoch, offset: 7 } });
  await world.clock.advance(0);
  for (const one of [peer, other])
    expect(one.expect('goodbye')).toMatchObject({ code: 'draining', retry: true });
  const again = world.connect();
  again.hello();
  await world.clock.advance(0);
  expect(again.expect('welcome').dedupe_since).toBe(first.server_time);
  // Only once: whoever claims to know more has no more to take.
  again.say({
    type: 'subscribe',
    topic: 't',
    ref: 1,
    cursor: { epoch: (await log.state('t')).epoch, offset: 9 },
  });
  await world.clock.advance(0);
  again.expect('snapshot');
  expect(again.ended).toBeNull();
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
