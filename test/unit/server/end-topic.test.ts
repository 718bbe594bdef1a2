import { expect, test } from 'vitest';
import { memoryLog } from '../../../src/server/index.ts';
import { CLIENT_ID, type HandPeer, HandWorld } from './support/hand.ts';

const OWED_BY = { principal: 'anonymous', clientId: CLIENT_ID };

async function publish(world: HandWorld, ...lines: string[]): Promise<string> {
  let epoch = '';
  for (const line of lines) {
    const publishing = world.broker.publish('t', { type: 'log', line });
    await world.clock.advance(0);
    ({ epoch } = await publishing);
  }
  return epoch;
}

async function alarm(world: HandWorld): Promise<void> {
  const publishing = world.broker.publish('t', { type: 'alarm', text: 'fire' });
  await world.clock.advance(0);
  await publishing;
}

async function end(world: HandWorld): Promise<void> {
  const ending = world.broker.endTopic('t');
  await world.clock.advance(0);
  await ending;
}

async function ask(world: HandWorld, peer: HandPeer, fields: object = {}): Promise<void> {
  peer.say({ type: 'subscribe', topic: 't', ref: 1, ...fields });
  await world.clock.advance(0);
}

test('who listens is given the empty state of a new epoch, and what is published then from offset 1', async () => {
  const world = new HandWorld();
  const peer = await world.join();
  const before = await publish(world, '1', '2');
  await ask(world, peer);
  peer.frames = [];
  await end(world);
  const { epoch } = peer.expect('subscribed');
  expect(epoch).not.toBe(before);
  expect(peer.frames).toEqual([
    {
      type: 'snapshot',
      topic: 't',
      ref: 0,
      epoch,
      offset: 0,
      ts: 0,
      part: 0,
      last: true,
      events: [],
      missed: [],
    },
  ]);
  peer.frames = [];
  expect(await publish(world, 'of the next one')).toBe(epoch);
  expect(peer.frames).toMatchObject([{ type: 'event', offset: 1 }]);
});

test('a cursor of before the end is good for nothing after it, whatever offset was reached since', async () => {
  const world = new HandWorld();
  const epoch = await publish(world, '1', '2');
  const ts = world.clock.now();
  await world.clock.advance(1_000);
  await end(world);
  await publish(world, 'one', 'two', 'three');
  const peer = await world.join();
  await ask(world, peer, { cursor: { epoch, offset: 2 }, last_seen: { offset: 2, ts } });
  expect(peer.expect('subscribed')).toMatchObject({ recovered: false, offset: 3 });
  const { missed, truncated } = peer.expect('snapshot');
  expect(missed?.map(({ event }) => event['line'])).toEqual(['one', 'two', 'three']);
  // What there was between is forgotten.
  expect(truncated).toBe(true);
});

test('who had not been given all of it is told that something is missing', async () => {
  const world = new HandWorld();
  const epoch = await publish(world, ...Array.from({ length: 20 }, () => 'x'.repeat(100_000)));
  const peer = await world.join();
  peer.buffered = 10_000_000;
  await ask(world, peer, { cursor: { epoch, offset: 0 } });
  expect(peer.expect('subscribed')).toMatchObject({ recovered: true });
  await end(world);
  peer.drain();
  await world.clock.advance(0);
  expect(peer.expect('snapshot')).toMatchObject({ ref: 0, offset: 0, events: [], truncated: true });
  expect(peer.all('event')).toEqual([]);
});

test('a state that is on its way begins anew under the request that it answers', async () => {
  const world = new HandWorld();
  await publish(world, ...Array.from({ length: 20 }, () => 'x'.repeat(100_000)));
  const peer = await world.join();
  peer.buffered = 10_000_000;
  await ask(world, peer, { ref: 7 });
  const { epoch } = peer.expect('subscribed');
  await end(world);
  peer.drain();
  await world.clock.advance(0);
  const again = peer.expect('subscribed');
  expect(again).toMatchObject({ ref: 7, offset: 0, recovered: false });
  expect(again.epoch).not.toBe(epoch);
  expect(peer.all('snapshot')).toMatchObject([
    { ref: 7, epoch: again.epoch, part: 0, last: true, events: [] },
  ]);
});

test('critical events that nobody has taken end with it: they are neither owed nor repeated', async () => {
  const log = memoryLog();
  const world = new HandWorld({ log });
  const peer = await world.join();
  await ask(world, peer);
  await publish(world, '1');
  await alarm(world);
  expect(await log.owed(OWED_BY, 't')).toHaveLength(1);
  await end(world);
  expect(await log.owed(OWED_BY, 't')).toEqual([]);
  peer.frames = [];
  await world.clock.advance(30_000);
  expect(peer.frames).toEqual([]);
});

test('one that was about to be repeated is not, and a new one of its offset is owed for itself', async () => {
  const log = memoryLog();
  const world = new HandWorld({ log });
  const peer = await world.join();
  await ask(world, peer);
  await alarm(world);
  const { epoch: before } = await log.state('t');
  peer.frames = [];
  // The repeat waits for the client.
  peer.buffered = 10_000_000;
  await world.clock.advance(5_000);
  await end(world);
  peer.drain();
  await world.clock.advance(0);
  peer.expect('snapshot');
  await alarm(world);
  expect(peer.all('event')).toMatchObject([{ offset: 1, ack: true }]);
  peer.say({ type: 'ack', topic: 't', epoch: before, offsets: [1] });
  await world.clock.advance(5_000);
  expect(await log.owed(OWED_BY, 't')).toMatchObject([{ offset: 1 }]);
  expect(peer.all('event')).toMatchObject([{ offset: 1, redelivery: true }]);
  peer.say({ type: 'ack', topic: 't', epoch: (await log.state('t')).epoch, offsets: [1] });
  await world.clock.advance(0);
  expect(await log.owed(OWED_BY, 't')).toEqual([]);
});

test('one that nobody has published to stays as it is', async () => {
  const world = new HandWorld();
  const peer = await world.join();
  await ask(world, peer);
  const { epoch } = peer.expect('subscribed');
  peer.frames = [];
  await end(world);
  expect(peer.frames).toEqual([]);
  expect(await publish(world, '1')).toBe(epoch);
});

test('nothing is to be read of it while rights are judged, not even that it has ended', async () => {
  let asks = Promise.resolve(true);
  const world = new HandWorld({ authorize: () => asks });
  const peer = await world.join();
  await publish(world, '1');
  await ask(world, peer);
  peer.frames = [];
  const { promise, resolve } = Promise.withResolvers<boolean>();
  asks = promise;
  world.broker.recheck('anonymous');
  await end(world);
  expect(peer.frames).toEqual([]);
  resolve(true);
  await world.clock.advance(0);
  expect(peer.frames).toMatchObject([{ type: 'subscribed' }, { type: 'snapshot', missed: [] }]);
});

test('a topic that no log keeps is refused, and what the log cannot do is told to whoever wanted it', async () => {
  const log = memoryLog();
  const world = new HandWorld({ log });
  await expect(world.broker.endTopic('a\0b')).rejects.toThrow(TypeError);
  await world.broker.ready();
  await log.close();
  await expect(world.broker.endTopic('t')).rejects.toThrow('the log is closed');
});

test('who comes back after the end is given critical events of what came next, and owes them', async () => {
  const log = memoryLog();
  const world = new HandWorld({ log });
  const before = await world.join();
  await ask(world, before);
  await alarm(world);
  await alarm(world);
  const { epoch, ts } = await log.state('t');
  before.say({ type: 'ack', topic: 't', epoch, offsets: [1, 2] });
  before.lose();
  await end(world);
  await alarm(world);
  const after = await world.join({ term: 2 });
  await ask(world, after, { cursor: { epoch, offset: 2 }, last_seen: { offset: 2, ts } });
  expect(after.expect('snapshot')).toMatchObject({ offset: 1, events: [{ offset: 1 }] });
  expect(after.all('event')).toMatchObject([{ offset: 1, redelivery: true }]);
  expect(await log.owed(OWED_BY, 't')).toMatchObject([{ offset: 1 }]);
});
