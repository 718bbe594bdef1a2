import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { deferred } from '../../../src/server/core/deferred.ts';
import { memoryLog } from '../../../src/server/index.ts';
import type { EventLog } from '../../../src/server/log/event-log.ts';
import { command } from './support/command.ts';
import { HandWorld } from './support/hand.ts';

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const numbered = (n: number, fields: object = {}) =>
  command({ id: id(n), topic: 't', command: { type: 'note', text: String(n) }, ...fields });
const key = (n: number) => ({ principal: 'anonymous', id: id(n) });

/** A log whose commits wait until they are let. */
function heldLog(): { log: EventLog; commit: ReturnType<typeof deferred<void>> } {
  const log = memoryLog();
  const commit = deferred<void>();
  const write = log.commit.bind(log);
  log.commit = async (...all) => {
    await commit.promise;
    return await write(...all);
  };
  return { log, commit };
}

async function running(log: EventLog) {
  const ran: string[] = [];
  const world = new HandWorld({
    log,
    handlers: { decide: () => ({ resumed: true }), note: ({ text }) => ran.push(String(text)) },
  });
  return { ran, peer: await world.join() };
}

test('a command is begun while the one before it is committed, and runs after that', async () => {
  const { log, commit } = heldLog();
  const { ran, peer } = await running(log);
  peer.say(numbered(1), numbered(2), numbered(3));
  await setImmediate();
  expect(ran).toEqual(['1']);
  expect(await log.recall(key(2))).toEqual({ status: 'begun' });
  // One alone: the third one can still be withdrawn as what never began.
  expect(await log.recall(key(3))).toBeNull();
  commit.resolve();
  await setImmediate();
  expect(ran).toEqual(['1', '2', '3']);
  expect(peer.all('command_ack').map((ack) => ack.id)).toEqual([id(1), id(2), id(3)]);
});

test.each([
  ['has no handler', { command: { type: 'constructor' } }],
  ['is past its end', { expires_at: 1 }],
  ['was sent before', { attempt: 2 }],
])('a command that %s is not begun ahead', async (_, fields) => {
  const { log, commit } = heldLog();
  const { peer } = await running(log);
  peer.say(numbered(1), numbered(2, fields));
  await setImmediate();
  expect(await log.recall(key(2))).toBeNull();
  commit.resolve();
});

test('what is refused says that it never ran, also where it was begun ahead', async () => {
  const { log, commit } = heldLog();
  const { ran, peer } = await running(log);
  peer.say(numbered(1), numbered(2, { command: { type: 'note', text: 2 } }));
  await setImmediate();
  commit.resolve();
  await setImmediate();
  expect(ran).toEqual(['1']);
  expect(peer.all('command_nack')).toMatchObject([{ id: id(2), code: 'invalid_command', ran: false }]);
});

test('a command that is withdrawn after it was begun ahead does not run', async () => {
  const { log, commit } = heldLog();
  const { ran, peer } = await running(log);
  peer.say(numbered(1), numbered(2));
  await setImmediate();
  peer.say({ type: 'withdraw', id: id(2) });
  commit.resolve();
  await setImmediate();
  expect(ran).toEqual(['1']);
  expect(await log.recall(key(2))).toMatchObject({ status: 'cancelled' });
});
