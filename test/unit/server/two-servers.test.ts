import { expect, test } from 'vitest';
import type { EventLog } from '../../../src/server/log/event-log.ts';
import { memoryLog } from '../../../src/server/log/memory-log.ts';
import { CLIENT_ID, HandWorld } from './support/hand.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const COMMAND = {
  type: 'command',
  id: ID,
  topic: 't',
  command: { type: 'note', text: 'x' },
  attempt: 1,
  app_version: 3,
  created_at: 1_700_000_000_000,
  priority: 'normal',
};
const OWED_BY = { principal: 'anonymous', clientId: CLIENT_ID };

async function subscribed(world: HandWorld) {
  const peer = await world.join();
  peer.say({ type: 'subscribe', topic: 't', ref: 1 });
  await world.clock.advance(0);
  peer.expect('snapshot');
  return peer;
}

test('what any server publishes reaches the subscribers of each, in the order of the log', async () => {
  const log = memoryLog();
  const [one, other] = [new HandWorld({ log }), new HandWorld({ log })];
  const peer = await subscribed(other);
  const worlds = [one, other, other, one, one, other];
  await Promise.all(worlds.map(({ broker }, n) => broker.publish('t', { type: 'log', line: `${n}` })));
  await other.clock.advance(0);
  const events = peer.all('event');
  expect(events.map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5, 6]);
  const { events: inLog } = await log.read('t', { after: 0 }, { first: 10 });
  expect(events.map(({ event }) => event)).toEqual(inLog.map(({ event }) => JSON.parse(event)));
});

test('a critical event of another server is recorded as owed before it is given, and what follows comes behind it', async () => {
  const log = memoryLog();
  const owed: { when: number; offsets: readonly number[] }[] = [];
  const watched: EventLog = new Proxy(log, {
    get: (target, method: keyof EventLog) =>
      method === 'owe'
        ? async (...call: Parameters<EventLog['owe']>) => {
            await log.owe(...call);
            owed.push({ when: peer.frames.length, offsets: call[3] });
          }
        : Reflect.get(target, method).bind(target),
  });
  const [one, other] = [new HandWorld({ log }), new HandWorld({ log: watched })];
  const peer = await subscribed(other);
  peer.frames = [];
  await one.broker.publish('t', { type: 'alarm', text: 'fire' });
  await one.broker.publish('t', { type: 'log', line: 'behind it' });
  await other.clock.advance(0);
  expect(peer.all('event').map(({ offset }) => offset)).toEqual([1, 2]);
  expect(owed).toEqual([{ when: 0, offsets: [1] }]);
  expect(await log.owed(OWED_BY, 't')).toMatchObject([{ offset: 1 }]);
});

test('a client that moves to another server is served by that one alone, and what the first one runs for it commits nothing', async () => {
  const log = memoryLog();
  const held = Promise.withResolvers<void>();
  let calls = 0;
  const handlers = {
    decide: () => ({ resumed: true }),
    note: async (_: unknown, { publish }: { publish(topic: string, event: object): void }) => {
      const call = ++calls;
      if (call === 1) await held.promise;
      publish('t', { type: 'log', line: `ran for the ${call}. time` });
    },
  };
  const options = { log, handlers: handlers as never };
  const [one, other] = [new HandWorld(options), new HandWorld(options)];
  const before = await one.join();
  before.say(COMMAND);
  await one.clock.advance(0);
  const after = await other.join();
  expect(before.expect('goodbye')).toMatchObject({ code: 'superseded' });
  after.say({ ...COMMAND, attempt: 2 });
  await other.clock.advance(0);
  expect(after.expect('command_ack')).toMatchObject({ id: ID });
  held.resolve();
  await one.clock.advance(0);
  const { events } = await log.read('t', { after: 0 }, { first: 10 });
  expect(events.map(({ event }) => event)).toEqual(['{"type":"log","line":"ran for the 2. time"}']);
});

test('a client whose line was lost while the first server ran its command is not answered by two', async () => {
  const log = memoryLog();
  const held = Promise.withResolvers<void>();
  const handlers = {
    decide: () => ({ resumed: true }),
    note: async (_: unknown, { publish }: { publish(topic: string, event: object): void }) => {
      await held.promise;
      publish('t', { type: 'log', line: 'ran' });
    },
  };
  const options = { log, handlers: handlers as never };
  const [one, other] = [new HandWorld(options), new HandWorld(options)];
  const before = await one.join();
  before.say(COMMAND);
  await one.clock.advance(0);
  before.lose();
  const after = await other.join();
  after.say({ ...COMMAND, attempt: 2 });
  await other.clock.advance(0);
  held.resolve();
  await one.clock.advance(0);
  await other.clock.advance(0);
  expect(after.expect('command_ack')).toMatchObject({ id: ID });
  expect((await log.state('t')).offset).toBe(1);
});

test('whoever is disconnected by one server is disconnected by all', async () => {
  const log = memoryLog();
  const [one, other] = [new HandWorld({ log }), new HandWorld({ log })];
  const peer = await other.join();
  const somebody = await other.join({ client_id: CLIENT_ID.replace('1', '2') }, 'somebody');
  one.broker.disconnect('anonymous');
  await other.clock.advance(0);
  expect(peer.expect('goodbye')).toMatchObject({ code: 'unauthorized' });
  expect(somebody.all('goodbye')).toEqual([]);
});

test('two servers that a client came to at once do not both have it', async () => {
  const log = memoryLog();
  const [one, other] = [new HandWorld({ log }), new HandWorld({ log })];
  const token = Promise.withResolvers<string>();
  const slow = one.connect(token.promise);
  slow.hello();
  await one.clock.advance(0);
  const quick = await other.join();
  token.resolve('anonymous');
  await one.clock.advance(0);
  expect(slow.expect('goodbye')).toMatchObject({ code: 'overloaded', retry: true, retry_after_ms: 500 });
  expect(quick.all('goodbye')).toEqual([]);
});

test('a server that closes spreads the return of its clients, and says at once that it is draining', async () => {
  const world = new HandWorld();
  const ids = ['1', '2', '3', '4'].map((n) => CLIENT_ID.replace('1', n));
  const peers = await Promise.all(ids.map((client_id) => world.join({ client_id })));
  expect(world.broker.health).toBe('ready');
  const closing = world.broker.close(1_000, 40_000);
  expect(world.broker.health).toBe('draining');
  await world.clock.advance(0);
  const waits = peers.map((peer) => peer.expect('goodbye').retry_after_ms ?? 0);
  expect(waits).toEqual([0, 10_000, 20_000, 30_000]);
  for (const peer of peers) peer.lose();
  await closing;
});
