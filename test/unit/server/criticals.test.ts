import { expect, test } from 'vitest';
import { memoryLog } from '../../../src/server/index.ts';
import { KEEP_MS } from '../../../src/server/log/event-log.ts';
import { CLIENT_ID, HandWorld } from './support/hand.ts';

const OTHER_ID = '00000000-0000-4000-8000-000000000002';
const alarm = (text: string) => ({ type: 'alarm', text });
const gate = (id: string) => ({ type: 'gate', id, open: true });
const DAY_MS = 24 * 60 * 60 * 1_000;

async function subscribed(world: HandWorld, hello: { client_id?: string; term?: number } = {}, topic = 't') {
  const peer = await world.join(hello);
  peer.say({ type: 'subscribe', topic, ref: 1 });
  await world.clock.advance(0);
  peer.expect('subscribed');
  return peer;
}

/** A client that is heard of often enough. */
async function passWithPings(
  world: HandWorld,
  peer: { say(frame: object): void },
  ms: number,
): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    peer.say({ type: 'ping', id: 1 });
    await world.clock.advance(Math.min(left, 1_000));
  }
}

test('a critical event comes again after 5 s, backing off to 60 s, until its ack', async () => {
  const world = new HandWorld();
  const peer = await subscribed(world);
  const begin = world.clock.now();
  const { epoch } = await world.broker.publish('t', alarm('fire'));
  const seen: number[] = [];
  for (let second = 0; second <= 220; second++) {
    for (const event of peer.all('event')) {
      expect(event).toMatchObject({ offset: 1, ack: true });
      expect(event.redelivery).toBe(seen.length === 0 ? undefined : true);
      expect(event.prev).toBeUndefined();
      seen.push((world.clock.now() - begin) / 1_000);
    }
    await passWithPings(world, peer, 1_000);
  }
  expect(seen).toEqual([0, 5, 15, 35, 75, 135, 195]);
  peer.say({ type: 'ack', topic: 't', epoch, offsets: [1] });
  await passWithPings(world, peer, 130_000);
  expect(peer.all('event')).toEqual([]);
  expect(world.broker.stats()).toMatchObject({ redeliveries: 6, acknowledged: 1 });
});

test('a critical event comes again at once after every subscribe, until its ack', async () => {
  const world = new HandWorld();
  const first = await subscribed(world);
  const { epoch } = await world.broker.publish('t', alarm('fire'));
  expect(first.all('event')).toMatchObject([{ offset: 1, ack: true }]);
  first.lose();

  const second = await world.join();
  second.say({ type: 'subscribe', topic: 't', ref: 2, cursor: { epoch, offset: 1 } });
  await world.clock.advance(0);
  expect(second.expect('subscribed')).toMatchObject({ recovered: true });
  expect(second.all('event')).toMatchObject([{ offset: 1, ack: true, redelivery: true }]);
  second.say({ type: 'subscribe', topic: 't', ref: 3, cursor: { epoch, offset: 1 } });
  await world.clock.advance(0);
  expect(second.all('event')).toMatchObject([{ offset: 1, redelivery: true }]);
  second.say({ type: 'ack', topic: 't', epoch, offsets: [1] });
  second.lose();

  const third = await world.join();
  third.say({ type: 'subscribe', topic: 't', ref: 4, cursor: { epoch, offset: 1 } });
  third.say({ type: 'resync_request', topic: 't', ref: 5, last_seen: null });
  await passWithPings(world, third, 10_000);
  expect(third.all('event')).toEqual([]);
});

test('an ack of an event that never can be taken ends its repetition as well', async () => {
  const world = new HandWorld();
  const peer = await subscribed(world);
  await world.broker.publish('t', alarm('1'));
  const { epoch } = await world.broker.publish('t', alarm('2'));
  peer.say({ type: 'ack', topic: 't', epoch, offsets: [], failed: [{ offset: 1, code: 'invalid_event' }] });
  peer.all('event');
  await passWithPings(world, peer, 5_000);
  expect(peer.all('event')).toMatchObject([{ offset: 2 }]);
});

test('each client acknowledges for itself', async () => {
  const world = new HandWorld();
  const [one, two] = [await subscribed(world), await subscribed(world, { client_id: OTHER_ID })];
  const { epoch } = await world.broker.publish('t', alarm('fire'));
  one.say({ type: 'ack', topic: 't', epoch, offsets: [1] });
  one.all('event');
  two.all('event');
  await world.clock.advance(5_000);
  expect(one.all('event')).toEqual([]);
  expect(two.all('event')).toMatchObject([{ offset: 1, redelivery: true }]);
});

test('a client that was not there gets it as state, and from then on owes an ack', async () => {
  const world = new HandWorld();
  await world.broker.publish('t', gate('g'));
  const peer = await subscribed(world);
  const snapshot = peer.expect('snapshot');
  expect(snapshot.events).toMatchObject([{ offset: 1, key: 'gate:g' }]);
  expect(peer.all('event')).toMatchObject([{ offset: 1, key: 'gate:g', ack: true, redelivery: true }]);
  await world.clock.advance(5_000);
  expect(peer.all('event')).toMatchObject([{ offset: 1, key: 'gate:g', ack: true, redelivery: true }]);
  peer.say({ type: 'ack', topic: 't', epoch: snapshot.epoch, offsets: [1] });
  await passWithPings(world, peer, 30_000);
  peer.say({ type: 'subscribe', topic: 't', ref: 2 });
  await passWithPings(world, peer, 30_000);
  expect(peer.expect('snapshot').events).toHaveLength(1);
  expect(peer.all('event')).toEqual([]);
});

test('a client that was away gets it in its replay, and from then on owes an ack', async () => {
  const world = new HandWorld();
  const peer = await subscribed(world);
  const { epoch } = peer.expect('snapshot');
  peer.lose();
  await world.broker.publish('t', alarm('fire'));
  const again = await world.join();
  again.say({ type: 'subscribe', topic: 't', ref: 1, cursor: { epoch, offset: 0 } });
  await world.clock.advance(0);
  expect(again.all('event')).toMatchObject([{ offset: 1, ack: true }]);
  await world.clock.advance(5_000);
  expect(again.all('event')).toMatchObject([{ offset: 1, redelivery: true }]);
});

test('the replay comes first, and then what is owed up to the cursor: nothing comes twice', async () => {
  const world = new HandWorld();
  const peer = await subscribed(world);
  await world.broker.publish('t', alarm('1'));
  const { epoch } = await world.broker.publish('t', alarm('2'));
  peer.all('event');
  await world.broker.publish('t', alarm('3'));
  peer.lose();
  await world.broker.publish('t', alarm('4'));
  const again = await world.join();
  again.say({ type: 'subscribe', topic: 't', ref: 1, cursor: { epoch, offset: 2 } });
  await world.clock.advance(0);
  expect(again.all('event').map(({ offset, redelivery }) => ({ offset, redelivery }))).toEqual([
    { offset: 3, redelivery: undefined },
    { offset: 4, redelivery: undefined },
    { offset: 1, redelivery: true },
    { offset: 2, redelivery: true },
  ]);
  await world.clock.advance(5_000);
  expect(
    again
      .all('event')
      .map(({ offset }) => offset)
      .sort(),
  ).toEqual([1, 2, 3, 4]);
});

test('it is repeated for 7 days, though newer events have taken its place', async () => {
  const world = new HandWorld({ log: memoryLog({ historyEvents: 5 }) });
  const peer = await subscribed(world);
  await world.broker.publish('t', gate('g'));
  for (let i = 0; i < 50; i++) await world.broker.publish('t', { type: 'log', line: String(i) });
  await world.broker.publish('t', gate('g'));
  peer.lose();
  await world.clock.advance(6 * DAY_MS);
  const later = await subscribed(world);
  expect(later.all('event')).toMatchObject([
    { offset: 1, redelivery: true },
    { offset: 52, redelivery: true },
  ]);
  later.lose();
  await world.clock.advance(KEEP_MS - 6 * DAY_MS + 120_000);
  const muchLater = await subscribed(world);
  await world.clock.advance(10_000);
  expect(muchLater.expect('snapshot').events.at(-1)).toMatchObject({ offset: 52 });
  expect(muchLater.all('event')).toEqual([]);
});

test('what is owed is kept over a new epoch, and an ack of the former one ends nothing', async () => {
  const log = memoryLog();
  const world = new HandWorld({ log });
  const peer = await subscribed(world);
  const { epoch } = await world.broker.publish('t', alarm('fire'));
  peer.lose();
  await log.renew(0);
  const again = await subscribed(world);
  const snapshot = again.expect('snapshot');
  expect(snapshot.epoch).not.toBe(epoch);
  expect(again.all('event')).toMatchObject([{ offset: 1, redelivery: true }]);
  again.say({ type: 'ack', topic: 't', epoch, offsets: [1] });
  await world.clock.advance(5_000);
  expect(again.all('event')).toMatchObject([{ offset: 1, redelivery: true }]);
  again.say({ type: 'ack', topic: 't', epoch: snapshot.epoch, offsets: [1] });
  await passWithPings(world, again, 60_000);
  expect(again.all('event')).toEqual([]);
});

test('nothing is repeated on a topic that was unsubscribed', async () => {
  const world = new HandWorld();
  const peer = await subscribed(world);
  await world.broker.publish('t', alarm('fire'));
  peer.all('event');
  peer.say({ type: 'unsubscribe', topic: 't', ref: 2 });
  await world.clock.advance(30_000);
  expect(peer.all('event')).toEqual([]);
});

test('what is owed survives a restart with history, and a superseded connection', async () => {
  const log = memoryLog();
  const world = new HandWorld({ log });
  await subscribed(world);
  await world.broker.publish('t', alarm('fire'));
  const newer = await subscribed(world, { client_id: CLIENT_ID, term: 2 });
  expect(newer.all('event')).toMatchObject([{ offset: 1, redelivery: true }]);
  const closing = world.broker.close(0);
  await world.clock.advance(5_000);
  await closing;
  const next = new HandWorld({ log });
  const peer = await subscribed(next, { client_id: CLIENT_ID, term: 2 });
  expect(peer.all('event')).toMatchObject([{ offset: 1, redelivery: true }]);
});

test('many that are owed come at the pace of the client, and none of them is lost', async () => {
  const world = new HandWorld({ limits: { bufferedBytes: 3_000_000 } });
  const text = 'x'.repeat(10_000);
  const first = await subscribed(world);
  for (let i = 0; i < 500; i++) await world.broker.publish('t', alarm(text));
  const { epoch } = first.expect('snapshot');
  first.lose();
  const peer = await world.join();
  peer.say({ type: 'subscribe', topic: 't', ref: 1, cursor: { epoch, offset: 500 } });
  const seen: number[] = [];
  for (let i = 0; i < 10; i++) {
    peer.buffered = 2_000_000;
    await world.clock.advance(0);
    seen.push(...peer.all('event').map(({ offset }) => offset));
    peer.drain();
  }
  await world.clock.advance(0);
  seen.push(...peer.all('event').map(({ offset }) => offset));
  expect(peer.ended).toBeNull();
  expect(seen).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
});
