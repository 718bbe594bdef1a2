import { expect, test, vi } from 'vitest';
import { deferred } from '../../../src/server/core/deferred.ts';
import { memoryLog, Reject } from '../../../src/server/index.ts';
import type { EventLog } from '../../../src/server/log/event-log.ts';
import { type HandPeer, HandWorld } from './support/hand.ts';

const decide = () => ({ resumed: true });
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const command = (n: number, fields: object = {}) => ({
  type: 'command',
  id: id(n),
  topic: 't',
  priority: 'normal',
  created_at: 1,
  attempt: 1,
  app_version: 3,
  command: { type: 'note', text: String(n) },
  ...fields,
});
const withdraw = (n: number) => ({ type: 'withdraw', id: id(n) });
const cancelled = (n: number) => ({
  type: 'command_nack',
  id: id(n),
  code: 'cancelled',
  message: 'it was withdrawn before it was accepted',
  retry: false,
});
const nacks = (peer: HandPeer) => peer.all('command_nack');

/** A server whose handler of `note` is the test's. */
function worldWith(note: (text: string) => unknown, log: EventLog = memoryLog()): HandWorld {
  return new HandWorld({ log, handlers: { decide, note: ({ text }) => note(String(text)) } });
}

test('a server says in its welcome what it keeps to, and what time it is in its pongs', async () => {
  const world = new HandWorld();
  const peer = world.connect();
  peer.hello();
  await world.clock.advance(0);
  expect(peer.expect('welcome').capabilities).toEqual(['expires_at', 'withdraw']);
  await world.clock.advance(1_000);
  peer.say({ type: 'ping', id: 1 });
  await world.clock.advance(0);
  expect(peer.expect('pong').server_time).toBe(world.clock.now());
});

test('a command that never came is withdrawn for good: when it comes, it does not run', async () => {
  const note = vi.fn();
  const world = worldWith(note);
  const peer = await world.join();
  peer.say(withdraw(1));
  await world.clock.advance(0);
  expect(nacks(peer)).toEqual([{ ...cancelled(1), ran: false }]);
  peer.say(command(1), withdraw(1));
  await world.clock.advance(0);
  expect(nacks(peer)).toEqual([
    { ...cancelled(1), ran: false },
    { ...cancelled(1), ran: false },
  ]);
  expect(note).not.toHaveBeenCalled();
  expect(world.broker.stats().commands).toMatchObject({ accepted: 0, withdrawn: 1 });
});

test('a withdrawal of what was accepted is answered with that', async () => {
  const world = worldWith(() => 'done');
  const peer = await world.join();
  peer.say(command(1));
  await world.clock.advance(0);
  peer.expect('command_ack');
  peer.say(withdraw(1));
  await world.clock.advance(0);
  expect(peer.expect('command_ack')).toEqual({
    type: 'command_ack',
    id: id(1),
    duplicate: true,
    result: 'done',
  });
});

test('while its handler runs, the answer waits for its end, and is how it ended', async () => {
  const gate = deferred<string>();
  const world = worldWith(() => gate.promise);
  const peer = await world.join();
  peer.say(command(1));
  await world.clock.advance(0);
  peer.say(withdraw(1));
  await world.clock.advance(10);
  expect(peer.frames).toEqual([]);
  gate.resolve('done');
  await world.clock.advance(0);
  expect(peer.all('command_ack')).toMatchObject([
    { id: id(1), result: 'done' },
    { id: id(1), duplicate: true, result: 'done' },
  ]);
});

test('one that its handler refuses for good is answered with that, and one that it refuses for now is cancelled', async () => {
  const gate = deferred<void>();
  const world = worldWith(async (text) => {
    await gate.promise;
    throw new Reject('no', 'refused', { retry: text === '2' });
  });
  const peer = await world.join();
  peer.say(command(1), command(2, { topic: 'u' }));
  await world.clock.advance(0);
  peer.say(withdraw(1), withdraw(2));
  gate.resolve();
  await world.clock.advance(0);
  const no = { type: 'command_nack', code: 'no', message: 'refused' };
  expect(nacks(peer)).toEqual([
    { ...no, id: id(1), retry: false },
    { ...no, id: id(2), retry: true },
    { ...no, id: id(1), retry: false },
    // A handler of it had begun.
    cancelled(2),
  ]);
});

test('what waits behind another leaves its lane at once, and what comes after it runs in its order', async () => {
  const ran: string[] = [];
  const gate = deferred<void>();
  const world = worldWith(async (text) => {
    ran.push(text);
    if (text === '1') await gate.promise;
  });
  const peer = await world.join();
  peer.say(command(1), command(2), command(3), command(2, { attempt: 2 }), withdraw(2));
  await world.clock.advance(0);
  expect(nacks(peer)).toEqual([{ ...cancelled(2), ran: false }]);
  gate.resolve();
  await world.clock.advance(0);
  expect(peer.all('command_ack').map((ack) => ack.id)).toEqual([id(1), id(3)]);
  expect(ran).toEqual(['1', '3']);
});

test('a handler that failed is not called again after the withdrawal', async () => {
  let calls = 0;
  const world = worldWith(() => {
    calls += 1;
    throw new Error('boom');
  });
  const peer = await world.join();
  peer.say(command(1));
  await world.clock.advance(50);
  peer.say(withdraw(1));
  await world.clock.advance(10_000);
  expect(calls).toBe(1);
  expect(nacks(peer)).toEqual([cancelled(1)]);
});

test('one that is still being looked up or authorized when it is withdrawn never begins', async () => {
  const note = vi.fn();
  const allowed = deferred<boolean>();
  const world = new HandWorld({ handlers: { decide, note }, authorize: () => allowed.promise });
  const peer = await world.join();
  peer.say(command(1));
  await world.clock.advance(0);
  peer.say(withdraw(1));
  await world.clock.advance(0);
  allowed.resolve(true);
  await world.clock.advance(0);
  expect(nacks(peer)).toEqual([{ ...cancelled(1), ran: false }]);
  expect(note).not.toHaveBeenCalled();
});

test('where the log cannot tell, a withdrawal is answered for now, and a later one decides', async () => {
  const log = memoryLog();
  const cancel = vi.spyOn(log, 'cancel').mockRejectedValueOnce(new Error('the disk is full'));
  const note = vi.fn();
  const world = worldWith(note, log);
  const peer = await world.join();
  peer.say(withdraw(1));
  await world.clock.advance(0);
  expect(nacks(peer)).toMatchObject([{ id: id(1), code: 'unavailable', retry: true }]);
  expect(world.errors[0]).toContain(`withdrawing command ${id(1)}: Error: the disk is full`);
  peer.say(withdraw(1));
  await world.clock.advance(0);
  expect(nacks(peer)).toEqual([{ ...cancelled(1), ran: false }]);
  expect(cancel).toHaveBeenCalledTimes(2);
});

test('a connection that was superseded withdraws nothing any more', async () => {
  const gate = deferred<void>();
  const world = worldWith(async () => {
    await gate.promise;
    throw new Reject('later', 'not yet', { retry: true });
  });
  const old = await world.join();
  old.say(command(1));
  await world.clock.advance(0);
  old.say(withdraw(1));
  const young = await world.join({ term: 2 });
  gate.resolve();
  await world.clock.advance(0);
  young.say(command(1, { attempt: 2 }));
  await world.clock.advance(0);
  expect(nacks(young)).toMatchObject([{ code: 'later', retry: true }]);
});

test('a command that comes after its end is refused for good, without being begun', async () => {
  const note = vi.fn();
  const world = worldWith(note);
  const peer = await world.join();
  const now = world.clock.now();
  peer.say(command(1, { expires_at: now - 1 }), command(2, { expires_at: now }));
  await world.clock.advance(0);
  expect(nacks(peer)).toEqual([
    {
      type: 'command_nack',
      id: id(1),
      code: 'expired',
      message: 'it arrived after its end, and was not begun',
      retry: false,
      ran: false,
    },
  ]);
  expect(peer.expect('command_ack').id).toBe(id(2));
  expect(note).toHaveBeenCalledTimes(1);
});

test('a repeat after the end is answered with how the command ended', async () => {
  const world = worldWith(() => 'done');
  const peer = await world.join();
  const expires_at = world.clock.now() + 10;
  peer.say(command(1, { expires_at }));
  await world.clock.advance(60_000);
  peer.expect('command_ack');
  peer.say(command(1, { expires_at, attempt: 2 }));
  await world.clock.advance(0);
  expect(peer.expect('command_ack')).toMatchObject({ duplicate: true, result: 'done' });
});

test('a command whose end passes while it waits in its lane, or between two tries, is not begun any more', async () => {
  const ran: string[] = [];
  const world = worldWith(async (text) => {
    ran.push(text);
    if (text === '1') await new Promise<void>((done) => world.clock.setTimer(1_000, done));
    if (text === '3') throw new Error('boom');
  });
  const peer = await world.join();
  const expires_at = world.clock.now() + 500;
  peer.say(command(1), command(2, { expires_at }), command(3, { topic: 'u', expires_at }));
  await world.clock.advance(5_000);
  expect(ran).toEqual(['1', '3', '3', '3']);
  expect(nacks(peer).map(({ id, code, ran }) => [id, code, ran])).toEqual([
    [id(3), 'expired', undefined],
    [id(2), 'expired', false],
  ]);
});

test('a refusal says whether a handler of the id has ever begun, also under an earlier server on that log', async () => {
  const log = memoryLog();
  const first = worldWith(() => {
    throw new Reject('later', 'not yet', { retry: true });
  }, log);
  const before = await first.join();
  before.say(command(1));
  await first.clock.advance(0);
  expect(nacks(before)).toEqual([
    { type: 'command_nack', id: id(1), code: 'later', message: 'not yet', retry: true },
  ]);
  before.lose();

  const second = new HandWorld({ log, authorize: async () => false });
  const after = await second.join();
  after.say(command(1, { attempt: 2 }), command(2));
  await second.clock.advance(0);
  expect(nacks(after).map(({ id, code, ran }) => [id, code, ran])).toEqual([
    [id(1), 'forbidden', undefined],
    [id(2), 'forbidden', false],
  ]);
});
