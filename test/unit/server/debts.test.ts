/** What a client must acknowledge is recorded before its cursor can pass it, also where it is not given it. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type EventLog, memoryLog, replicatedLog } from '../../../src/server/index.ts';
import { MemoryEngine, MemoryLogService } from '../../support/memory-engine.ts';
import { CLIENT_ID, type HandPeer, HandWorld } from './support/hand.ts';

const NOW = 1_700_000_000_000;
const WHOSE = { principal: 'anonymous', clientId: CLIENT_ID };
const alarm = (text: string) => ({ type: 'alarm', text });
const line = (text: string) => ({ type: 'log', line: text });
/** So little of a topic is told that an alarm is soon beyond it. */
const limits = { missedLimit: 2, tailLimit: 1 };

let service: MemoryLogService;
const logs: EventLog[] = [];
beforeEach(() => {
  service = new MemoryLogService(() => NOW);
});
afterEach(async () => {
  await Promise.all(logs.splice(0).map((log) => log.close()));
});

interface Server {
  readonly world: HandWorld;
  readonly log: EventLog;
  readonly engine: MemoryEngine;
}

async function server(historyEvents = 100): Promise<Server> {
  const engine = new MemoryEngine(service, 4_000_000);
  const log = replicatedLog({ engine, historyEvents });
  logs.push(log);
  const world = new HandWorld({ log, limits });
  await world.broker.ready();
  return { world, log, engine };
}

async function joined({ world }: Pick<Server, 'world'>): Promise<HandPeer> {
  const peer = world.connect();
  peer.hello();
  await vi.waitFor(() => peer.expect('welcome'));
  return peer;
}

async function subscribed(on: Server, cursor?: { epoch: string; offset: number }): Promise<HandPeer> {
  const peer = await joined(on);
  peer.say({ type: 'subscribe', topic: 't', ref: 1, ...(cursor && { cursor }) });
  await vi.waitFor(() => peer.expect('subscribed'));
  return peer;
}

interface Asked {
  readonly how: string;
  readonly historyEvents?: number;
  request(cursor: { epoch: string; offset: number }): object;
}
const ASKED: readonly Asked[] = [
  {
    how: 'goes on from a cursor that the history does not reach back to',
    historyEvents: 2,
    request: (cursor) => ({ type: 'subscribe', cursor }),
  },
  {
    how: 'asks for what it missed, which is more than is told',
    request: (cursor) => ({ type: 'resync_request', cursor, last_seen: NOW }),
  },
  {
    how: 'asks for what it missed since a time',
    request: () => ({ type: 'resync_request', last_seen: NOW }),
  },
  {
    how: 'asks for the state alone',
    request: (cursor) => ({ type: 'resync_request', cursor, last_seen: NOW, missed: false }),
  },
];

test.each(ASKED)(
  'a client of one server owes a critical event that another one published, when it comes to that one and $how',
  async ({ request, historyEvents }) => {
    const [one, other] = [await server(historyEvents), await server(historyEvents)];
    await one.world.broker.publish('t', line('before'));
    const before = await subscribed(one);
    // What it has subscribed to is published elsewhere, and its own server does not hear of that before its line is lost.
    one.engine.lag(true);
    const { epoch } = await other.world.broker.publish('t', alarm('fire'));
    for (let n = 0; n < 9; n += 1) await other.world.broker.publish('t', line(`${n}`));
    before.lose();

    const peer = await joined(other);
    let framesBefore = -1;
    const { owe } = other.log;
    vi.spyOn(other.log, 'owe').mockImplementation(async (...call) => {
      await owe.apply(other.log, call);
      framesBefore = peer.frames.length;
    });
    peer.say({ topic: 't', ref: 1, ...request({ epoch, offset: 1 }) });
    await vi.waitFor(() => expect(peer.all('event')).toMatchObject([{ offset: 2, redelivery: true }]));
    expect(framesBefore).toBe(0);
    expect(await other.log.owed(WHOSE, 't')).toMatchObject([{ offset: 2 }]);
    peer.say({ type: 'ack', topic: 't', epoch, offsets: [2] });
    await vi.waitFor(async () => expect(await other.log.owed(WHOSE, 't')).toEqual([]));

    // It is recorded now, and not asked for again.
    const { newest } = service;
    peer.frames = [];
    peer.say({ topic: 't', ref: 2, ...request({ epoch, offset: 1 }) });
    await vi.waitFor(() => peer.expect('snapshot'));
    expect(peer.all('event')).toEqual([]);
    expect(service.newest).toBe(newest);
    one.engine.lag(false);
  },
);

test('a client that does not know any more where it was owes what came since its debts were recorded last', async () => {
  const [one, other] = [await server(), await server()];
  await one.world.broker.publish('t', { type: 'gate', id: 'g', open: true });
  const before = await subscribed(one);
  await vi.waitFor(() => expect(before.all('event')).toMatchObject([{ offset: 1 }]));
  before.lose();
  await other.world.broker.publish('t', alarm('fire'));
  for (let n = 0; n < 9; n += 1) await other.world.broker.publish('t', line(`${n}`));
  const peer = await subscribed(other);
  await vi.waitFor(() => expect(peer.all('event').map(({ offset }) => offset)).toEqual([1, 2]));
});

test('a client that was never there owes nothing of the past but what it is given', async () => {
  const one = await server();
  await one.world.broker.publish('t', { type: 'gate', id: 'g', open: true });
  await one.world.broker.publish('t', alarm('fire'));
  await one.world.broker.publish('t', line('behind it'));
  for (let times = 1; times <= 2; times += 1) {
    const peer = await subscribed(one);
    await vi.waitFor(() => expect(peer.all('event')).toMatchObject([{ offset: 1, redelivery: true }]));
    expect(await one.log.owed(WHOSE, 't')).toMatchObject([{ offset: 1 }]);
    peer.lose();
  }
});

test('nothing is recorded for whoever subscribes and owes nothing more', async () => {
  const one = await server();
  await one.world.broker.publish('t', line('x'));
  const { epoch } = await one.world.broker.publish('u', alarm('x'));
  const peer = await joined(one);
  const { newest } = service;
  peer.say({ type: 'subscribe', topic: 't', ref: 1 });
  peer.say({ type: 'subscribe', topic: 'u', ref: 2, cursor: { epoch, offset: 1 } });
  await vi.waitFor(() => expect(peer.all('subscribed')).toHaveLength(2));
  expect(service.newest).toBe(newest);
});

/** Of an alarm that another server has published: it is written to the log once `free` is called. */
async function debtUnderWay(one: Server, other: Server): Promise<{ epoch: string; free: () => void }> {
  const { owe } = one.log;
  const owing = vi.spyOn(one.log, 'owe').mockImplementationOnce(async (...call) => {
    one.engine.stall(true);
    await owe.apply(one.log, call);
  });
  const { epoch } = await other.world.broker.publish('t', alarm('fire'));
  await vi.waitFor(() => expect(owing).toHaveBeenCalled());
  return { epoch, free: () => one.engine.stall(false) };
}

test('a debt that is under way when its topic ends is no debt of the topic that begins then', async () => {
  const [one, other] = [await server(), await server()];
  const { world } = other;
  for (const text of ['1', '2', '3']) await world.broker.publish('t', line(text));
  const before = await subscribed(one);
  const { epoch, free } = await debtUnderWay(one, other);
  await world.broker.endTopic('t');
  for (const text of ['1', '2', '3', '4']) await world.broker.publish('t', alarm(text));
  // It is written, and the server that wrote it hears of nothing, and gives nothing, before its client comes to the other one.
  one.engine.lag(true);
  const { newest } = service;
  free();
  await vi.waitFor(() => expect(service.newest).toBeGreaterThan(newest));
  before.lose();
  await vi.waitFor(async () => expect(await other.log.position()).toBe(service.newest));
  expect(await other.log.owed(WHOSE, 't')).toEqual([]);

  const peer = await joined(other);
  peer.say({
    type: 'subscribe',
    topic: 't',
    ref: 1,
    cursor: { epoch, offset: 3 },
    last_seen: { offset: 3, ts: NOW },
  });
  await vi.waitFor(() => expect(peer.all('event').map(({ offset }) => offset)).toEqual([1, 2, 3, 4]));
  one.engine.lag(false);
});

test('a debt that is under way when the log is renewed is recorded in the epoch that begins then', async () => {
  const [one, other] = [await server(), await server()];
  await other.world.broker.publish('t', line('before'));
  const peer = await subscribed(one);
  const { free } = await debtUnderWay(one, other);
  for (let n = 0; n < 4; n += 1) await other.world.broker.publish('t', line(`${n}`));
  await other.log.renew(NOW);
  free();
  const { epoch } = await other.log.state('t');
  await vi.waitFor(() => expect(peer.frames.filter(({ type }) => type === 'event')).toHaveLength(1));
  expect(peer.expect('event')).toMatchObject({ offset: 2, redelivery: true });
  expect(peer.all('subscribed').at(-1)).toMatchObject({ epoch, offset: 6 });
  expect(await other.log.owed(WHOSE, 't')).toMatchObject([{ offset: 2 }]);
});

test('what a server records of a client while it still reads does not count for what it has not read yet', async () => {
  const log = memoryLog({ historyEvents: 1 });
  const world = new HandWorld({ log, limits });
  const { epoch } = await world.broker.publish('t', line('before'));
  const first = await world.join();
  first.say({ type: 'subscribe', topic: 't', ref: 1 });
  await world.clock.advance(0);
  first.lose();
  await world.broker.publish('t', alarm('missed'));
  for (let n = 0; n < 4; n += 1) await world.broker.publish('t', line(`${n}`));

  // It listens, and dies before it has looked for what was missed.
  const { unrecorded } = log;
  const reading = vi.spyOn(log, 'unrecorded').mockImplementation(() => new Promise(() => {}));
  const second = await world.join();
  second.say({ type: 'subscribe', topic: 't', ref: 1, cursor: { epoch, offset: 1 } });
  await world.clock.advance(0);
  await world.broker.publish('t', alarm('live'));
  second.lose();
  reading.mockImplementation((...call) => unrecorded.apply(log, call));

  const third = await world.join();
  third.say({ type: 'subscribe', topic: 't', ref: 1, cursor: { epoch, offset: 1 } });
  await world.clock.advance(0);
  expect(third.all('event').map(({ offset }) => offset)).toEqual([2, 7]);
});
