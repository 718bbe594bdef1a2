import { describe, expect, test } from 'vitest';
import { type EventLog, memoryLog } from '../../../src/server/index.ts';
import { CLIENT_ID, type HandPeer, HandWorld } from './support/hand.ts';

/** Asked whether somebody may read something, and not answered yet. */
interface Question {
  readonly topic: string;
  answer(allowed: boolean): Promise<void>;
  fail(): Promise<void>;
}

/** Whose `authorize` answers by hand, once `asks` is true; before that everything is allowed. */
function askedByHand({ authenticateMs = 1_000_000, log = memoryLog() } = {}) {
  const questions: Question[] = [];
  const rights = { asks: false };
  const world = new HandWorld({
    log,
    limits: { authenticateMs },
    authorize: (_, topic) => {
      if (!rights.asks) return Promise.resolve(true);
      const { promise, resolve, reject } = Promise.withResolvers<boolean>();
      const pass = () => world.clock.advance(0);
      questions.push({
        topic,
        answer: (allowed) => {
          resolve(allowed);
          return pass();
        },
        fail: () => {
          reject(new Error('the permissions are away'));
          return pass();
        },
      });
      return promise;
    },
  });
  const next = () => {
    const question = questions.shift();
    if (!question) throw new Error('authorize was not asked');
    return question;
  };
  return { world, rights, questions, next };
}

async function subscribe(world: HandWorld, peer: HandPeer, topic = 't', ref = 1): Promise<void> {
  peer.say({ type: 'subscribe', topic, ref });
  await world.clock.advance(0);
  peer.expect('snapshot');
  peer.frames = [];
}

async function publish(world: HandWorld, line: string, topic = 't'): Promise<void> {
  const publishing = world.broker.publish(topic, { type: 'log', line });
  await world.clock.advance(0);
  await publishing;
}

const alarm = (world: HandWorld) => world.broker.publish('t', { type: 'alarm', text: 'fire' });
const offsets = (peer: HandPeer) => peer.all('event').map(({ offset }) => offset);

describe('rights that were withdrawn', () => {
  test('end the subscription at once, with the answer of a refused one, and leave the connection', async () => {
    const { world, rights, next } = askedByHand();
    const peer = await world.join();
    await subscribe(world, peer);
    await subscribe(world, peer, 'u', 2);
    rights.asks = true;
    world.broker.recheck('anonymous');
    for (const question of [next(), next()]) await question.answer(question.topic === 'u');
    expect(peer.all('error')).toMatchObject([{ code: 'forbidden', topic: 't', ref: 1, ended: true }]);
    await publish(world, 'secret');
    await publish(world, 'open', 'u');
    expect(peer.all('event')).toMatchObject([{ topic: 'u', offset: 1 }]);
    expect(world.broker.stats().subscriptions).toBe(1);
    expect(peer.all('goodbye')).toEqual([]);
  });

  test('count for nobody else', async () => {
    const { world, rights, questions } = askedByHand();
    await subscribe(world, await world.join());
    rights.asks = true;
    world.broker.recheck('somebody');
    await world.clock.advance(0);
    expect(questions).toEqual([]);
  });

  test('are not used while they are judged, whatever is on its way then', async () => {
    const { world, rights, next } = askedByHand();
    const peer = await world.join();
    await subscribe(world, peer);
    rights.asks = true;
    world.broker.recheck('anonymous');
    await publish(world, 'secret');
    await alarm(world);
    await world.clock.advance(20_000);
    expect(peer.frames).toEqual([]);
    await next().answer(false);
    await world.clock.advance(20_000);
    expect(peer.frames.map(({ type }) => type)).toEqual(['error']);
  });

  test('end a snapshot in the middle, an answer before its beginning, and what critical events are repeated', async () => {
    const { world, rights, next } = askedByHand();
    for (let n = 0; n < 50; n += 1) await publish(world, 'x'.repeat(1_000));
    await alarm(world);
    const [slow, late, owing] = [
      await world.join({ client_id: CLIENT_ID.replace('1', '2') }),
      await world.join({ client_id: CLIENT_ID.replace('1', '3') }),
      await world.join({ client_id: CLIENT_ID.replace('1', '4') }),
    ];
    await subscribe(world, owing);
    await world.clock.advance(20_000);
    expect(owing.all('event').length).toBeGreaterThan(0);
    slow.buffered = 10_000_000;
    slow.say({ type: 'subscribe', topic: 't', ref: 1 });
    await world.clock.advance(0);
    late.say({ type: 'subscribe', topic: 't', ref: 1 });
    rights.asks = true;
    world.broker.recheck('anonymous');
    slow.drain();
    await world.clock.advance(20_000);
    const given = [slow, late, owing].map(({ frames }) =>
      frames.filter(({ type }) => type !== 'subscribed' && type !== 'pong').map(({ type }) => type),
    );
    expect(given).toEqual([[], [], []]);
    expect(late.all('subscribed')).toEqual([]);
    for (let n = 0; n < 3; n += 1) await next().answer(false);
    await world.clock.advance(30_000);
    for (const peer of [slow, late, owing]) {
      expect(peer.all('error')).toMatchObject([{ code: 'forbidden', ended: true }]);
      expect([...peer.all('snapshot'), ...peer.all('event')]).toEqual([]);
    }
  });

  test.each([
    ['without a cursor', 'state', {}],
    ['with one', 'read', { cursor: { epoch: 'e', offset: 1 } }],
  ] as const)('keep the first answer back that was being read for a client %s', async (_, method, cursor) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const log = memoryLog({ newEpoch: () => 'e' });
    const slow: EventLog = new Proxy(log, {
      get: (target, name: keyof EventLog) =>
        name === method
          ? (...call: never[]) => promise.then(() => Reflect.apply(target[name], target, call))
          : Reflect.get(target, name).bind(target),
    });
    const { world, rights, next } = askedByHand({ log: slow });
    await publish(world, 'secret');
    const peer = await world.join();
    peer.say({ type: 'subscribe', topic: 't', ref: 1, ...cursor });
    await world.clock.advance(0);
    rights.asks = true;
    world.broker.recheck('anonymous');
    resolve();
    await world.clock.advance(0);
    expect(peer.frames).toEqual([]);
    await next().answer(false);
    expect(peer.frames).toMatchObject([{ type: 'error', code: 'forbidden' }]);
  });

  test('count where the first answer, to the rights of before, comes after that', async () => {
    const { world, rights, next } = askedByHand();
    const peer = await world.join();
    rights.asks = true;
    peer.say({ type: 'subscribe', topic: 't', ref: 1 });
    await world.clock.advance(0);
    const before = next();
    world.broker.recheck('anonymous');
    await before.answer(true);
    expect(peer.frames).toEqual([]);
    await next().answer(false);
    expect(peer.expect('error')).toMatchObject({ code: 'forbidden', ended: true });
    expect(peer.frames).toEqual([]);
  });

  test('count by the newest change: what is answered to one before it decides nothing', async () => {
    const { world, rights, next } = askedByHand();
    const peer = await world.join();
    await subscribe(world, peer);
    rights.asks = true;
    world.broker.recheck('anonymous');
    world.broker.recheck('anonymous');
    const [first, second] = [next(), next()];
    await publish(world, 'between');
    await first.answer(true);
    expect(peer.frames).toEqual([]);
    await second.answer(false);
    expect(peer.frames.map(({ type }) => type)).toEqual(['error']);
  });
});

test('rights that stay go on without a gap, and nothing is told twice', async () => {
  const { world, rights, next } = askedByHand();
  const peer = await world.join();
  await subscribe(world, peer);
  await publish(world, '1');
  rights.asks = true;
  world.broker.recheck('anonymous');
  await publish(world, '2');
  await alarm(world);
  await next().answer(true);
  await publish(world, '4');
  expect(peer.frames.map(({ type }) => type)).toEqual(['event', 'event', 'event', 'event']);
  expect(offsets(peer)).toEqual([1, 2, 3, 4]);
});

test('a snapshot that was held up goes on where it was', async () => {
  const { world, rights, next } = askedByHand();
  for (let n = 0; n < 50; n += 1) await publish(world, 'x'.repeat(1_000));
  const peer = await world.join();
  peer.buffered = 10_000_000;
  peer.say({ type: 'subscribe', topic: 't', ref: 1 });
  await world.clock.advance(0);
  rights.asks = true;
  world.broker.recheck('anonymous');
  peer.drain();
  await publish(world, 'later');
  expect(peer.all('snapshot')).toEqual([]);
  await next().answer(true);
  const parts = peer.all('snapshot');
  expect(parts.flatMap(({ events }) => events)).toHaveLength(50);
  expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index));
  expect(offsets(peer)).toEqual([51]);
  expect(peer.all('subscribed')).toHaveLength(1);
});

describe('what cannot be decided', () => {
  test('ends the connection, so that nothing is given, and the client comes again', async () => {
    const { world, rights, next } = askedByHand();
    const peer = await world.join();
    await subscribe(world, peer);
    rights.asks = true;
    world.broker.recheck('anonymous');
    await publish(world, 'secret');
    await next().fail();
    expect(peer.frames).toMatchObject([{ type: 'goodbye', code: 'overloaded', retry: true }]);
    expect(world.errors).toEqual(['authorizing a reader of topic t anew: Error: the permissions are away']);
  });

  test('is decided as that in time, too: an `authorize` that never answers gives nothing', async () => {
    const { world, rights } = askedByHand({ authenticateMs: 5_000 });
    const peer = await world.join();
    await subscribe(world, peer);
    rights.asks = true;
    world.broker.recheck('anonymous');
    await world.clock.advance(4_999);
    expect(peer.all('goodbye')).toEqual([]);
    await world.clock.advance(1);
    expect(peer.expect('goodbye')).toMatchObject({ code: 'overloaded', retry: true });
    expect(world.errors[0]).toContain('limits.authenticateMs (5000 ms)');
  });

  test("is nobody's matter any more where the client has left the topic meanwhile", async () => {
    const { world, rights, next } = askedByHand();
    const peer = await world.join();
    await subscribe(world, peer);
    rights.asks = true;
    world.broker.recheck('anonymous');
    peer.say({ type: 'unsubscribe', topic: 't', ref: 2 });
    await next().fail();
    expect(peer.frames).toEqual([]);
    expect(world.errors).toEqual([]);
  });
});

test('a command is asked about by the rights of now, with or without a recheck', async () => {
  const { world, rights, next } = askedByHand();
  const peer = await world.join();
  rights.asks = true;
  peer.say({
    type: 'command',
    id: '11111111-1111-4111-8111-111111111111',
    topic: 't',
    command: { type: 'note', text: 'x' },
    attempt: 1,
    app_version: 3,
    created_at: 1,
    priority: 'normal',
  });
  await world.clock.advance(0);
  await next().answer(false);
  expect(peer.expect('command_nack')).toMatchObject({ code: 'forbidden', retry: false });
});

test('who remembers rights is told when they change, before they are judged anew, on whichever server that was', async () => {
  const happened: string[] = [];
  const log = memoryLog();
  const world = new HandWorld({
    log,
    rightsChanged: (principal) => happened.push(`changed ${principal}`),
    authorize: async () => {
      happened.push('judged');
      return true;
    },
  });
  const peer = await world.join();
  peer.say({ type: 'subscribe', topic: 't', ref: 1 });
  await world.clock.advance(0);
  happened.length = 0;
  world.broker.recheck('anonymous');
  await world.clock.advance(0);
  expect(happened).toEqual(['changed anonymous', 'judged']);
  await log.recheck('anonymous', 'the run of another server');
  await world.clock.advance(0);
  expect(happened.slice(2)).toEqual(['changed anonymous', 'judged']);
  world.broker.disconnect('anonymous');
  expect(happened.slice(4)).toEqual(['changed anonymous']);
});

test('who asks for a topic is told that it is not decided where `authorize` never answers', async () => {
  const { world, rights } = askedByHand({ authenticateMs: 3_000 });
  const peer = await world.join();
  rights.asks = true;
  peer.say({ type: 'subscribe', topic: 't', ref: 1 });
  await world.clock.advance(2_999);
  expect(peer.frames).toEqual([]);
  await world.clock.advance(1);
  expect(peer.frames).toMatchObject([{ type: 'error', code: 'internal', topic: 't', ref: 1, ended: false }]);
  expect(world.errors).toMatchObject([expect.stringContaining('authorize took longer')]);
});
