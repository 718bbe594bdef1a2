import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { deferred } from '../../../src/server/core/deferred.ts';
import { Fence } from '../../../src/server/core/fence.ts';
import { memoryLog } from '../../../src/server/index.ts';
import { HandWorld } from './support/hand.ts';
import { world } from './support/worlds.ts';

const decide = () => ({ resumed: true });
const note = (text = 'x') => ({ type: 'note', text }) as const;
const noteId = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const noteFrame = (n: number, text = 'x') => ({
  type: 'command',
  id: noteId(n),
  topic: `t${n}`,
  priority: 'normal',
  created_at: 1,
  attempt: 1,
  app_version: 3,
  command: note(text),
});

test('of too many sockets that are not welcomed yet, the longest silent one goes, and who says hello is let in', async () => {
  const running = await world({ limits: { handshakes: 2 } });
  const silent = [await running.connect(), await running.connect()] as const;
  await running.join();
  expect(await silent[0].next('goodbye')).toEqual({
    type: 'goodbye',
    code: 'overloaded',
    message: 'too many connections at once; try again',
    retry: true,
    retry_after_ms: 10_000,
  });
  expect(await silent[0].closed).toEqual({ code: 1013, reason: 'overloaded' });
  expect(silent[1].frames).toEqual([]);
  expect(running.server.stats()).toMatchObject({
    connections: 1,
    handshakes: 1,
    goodbyes: { overloaded: 1 },
  });
});

test('a crowd of silent sockets from one address costs another address no place', async () => {
  const hand = new HandWorld({ limits: { handshakes: 3 } });
  const quiet = hand.connect('anonymous', 'here');
  const crowd = [1, 2, 3, 4].map(() => hand.connect('anonymous', 'there'));
  expect(crowd.map(({ ended }) => ended)).toEqual([{ code: 1013 }, { code: 1013 }, null, null]);
  expect(quiet.ended).toBeNull();
});

test('a socket that ends before its welcome gives its place back', async () => {
  const hand = new HandWorld({ limits: { handshakes: 1 } });
  for (let i = 0; i < 3; i++) {
    const peer = hand.connect();
    expect(hand.broker.stats().handshakes).toBe(1);
    peer.lose();
  }
  await hand.join();
  expect(hand.broker.stats()).toMatchObject({ handshakes: 0, goodbyes: {} });
});

test('while as many tokens as allowed are being looked at, no further one is', async () => {
  const looked = deferred<string>();
  const authenticate = vi.fn(() => looked.promise);
  const running = await world({ authenticate, limits: { handshakes: 2 } });
  const clients = [await running.connect(), await running.connect()] as const;
  for (const client of clients) client.hello({ token: 'slow' });
  await expect.poll(() => authenticate.mock.calls.length).toBe(2);
  const third = await running.connect();
  expect(await third.next('goodbye')).toMatchObject({ code: 'overloaded', retry: true });
  third.hello({ token: 'slow' });
  await third.closed;
  looked.resolve('ann');
  for (const client of clients) expect(await client.next('welcome')).toMatchObject({ principal: 'ann' });
  expect(authenticate).toHaveBeenCalledTimes(2);
});

test('before its welcome a socket may send little, also within a message that never ends', async () => {
  const running = await world({ limits: { handshakeBytes: 2_000 } });
  const client = await running.connect();
  client.socket.send('x'.repeat(1_500), { fin: false });
  client.socket.send('x'.repeat(1_500), { fin: false });
  expect(await client.next('goodbye')).toMatchObject({
    code: 'bad_frame',
    message: 'more than 2000 bytes before `welcome`',
  });
  expect(running.server.stats()).toMatchObject({ connections: 0, malformedFrames: 1, messagesIn: 0 });
  const other = await running.join();
  for (let i = 0; i < 5; i++) other.send({ type: 'ping', id: i, padding: 'x'.repeat(1_000) });
  await other.settle();
});

test('welcomed sockets are bounded by their address, and a client that comes back takes its own place', async () => {
  const running = await world({ limits: { connectionsPerAddress: 2 } });
  const clients = [await running.join(), await running.join()] as const;
  const third = await running.connect();
  third.hello();
  expect(await third.next('goodbye')).toMatchObject({
    code: 'overloaded',
    message: 'more than 2 connections from one address',
    retry: true,
    retry_after_ms: 10_000,
  });
  await third.closed;
  await running.join({ client_id: clients[0].clientId });
  expect(await clients[0].next('goodbye')).toMatchObject({ code: 'superseded' });
  clients[1].socket.terminate();
  await expect.poll(() => running.server.stats().connections).toBe(1);
  await running.join();
});

test('another address is not held back by it, nor are sockets of an unknown one', async () => {
  const hand = new HandWorld({ limits: { connectionsPerAddress: 1 } });
  const join = async (address: string, n: number) => {
    const peer = hand.connect('anonymous', address);
    peer.hello({ client_id: noteId(n) });
    await hand.clock.advance(0);
    return peer.frames.map(({ type }) => type);
  };
  expect(await join('here', 1)).toEqual(['welcome']);
  expect(await join('here', 2)).toEqual(['goodbye']);
  expect(await join('there', 3)).toEqual(['welcome']);
  expect(await join('', 4)).toEqual(['welcome']);
  expect(await join('', 5)).toEqual(['welcome']);
});

test.each([
  ['handshakeMs', Number.POSITIVE_INFINITY, 'at most 2147483647, not Infinity'],
  ['authenticateMs', 2 ** 31, 'at most 2147483647, not 2147483648'],
  ['commandMs', Number.NaN, 'a positive number, not NaN'],
  ['commandMs', -1, 'a positive number, not -1'],
  ['heartbeatMs', 1_000_000_000, 'at most 858993458, not 1000000000'],
  ['maxFrameBytes', Number.POSITIVE_INFINITY, 'at most 2147483647, not Infinity'],
  ['tailLimit', 1.5, 'a whole number, not 1.5'],
])('a limit that cannot be kept to is refused at the start: %s of %d', async (name, value, complaint) => {
  await expect(world({ limits: { [name]: value } })).rejects.toThrow(
    new RangeError(`createServer: limits.${name} must be ${complaint}`),
  );
});

test('what is only counted may be without a bound', async () => {
  const limits = {
    connectionsPerAddress: Number.POSITIVE_INFINITY,
    framesPerSecond: Number.POSITIVE_INFINITY,
    bytesPerSecond: Number.POSITIVE_INFINITY,
  };
  const running = await world({ limits });
  const client = await running.join();
  for (let id = 0; id < 1_000; id++) client.send({ type: 'ping', id });
  await client.settle();
});

test('messages are not compressed, also where the client offers it', async () => {
  const running = await world();
  const socket = new WebSocket(running.url, 'trunkline.v1', { perMessageDeflate: true });
  await new Promise((resolve) => socket.once('open', resolve));
  expect(socket.extensions).toBe('');
  socket.terminate();
});

test('a topic name beyond 1,024 characters is a bad frame', async () => {
  const running = await world();
  const client = await running.join();
  client.send({ type: 'subscribe', topic: 'x'.repeat(1_025), ref: 1 });
  expect(await client.next('goodbye')).toMatchObject({ code: 'bad_frame' });
});

test.each([
  [
    'frames in one message',
    (frames: number) => [JSON.stringify(Array(frames).fill({ type: 'ping', id: 1 }))],
  ],
  ['frames', (frames: number) => Array(frames).fill('{"type":"ping","id":1}')],
  ['frames of a later version', (frames: number) => Array(frames).fill('{"type":"later"}')],
  ['messages without a frame', (frames: number) => Array(frames).fill('[]')],
])('more %s than allowed end a connection, with a time to come back', async (_, flood) => {
  const running = await world({ limits: { framesPerSecond: 10 } });
  const client = await running.join();
  for (const text of flood(15)) client.socket.send(text);
  await client.settle();
  for (const text of flood(1_000)) client.socket.send(text);
  expect(await client.next('goodbye')).toEqual({
    type: 'goodbye',
    code: 'overloaded',
    message: 'more than 10 frames a second',
    retry: true,
    retry_after_ms: 10_000,
  });
  expect(await client.closed).toMatchObject({ code: 1013 });
  // 20 at once, and what a slow run adds to them: none of the rest was looked at.
  expect(running.server.stats().framesIn).toBeLessThan(200);
});

test('a topic name counts in code points', async () => {
  const client = await (await world()).join();
  const topic = '🙂'.repeat(1_024);
  client.send({ type: 'subscribe', topic, ref: 1 });
  expect(await client.next('subscribed')).toMatchObject({ topic });
  client.send({ type: 'subscribe', topic: `${topic}x`, ref: 2 });
  expect(await client.next('goodbye')).toMatchObject({ code: 'bad_frame' });
});

test('more bytes than allowed end a connection, also within a message that never ends', async () => {
  const running = await world({ limits: { bytesPerSecond: 10_000 } });
  const client = await running.join();
  client.send({ type: 'ping', id: 1, padding: 'x'.repeat(5_000) });
  await client.settle();
  client.socket.send('x'.repeat(500_000), { fin: false });
  expect(await client.next('goodbye')).toMatchObject({
    code: 'overloaded',
    message: 'more than 10000 bytes a second',
    retry_after_ms: 10_000,
  });
});

test('a rate is what a second allows, whatever was allowed before', async () => {
  const hand = new HandWorld({ limits: { bytesPerSecond: 1_000 } });
  const peer = await hand.join();
  for (let second = 0; second < 10; second++) {
    peer.trickle(1_000);
    await hand.clock.advance(1_000);
  }
  expect(peer.ended).toBeNull();
  peer.trickle(2_000);
  peer.trickle(1);
  expect(peer.expect('goodbye')).toMatchObject({ code: 'overloaded' });
});

test('a client that does not read is turned away, and cut off, and the others get what they should', async () => {
  const running = await world({ limits: { bufferedBytes: 200_000 } });
  const slow = await running.join();
  const other = await running.join();
  for (const client of [slow, other]) {
    client.send({ type: 'subscribe', topic: 't', ref: 1 });
    await client.next('snapshot');
  }
  slow.socket.pause();
  const line = 'x'.repeat(100_000);
  let published = 0;
  while (running.server.stats().connections === 2) {
    await running.server.publish('t', { type: 'log', line });
    await other.take('event', 1);
    published += 1;
  }
  expect(running.server.stats()).toMatchObject({
    connections: 1,
    subscriptions: 1,
    goodbyes: { overloaded: 1 },
  });
  slow.socket.resume();
  await slow.closed;
  expect(slow.frames.filter(({ type }) => type === 'event').length).toBeLessThanOrEqual(published);
  await other.settle();
});

test('a client that pings the socket and does not read the answers is cut off', async () => {
  const running = await world();
  const client = await running.join();
  client.socket.pause();
  const answer = Buffer.alloc(125);
  while (running.server.stats().connections === 1) {
    for (let i = 0; i < 1_000; i++) client.socket.ping(answer);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.socket.terminate();
});

test('leaving a topic and coming back over and over is limited, and costs the log no more than that', async () => {
  const log = memoryLog();
  const state = vi.spyOn(log, 'state');
  const hand = new HandWorld({ log, limits: { resyncsPerMinute: 5, subscriptionsPerConnection: 5 } });
  const peer = await hand.join();
  for (let ref = 1; ref <= 20; ref++) {
    peer.say({ type: 'subscribe', topic: 't', ref });
    await hand.clock.advance(0);
    peer.say({ type: 'unsubscribe', topic: 't', ref });
  }
  expect(state).toHaveBeenCalledTimes(5);
  expect(peer.all('error')).toHaveLength(15);
  expect(hand.broker.stats()).toMatchObject({ rateLimited: 15, connections: 1 });
  await hand.clock.advance(12_000);
  peer.say({ type: 'subscribe', topic: 't', ref: 21 });
  await hand.clock.advance(0);
  expect(peer.all('subscribed').at(-1)).toMatchObject({ ref: 21 });
});

test('an acknowledgement of more than 10,000 offsets is a bad frame', async () => {
  const running = await world();
  const client = await running.join();
  const offsets = Array.from({ length: 10_000 }, (_, index) => index + 1);
  client.send({ type: 'ack', topic: 't', epoch: 'e', offsets });
  await client.settle();
  client.send({ type: 'ack', topic: 't', epoch: 'e', offsets, failed: [{ offset: 10_001, code: 'x' }] });
  expect(await client.next('goodbye')).toMatchObject({ code: 'bad_frame' });
});

test('acknowledgements that cannot be recorded as fast as they come are dropped, and asked for again', async () => {
  const allowed = deferred<boolean>();
  const authorize = vi.fn(() => allowed.promise);
  const hand = new HandWorld({ authorize });
  const peer = await hand.join();
  const offsets = Array.from({ length: 9_999 }, (_, index) => index + 1);
  for (let i = 0; i < 30; i++) peer.say({ type: 'ack', topic: 't', epoch: 'e', offsets });
  expect(authorize).toHaveBeenCalledTimes(11);
  await hand.clock.advance(0);
  expect(peer.all('error')).toHaveLength(19);
  expect(hand.broker.stats().rateLimited).toBe(19);
  allowed.resolve(true);
  await hand.clock.advance(0);
  peer.say({ type: 'ack', topic: 't', epoch: 'e', offsets });
  await hand.clock.advance(0);
  expect(peer.all('error')).toEqual([]);
});

test('commands that wait are bounded by their bytes, over all connections of a principal, and run when there is room', async () => {
  const done = deferred<void>();
  const hand = new HandWorld({
    handlers: { decide, note: () => done.promise },
    limits: { commandBytesPerPrincipal: 10_000 },
  });
  const first = await hand.join({ client_id: noteId(1) }, 'ann');
  const text = 'x'.repeat(4_000);
  first.say(noteFrame(1, text), noteFrame(2, text));
  first.lose();
  const second = await hand.join({ client_id: noteId(2) }, 'ann');
  second.say(noteFrame(3, text), noteFrame(4));
  const bob = await hand.join({ client_id: noteId(3) }, 'bob');
  // Larger than all that may wait, but alone.
  bob.say(noteFrame(5, 'x'.repeat(20_000)), noteFrame(6));
  await hand.clock.advance(0);
  expect(second.all('command_nack')).toEqual([
    {
      type: 'command_nack',
      id: noteId(3),
      code: 'overloaded',
      message: expect.stringMatching(/^\d+ bytes of commands are waiting; send it again later$/),
      retry: true,
      retry_after_ms: 1_000,
    },
  ]);
  expect(bob.all('command_nack').map(({ id }) => id)).toEqual([noteId(6)]);
  expect(hand.broker.stats().commands).toMatchObject({ inProgress: 4, deferred: 2 });
  done.resolve();
  await hand.clock.advance(0);
  second.say({ ...noteFrame(3, text), attempt: 2 });
  await hand.clock.advance(0);
  expect(second.all('command_ack').map(({ id }) => id)).toEqual([noteId(4), noteId(3)]);
});

test('a command that is nested too deeply to be written again is refused, and the others go on', async () => {
  const hand = new HandWorld({ handlers: { decide, note: () => undefined } });
  const peer = await hand.join();
  const text = JSON.stringify(noteFrame(1)).replace(
    '"text":"x"',
    `"text":"x","deep":${'['.repeat(50_000)}${']'.repeat(50_000)}`,
  );
  peer.hear(text);
  await hand.clock.advance(0);
  expect(peer.expect('command_nack')).toMatchObject({ id: noteId(1), retry: false });
  peer.say(noteFrame(2));
  await hand.clock.advance(0);
  expect(peer.expect('command_ack')).toMatchObject({ id: noteId(2) });
});

test('of clients without a connection, so many are remembered', () => {
  const clients = new Fence();
  const contender = (n: number, term: number) => ({
    client: { principal: 'ann', clientId: String(n) },
    term,
    address: '',
    number: n,
    position: n,
    supersede() {},
  });
  const come = (n: number, term: number) => {
    const one = contender(n, term);
    const isLetIn = clients.admit(one);
    if (isLetIn) clients.left(one, 0);
    return isLetIn;
  };
  for (let n = 0; n < 100_000; n++) come(n, 2);
  expect(come(0, 1)).toBe(false);
  come(100_000, 2);
  expect(come(0, 1)).toBe(true);
  expect(come(2, 1)).toBe(false);
});
