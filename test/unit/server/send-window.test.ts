import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { HandWorld } from './support/hand.ts';

const TOPIC = 't';
const node = (id: string, size: number) => ({ type: 'node', id, state: 'x'.repeat(size) }) as const;

/** A topic of so many keys, each of so many bytes. */
async function filled(keys: number, size: number): Promise<HandWorld> {
  const world = new HandWorld();
  for (let key = 0; key < keys; key++) await world.broker.publish(TOPIC, node(`n${key}`, size));
  return world;
}

test('a line that is not known yet is given at most 24 KiB of a snapshot, and the rest as it reads', async () => {
  const world = await filled(200, 1_000);
  const peer = await world.join();
  peer.reads = false;
  const before = peer.sizes.length;
  peer.say({ type: 'resync_request', topic: TOPIC, ref: 1, last_seen: null });
  for (let turn = 0; turn < 20; turn++) await setImmediate();
  const given = () => peer.sizes.slice(before);
  const sum = (sizes: readonly number[]) => sizes.reduce((a, b) => a + b, 0);
  expect(sum(given())).toBeLessThanOrEqual(24 * 1_024);
  for (let n = 0; n < 200 && !peer.frames.some((frame) => frame.type === 'snapshot' && frame.last); n++) {
    // 5 kB/s: what is on its way takes its time.
    await world.clock.advance((sum(given()) - sum(given().slice(0, -2))) / 5);
    peer.read();
    for (let turn = 0; turn < 5; turn++) await setImmediate();
  }
  expect(Math.max(...given())).toBeLessThanOrEqual(16 * 1_024);
  expect(peer.all('snapshot').at(-1)).toMatchObject({ last: true });
});

test('a line that is quick gets larger parts, up to 1 MiB', async () => {
  const world = await filled(3_000, 3_000);
  const peer = await world.join();
  peer.say({ type: 'resync_request', topic: TOPIC, ref: 1, last_seen: null });
  for (let turn = 0; turn < 100; turn++) await setImmediate();
  expect(peer.all('snapshot').at(-1)).toMatchObject({ last: true });
  expect(Math.max(...peer.sizes)).toBeGreaterThan(900_000);
  expect(Math.max(...peer.sizes)).toBeLessThanOrEqual(1_048_576);
  expect(peer.sizes.length).toBeLessThan(40);
});

test('a line that answers at once is asked three times within a state of 1,000 keys', async () => {
  const world = await filled(1_000, 200);
  const peer = await world.join();
  peer.reads = false;
  const before = peer.sizes.length;
  peer.say({ type: 'resync_request', topic: TOPIC, ref: 1, last_seen: null });
  let asked = 0;
  for (; !peer.frames.some((frame) => frame.type === 'snapshot' && frame.last) && asked < 20; asked++) {
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    await world.clock.advance(1);
    peer.read();
  }
  expect(asked).toBeLessThanOrEqual(3);
  expect(peer.sizes.length - before).toBeLessThanOrEqual(7);
});

test('a line on which what was sent takes its time gets twice as much after each answer, and no more', async () => {
  const world = await filled(1_000, 200);
  const peer = await world.join();
  peer.reads = false;
  let before = peer.sizes.length;
  peer.say({ type: 'resync_request', topic: TOPIC, ref: 1, last_seen: null });
  const given: number[] = [];
  for (let round = 0; round < 4; round++) {
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    given.push(peer.sizes.slice(before).reduce((a, b) => a + b, 0));
    before = peer.sizes.length;
    await world.clock.advance(125);
    peer.read();
  }
  for (const [round, bytes] of given.entries()) expect(bytes).toBeLessThanOrEqual(1.5 * 16_384 * 2 ** round);
});

test('however many topics are given at once, they share what may be on its way', async () => {
  const world = new HandWorld();
  for (let t = 0; t < 30; t++)
    for (let key = 0; key < 20; key++) await world.broker.publish(`t${t}`, node(`n${key}`, 1_000));
  const peer = await world.join();
  peer.reads = false;
  const before = peer.sizes.length;
  for (let t = 0; t < 30; t++)
    peer.say({ type: 'resync_request', topic: `t${t}`, ref: t + 1, last_seen: null });
  const sum = () => peer.sizes.slice(before).reduce((a, b) => a + b, 0);
  for (let round = 0, known = 0; round < 60; round++) {
    for (let turn = 0; turn < 10; turn++) await setImmediate();
    // The answers to 30 requests are a part of it.
    expect(sum() - known).toBeLessThanOrEqual(32 * 1_024);
    known = sum();
    await world.clock.advance(4_000);
    peer.read();
  }
  expect(peer.all('snapshot').filter(({ last }) => last)).toHaveLength(30);
});

test('answers go ahead of a snapshot that waits for its client', async () => {
  const world = await filled(200, 1_000);
  const peer = await world.join();
  peer.reads = false;
  peer.say({ type: 'resync_request', topic: TOPIC, ref: 1, last_seen: null });
  for (let turn = 0; turn < 20; turn++) await setImmediate();
  const { length } = peer.sizes;
  peer.say({ type: 'ping', id: 7 });
  await setImmediate();
  expect(peer.sizes).toHaveLength(length + 1);
  expect(peer.expect('pong')).toEqual(expect.objectContaining({ id: 7 }));
});

test('a client that does not answer the pings of the WebSocket is not waited for', async () => {
  const world = await filled(40, 1_000);
  const peer = await world.join();
  peer.reads = false;
  peer.say({ type: 'resync_request', topic: TOPIC, ref: 1, last_seen: null });
  for (let n = 0; n < 10; n++) {
    for (let turn = 0; turn < 10; turn++) await setImmediate();
    await world.clock.advance(15_000);
    peer.say({ type: 'ping', id: n + 1 });
  }
  expect(peer.all('snapshot').at(-1)).toMatchObject({ last: true });
});

test('a client whose large message arrives slowly lives, and hears once a second that it does', async () => {
  const world = new HandWorld();
  const peer = await world.join();
  for (let second = 0; second < 300; second++) {
    await world.clock.advance(1_000);
    peer.trickle(5_000);
  }
  await setImmediate();
  expect(peer.ended).toBeNull();
  const signs = peer.all('pong');
  expect(signs.length).toBeGreaterThan(250);
  expect(new Set(signs.map(({ id }) => id))).toEqual(new Set([-1]));
});

test('small messages are no reason to say anything', async () => {
  const world = new HandWorld();
  const peer = await world.join();
  for (let second = 0; second < 100; second++) {
    await world.clock.advance(1_000);
    peer.trickle(100);
    peer.say({ type: 'ping', id: second + 1 });
  }
  await setImmediate();
  expect(peer.all('pong')).toHaveLength(100);
});
