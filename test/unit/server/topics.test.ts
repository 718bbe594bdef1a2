import { expect, test } from 'vitest';
import { resolveLimits } from '../../../src/server/core/limits.ts';
import type { EventLog } from '../../../src/server/index.ts';
import { memoryLog } from '../../../src/server/index.ts';
import { ID } from './support/command.ts';
import { HandWorld } from './support/hand.ts';
import type { Frame, WireClient } from './support/wire.ts';
import { world } from './support/worlds.ts';

const log = (line: string) => ({ type: 'log', line }) as const;
const node = (id: string, state: string) => ({ type: 'node', id, state }) as const;

/** A whole snapshot, its parts joined. */
async function snapshotOf(client: WireClient): Promise<Frame<'snapshot'>> {
  const parts = [await client.next('snapshot')];
  while (!parts.at(-1)?.last) parts.push(await client.next('snapshot'));
  expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index));
  const [first] = parts;
  if (!first) throw new Error('no parts');
  return {
    ...first,
    last: true,
    events: parts.flatMap(({ events }) => events),
    ...(first.missed ? { missed: parts.flatMap(({ missed = [] }) => missed) } : {}),
  };
}
const offsets = (items: readonly { offset: number }[] | undefined) => items?.map(({ offset }) => offset);

test('an unknown topic is an empty one', async () => {
  const running = await world();
  const client = await running.join();
  client.send({ type: 'subscribe', topic: 'never heard of', ref: 1 });
  expect(await client.next('subscribed')).toMatchObject({ offset: 0, recovered: false });
  expect(await client.next('snapshot')).toMatchObject({ offset: 0, events: [], last: true });
  await running.server.publish('never heard of', log('first'));
  expect(await client.next('event')).toMatchObject({ offset: 1 });
});

test('a snapshot is the newest event of each key that is not gone, and the newest ones without a key', async () => {
  const running = await world({ limits: { tailLimit: 2 } });
  for (const event of [
    node('a', 'running'),
    node('b', 'running'),
    log('1'),
    log('2'),
    log('3'),
    node('b', 'gone'),
    node('a', 'done'),
  ]) {
    await running.server.publish('t', event);
  }
  const client = await running.join();
  client.send({ type: 'subscribe', topic: 't', ref: 1 });
  const snapshot = await snapshotOf(client);
  expect(offsets(snapshot.events)).toEqual([4, 5, 7]);
  expect(snapshot).toMatchObject({ offset: 7 });
  expect(snapshot.missed).toBeUndefined();
  expect(snapshot.truncated).toBeUndefined();
  await running.server.publish('t', node('a', 'gone'));
  expect(await client.next('event')).toMatchObject({ offset: 8, key: 'node:a', gone: true });
});

test('with a cursor, a client gets what followed it, and then what comes', async () => {
  const running = await world();
  for (let i = 1; i <= 1_200; i++) void running.server.publish('t', log(String(i)));
  const first = await running.join();
  first.send({ type: 'subscribe', topic: 't', ref: 1 });
  const { epoch } = await first.next('subscribed');
  const client = await running.join();
  client.send({ type: 'subscribe', topic: 't', ref: 9, cursor: { epoch, offset: 2 } });
  expect(await client.next('subscribed')).toEqual({
    type: 'subscribed',
    topic: 't',
    ref: 9,
    epoch,
    offset: 1_200,
    recovered: true,
  });
  await running.server.publish('t', log('new'));
  const events = await client.take('event', 1_199);
  expect(offsets(events)).toEqual(Array.from({ length: 1_199 }, (_, index) => index + 3));
  expect(events.every(({ prev }) => prev === undefined)).toBe(true);
  expect(client.frames.some(({ type }) => type === 'snapshot')).toBe(false);
  // The frames of one turn share messages.
  expect(client.messages.length).toBeLessThan(20);
});

test('an event that is published while a subscription becomes live is given at once, at whatever moment', async () => {
  for (let turns = 0; turns < 10; turns += 1) {
    const hand = new HandWorld();
    const client = await hand.join();
    client.buffered = 10_000_000;
    client.say({ type: 'subscribe', topic: 't', ref: 1 });
    await hand.clock.advance(0);
    client.drain();
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    const publishing = hand.broker.publish('t', log('now'));
    await hand.clock.advance(0);
    await publishing;
    expect([turns, offsets(client.all('event'))]).toEqual([turns, [1]]);
  }
});

test('a cursor at the newest offset is recovered with nothing', async () => {
  const running = await world();
  const { epoch, offset } = await running.server.publish('t', log('1'));
  const client = await running.join();
  client.send({ type: 'subscribe', topic: 't', ref: 1, cursor: { epoch, offset } });
  expect(await client.next('subscribed')).toMatchObject({ recovered: true });
  await client.settle();
  expect(client.unread('event')).toEqual([]);
});

test('where the history has forgotten a part, a client gets the state and what is left of what it missed', async () => {
  const running = await world({ log: memoryLog({ historyEvents: 10 }) });
  await running.server.publish('t', node('a', 'running'));
  let epoch = '';
  for (let i = 2; i <= 40; i++) ({ epoch } = await running.server.publish('t', log(String(i))));
  const client = await running.join();
  client.send({ type: 'subscribe', topic: 't', ref: 1, cursor: { epoch, offset: 1 } });
  expect(await client.next('subscribed')).toMatchObject({ recovered: false, offset: 40 });
  const snapshot = await snapshotOf(client);
  expect(snapshot.truncated).toBe(true);
  expect(snapshot.events[0]).toMatchObject({ offset: 1, key: 'node:a' });
  expect(snapshot.missed?.at(-1)).toMatchObject({ offset: 40 });
  expect(snapshot.missed?.length).toBeGreaterThanOrEqual(10);
});

test('a cursor of another epoch gets the state alone', async () => {
  const running = await world();
  await running.server.publish('t', log('1'));
  const client = await running.join();
  client.send({ type: 'subscribe', topic: 't', ref: 1, cursor: { epoch: 'of old', offset: 1 } });
  expect(await client.next('subscribed')).toMatchObject({ recovered: false });
  const snapshot = await snapshotOf(client);
  expect(offsets(snapshot.events)).toEqual([1]);
  expect(snapshot.missed).toBeUndefined();
});

test('a cursor of another epoch that tells the time of its event gets what came since', async () => {
  const hand = new HandWorld();
  await hand.broker.publish('t', log('1'));
  const ts = hand.clock.now() + 1;
  await hand.clock.advance(10);
  for (const text of ['2', '3']) await hand.broker.publish('t', log(text));
  const client = await hand.join();
  const cursor = { epoch: 'of old', offset: 9 };
  client.say({ type: 'subscribe', topic: 't', ref: 1, cursor, last_seen: { offset: 9, ts } });
  await hand.clock.advance(0);
  expect(client.expect('subscribed')).toMatchObject({ recovered: false });
  expect(offsets(client.expect('snapshot').missed)).toEqual([2, 3]);
});

test('a resync brings the state, and what followed the cursor', async () => {
  const running = await world();
  let epoch = '';
  for (const state of ['1', '2', '3']) ({ epoch } = await running.server.publish('t', node('a', state)));
  const client = await running.join();
  client.send({ type: 'resync_request', topic: 't', ref: 4, last_seen: null, cursor: { epoch, offset: 1 } });
  expect(await client.next('subscribed')).toMatchObject({ ref: 4, recovered: false });
  const snapshot = await snapshotOf(client);
  expect(snapshot.ref).toBe(4);
  expect(offsets(snapshot.events)).toEqual([3]);
  expect(offsets(snapshot.missed)).toEqual([2, 3]);
  await running.server.publish('t', node('a', '4'));
  expect(await client.next('event')).toMatchObject({ offset: 4 });
});

test('a resync without a cursor brings what was not older than the last seen', async () => {
  const running = await world();
  await running.server.publish('t', log('1'));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await running.server.publish('t', log('2'));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await running.server.publish('t', log('3'));
  const client = await running.join();
  client.send({ type: 'subscribe', topic: 't', ref: 1 });
  const second = (await snapshotOf(client)).events[1];
  client.send({ type: 'resync_request', topic: 't', ref: 2, last_seen: second?.ts ?? 0 });
  const snapshot = await snapshotOf(client);
  expect(snapshot.ref).toBe(2);
  expect(offsets(snapshot.missed)).toEqual([2, 3]);
  expect(snapshot.truncated).toBeUndefined();
  client.send({ type: 'resync_request', topic: 't', ref: 3, last_seen: 1 });
  expect(await snapshotOf(client)).toMatchObject({ ref: 3, truncated: true });
  client.send({ type: 'resync_request', topic: 't', ref: 4, last_seen: null });
  expect((await snapshotOf(client)).missed).toBeUndefined();
});

test('what was missed is the newest part of it, up to the limit', async () => {
  const running = await world({ limits: { missedLimit: 3 } });
  let epoch = '';
  for (let i = 1; i <= 6; i++) ({ epoch } = await running.server.publish('t', log(String(i))));
  const client = await running.join();
  const cursor = { epoch, offset: 1 };
  client.send({ type: 'resync_request', topic: 't', ref: 1, last_seen: null, cursor });
  const snapshot = await snapshotOf(client);
  expect(offsets(snapshot.missed)).toEqual([4, 5, 6]);
  expect(snapshot.truncated).toBe(true);
});

test('a snapshot comes in parts that fit the limit of the client', async () => {
  const running = await world();
  for (let i = 0; i < 100; i++) void running.server.publish('t', node(`n${i}`, 'ä'.repeat(50)));
  const { epoch } = await running.server.publish('t', log('last'));
  const client = await running.join({ max_frame_bytes: 1_500 });
  client.send({ type: 'resync_request', topic: 't', ref: 1, last_seen: null, cursor: { epoch, offset: 60 } });
  const snapshot = await snapshotOf(client);
  expect(offsets(snapshot.events)).toEqual(Array.from({ length: 101 }, (_, index) => index + 1));
  expect(offsets(snapshot.missed)).toEqual(Array.from({ length: 41 }, (_, index) => index + 61));
  expect(client.messages.length).toBeGreaterThan(10);
  for (const message of client.messages) expect(Buffer.byteLength(message)).toBeLessThanOrEqual(1_500);
});

test('an event as large as may be published is in a snapshot as well, alone in its part', async () => {
  const running = await world();
  const { maxEventBytes } = resolveLimits();
  const bare = Buffer.byteLength(JSON.stringify(log('')));
  for (const fill of ['a', 'b']) await running.server.publish('t', log(fill.repeat(maxEventBytes - bare)));
  await running.server.publish('t', log('small'));
  const client = await running.join();
  client.send({ type: 'resync_request', topic: 't', ref: 1, last_seen: null });
  const snapshot = await snapshotOf(client);
  expect(offsets(snapshot.events)).toEqual([1, 2, 3]);
  expect(client.frames.filter(({ type }) => type === 'error')).toEqual([]);
  expect(running.server.stats().eventsTooLarge).toBe(0);
});

test('the state alone is given to who asks for it without what was missed', async () => {
  const running = await world();
  const { epoch } = await running.server.publish('t', node('a', 'running'));
  await running.server.publish('t', node('a', 'done'));
  const client = await running.join();
  const request = {
    type: 'resync_request',
    topic: 't',
    ref: 1,
    last_seen: 1,
    cursor: { epoch, offset: 0 },
  } as const;
  client.send({ ...request, missed: false });
  const snapshot = await snapshotOf(client);
  expect(offsets(snapshot.events)).toEqual([2]);
  expect(snapshot).not.toHaveProperty('missed');
  expect(snapshot).not.toHaveProperty('truncated');
});

test('an event that is too large for a client is left out and named, and leaves no hole', async () => {
  const running = await world();
  const client = await running.join({ max_frame_bytes: 1_500 });
  client.send({ type: 'subscribe', topic: 't', ref: 1 });
  await snapshotOf(client);
  await running.server.publish('t', log('small'));
  await running.server.publish('t', log('x'.repeat(2_000)));
  await running.server.publish('t', log('small'));
  expect(await client.take('event', 2)).toMatchObject([{ offset: 1 }, { offset: 3, prev: 1 }]);
  expect(await client.next('error')).toMatchObject({
    code: 'too_large',
    topic: 't',
    ended: false,
    message: expect.stringContaining('does not fit into a frame of 1500 bytes'),
  });
  client.send({ type: 'subscribe', topic: 't', ref: 2 });
  expect(offsets((await snapshotOf(client)).events)).toEqual([1, 3]);
  expect(running.server.stats().eventsTooLarge).toBe(2);
});

test('a cursor whose event has another time here is of another history: it gets a snapshot, for itself alone', async () => {
  const hand = new HandWorld({ log: memoryLog() });
  for (const state of ['1', '2', '3']) {
    await hand.broker.publish('t', node('a', state));
    await hand.clock.advance(1_000);
  }
  const [other, client] = [await hand.join({ client_id: ID }), await hand.join()];
  other.say({ type: 'subscribe', topic: 't', ref: 1 });
  await hand.clock.advance(0);
  const { epoch } = other.expect('subscribed');
  const ts = hand.clock.now() - 2_000;
  const ask = async (frame: object) => {
    client.say({ topic: 't', cursor: { epoch, offset: 2 }, ...frame });
    await hand.clock.advance(0);
    return client.expect('subscribed');
  };
  const subscribe = (ref: number, seen: number) =>
    ask({ type: 'subscribe', ref, last_seen: { offset: 2, ts: seen } });
  expect(await subscribe(1, ts)).toMatchObject({ epoch, recovered: true });
  expect(await subscribe(2, ts + 1)).toMatchObject({ ref: 2, epoch, recovered: false });
  expect(client.expect('snapshot').missed).toEqual([expect.objectContaining({ offset: 3 })]);
  await ask({ type: 'resync_request', ref: 3, last_seen: ts });
  expect(offsets(client.expect('snapshot').missed)).toEqual([3]);
  await ask({ type: 'resync_request', ref: 4, last_seen: ts - 1 });
  expect(offsets(client.expect('snapshot').missed)).toEqual([2, 3]);
  // Nobody else hears of it.
  other.expect('snapshot');
  expect(other.frames).toEqual([]);
});

test('a cursor at the newest event that is forgotten is proved by its kept time', async () => {
  const hand = new HandWorld({ log: memoryLog({ historyEvents: 2 }) });
  for (const state of ['1', '2', '3', '4']) {
    await hand.broker.publish('t', node('a', state));
    await hand.clock.advance(1_000);
  }
  const client = await hand.join();
  const { epoch } = await hand.broker.publish('t', node('a', '5'));
  const ts = hand.clock.now();
  const ask = async (offset: number, seen: number) => {
    const cursor = { epoch, offset };
    client.say({ type: 'subscribe', topic: 't', ref: offset, cursor, last_seen: { offset, ts: seen } });
    await hand.clock.advance(0);
    return client.expect('subscribed').recovered;
  };
  expect(await ask(2, ts - 3_000)).toBe(true);
  expect(await ask(2, ts - 3_001)).toBe(false);
  expect(await ask(1, ts - 4_000)).toBe(false);
});

test('a cursor that cannot prove itself any more gets a snapshot, and what it has missed', async () => {
  const hand = new HandWorld({ log: memoryLog({ historyEvents: 2 }) });
  for (const state of ['1', '2', '3', '4']) await hand.broker.publish('t', node('a', state));
  const client = await hand.join();
  client.say({ type: 'subscribe', topic: 't', ref: 1 });
  await hand.clock.advance(0);
  const { epoch } = client.expect('subscribed');
  client.expect('snapshot');
  const ask = { type: 'subscribe', topic: 't', ref: 2, cursor: { epoch, offset: 1 } };
  client.say({ ...ask, last_seen: { offset: 1, ts: hand.clock.now() } });
  await hand.clock.advance(0);
  expect(client.expect('subscribed')).toMatchObject({ ref: 2, epoch, recovered: false });
  expect(offsets(client.expect('snapshot').missed)).toEqual([3, 4]);
});

test('a cursor beyond the newest offset gets a snapshot for itself alone, however often it is forged', async () => {
  const running = await world();
  const { epoch } = await running.server.publish('t', node('a', 'running'));
  const other = await running.join();
  other.send({ type: 'subscribe', topic: 't', ref: 1 });
  await snapshotOf(other);
  const client = await running.join();
  for (let ref = 1; ref <= 100; ref++) {
    const cursor = { epoch, offset: ref % 2 ? Number.MAX_SAFE_INTEGER : 2 };
    client.send({ type: 'subscribe', topic: 't', ref, cursor });
    expect(await client.next('subscribed')).toMatchObject({ ref, epoch, offset: 1, recovered: false });
    expect(await snapshotOf(client)).toMatchObject({ ref, events: [{ key: 'node:a' }] });
  }
  await running.server.publish('t', log('on'));
  expect(await other.next('event')).toMatchObject({ offset: 2 });
  expect(other.frames.filter(({ type }) => type === 'subscribed')).toHaveLength(1);
});

test('a log that a person has renewed says so to everybody, and loses nothing of it', async () => {
  const inner = memoryLog();
  const running = await world({ log: inner });
  const { epoch } = await running.server.publish('t', node('a', 'running'));
  const other = await running.join();
  other.send({ type: 'subscribe', topic: 't', ref: 1 });
  await snapshotOf(other);
  await inner.renew(0);
  const published = await running.server.publish('t', log('on'));
  expect(published.epoch).not.toBe(epoch);
  await other.next('subscribed');
  expect(await other.next('subscribed')).toMatchObject({ ref: 0, epoch: published.epoch, recovered: false });
  expect(offsets((await snapshotOf(other)).missed)).toEqual([2]);
});

test('after an unsubscribe nothing comes any more', async () => {
  const running = await world();
  const client = await running.join();
  client.send({ type: 'subscribe', topic: 't', ref: 1 }, { type: 'subscribe', topic: 'u', ref: 2 });
  await client.take('snapshot', 2);
  client.send({ type: 'unsubscribe', topic: 't', ref: 3 });
  await client.settle();
  await running.server.publish('t', log('unheard'));
  await running.server.publish('u', log('heard'));
  expect(await client.next('event')).toMatchObject({ topic: 'u' });
  expect(client.unread('event')).toEqual([]);
  expect(running.server.stats()).toMatchObject({ subscriptions: 1, topics: 1 });
});

test('a topic that the principal may not read is refused, and the connection goes on', async () => {
  const running = await world({
    authorize: async (principal, topic, action) =>
      principal === 'anonymous' && !(topic === 'secret' && action === 'read'),
  });
  const client = await running.join();
  client.send({ type: 'subscribe', topic: 'secret', ref: 8 });
  expect(await client.next('error')).toMatchObject({
    code: 'forbidden',
    topic: 'secret',
    ref: 8,
    ended: true,
  });
  await running.server.publish('secret', log('hush'));
  client.send({ type: 'ack', topic: 'secret', epoch: 'e', offsets: [1] });
  expect(await client.next('error')).toMatchObject({ code: 'forbidden', topic: 'secret', ended: false });
  expect(client.unread('event')).toEqual([]);
});

test('topics and requests for state are limited for each connection', async () => {
  const running = await world({ limits: { subscriptionsPerConnection: 1, resyncsPerMinute: 2 } });
  const client = await running.join();
  client.send({ type: 'subscribe', topic: 't', ref: 1 }, { type: 'subscribe', topic: 'u', ref: 2 });
  expect(await client.next('error')).toMatchObject({ code: 'rate_limited', topic: 'u', ref: 2, ended: true });
  client.send({ type: 'resync_request', topic: 't', ref: 3, last_seen: null });
  client.send({ type: 'resync_request', topic: 't', ref: 4, last_seen: null });
  expect(await client.next('error')).toMatchObject({ code: 'rate_limited', ref: 4, ended: false });
  await running.server.publish('t', log('still subscribed'));
  expect(await client.next('event')).toMatchObject({ offset: 1 });
});

test('what is published must fit its schema, and travels as the schema takes it', async () => {
  const running = await world();
  const { server } = running;
  const client = await running.join();
  client.send({ type: 'subscribe', topic: 't', ref: 1 });
  await client.next('snapshot');
  await server.publish('t', { type: 'at', time: '2026-01-01T00:00:00Z' });
  expect(await client.next('event')).toMatchObject({ event: { type: 'at', time: '2026-01-01T00:00:00Z' } });
  // @ts-expect-error a wrong field
  await expect(server.publish('t', { type: 'log', line: 1 })).rejects.toThrow(/event log: line/);
  // @ts-expect-error no such event
  await expect(server.publish('t', { type: 'nope' })).rejects.toThrow('defines no event "nope"');
  await expect(server.publish('', log('x'))).rejects.toThrow(TypeError);
  await expect(server.publish('t', log('x'.repeat(2_000_000)))).rejects.toThrow('maxEventBytes');
  expect(server.stats().eventsPublished).toBe(1);
});

test('where a log leaves offsets out, events say which one was before them', async () => {
  const running = await world({ log: sparse(memoryLog()) });
  await running.server.publish('t', log('1'));
  const { epoch, offset } = await running.server.publish('t', log('2'));
  expect(offset).toBe(20);
  const client = await running.join();
  client.send({ type: 'subscribe', topic: 't', ref: 1, cursor: { epoch, offset: 10 } });
  expect(await client.next('subscribed')).toMatchObject({ recovered: true, offset: 20 });
  await running.server.publish('t', log('3'));
  expect(await client.take('event', 2)).toMatchObject([
    { offset: 20, prev: 10 },
    { offset: 30, prev: 20 },
  ]);
});

/** Every offset ten times as high, as if a log service kept records of its own in between. */
function sparse(inner: EventLog): EventLog {
  const wide = <T extends { offset: number; prev?: number }>(value: T): T => ({
    ...value,
    offset: value.offset * 10,
    ...(value.prev === undefined ? {} : { prev: value.prev * 10 }),
  });
  return {
    open: ({ hear, ...options }) =>
      inner.open({
        ...options,
        hear: (happenings) =>
          hear?.(
            happenings.map((one) =>
              one.kind === 'committed'
                ? { ...one, events: one.events.map((entry) => ({ ...entry, event: wide(entry.event) })) }
                : one,
            ),
          ),
      }),
    async commit(transactions, now) {
      const results = await inner.commit(transactions, now);
      return results.map((result) =>
        result.status !== 'committed'
          ? result
          : { ...result, events: result.events.map((entry) => ({ ...entry, event: wide(entry.event) })) },
      );
    },
    async read(topic, from, take) {
      const history = await inner.read(topic, 'after' in from ? { after: from.after / 10 } : from, take);
      return { ...wide(history), events: history.events.map(wide) };
    },
    async state(topic) {
      const state = await inner.state(topic);
      return { ...wide(state), events: state.events.map(wide) };
    },
    async latest(topic, key) {
      const newest = await inner.latest(topic, key);
      return newest && wide(newest);
    },
    renew: (now) => inner.renew(now),
    tell: (run, time) => inner.tell(run, time),
    runs: () => inner.runs(),
    recall: (command) => inner.recall(command),
    begin: (commands, now) => inner.begin(commands, now),
    cancel: (command, now) => inner.cancel(command, now),
    dedupeSince: () => inner.dedupeSince(),
    position: () => inner.position(),
    admit: (admissions, now) => inner.admit(admissions, now),
    disconnect: (principal, run) => inner.disconnect(principal, run),
    recheck: (principal, run) => inner.recheck(principal, run),
    endTopic: (topic, now) => inner.endTopic(topic, now),
    unrecorded: async (client, topic, given, from) => {
      const inside = from && 'after' in from ? { after: from.after / 10 } : from;
      const narrow = given.map((offset) => offset / 10);
      return (await inner.unrecorded(client, topic, narrow, inside)).map(wide);
    },
    owe: (client, topic, epoch, offsets, upTo, now) =>
      inner.owe(
        client,
        topic,
        epoch,
        offsets.map((offset) => offset / 10),
        upTo / 10,
        now,
      ),
    owed: async (client, topic) => (await inner.owed(client, topic)).map(wide),
    acknowledge: (client, topic, epoch, offsets) =>
      inner.acknowledge(
        client,
        topic,
        epoch,
        offsets.map((offset) => offset / 10),
      ),
    prune: (now) => inner.prune(now),
    close: () => inner.close(),
  };
}

test('a topic or key that a log may give back as another text is refused, when published and when asked for', async () => {
  const running = await world();
  for (const text of ['a\0b', 'a\ud800']) {
    const log = running.server.publish(text, { type: 'log', line: 'x' });
    await expect(log).rejects.toThrow(`the topic ${JSON.stringify(text)} holds U+0000 or half`);
    const node = running.server.publish('t', { type: 'node', id: text, state: 'x' });
    await expect(node).rejects.toThrow(
      `the key ${JSON.stringify(`node:${text}`)} of node holds U+0000 or half`,
    );
  }
  // Within an event it is JSON, which names such characters by their numbers.
  await running.server.publish('t', { type: 'log', line: 'a\0b\ud800' });
  const client = await running.join();
  client.send({ type: 'subscribe', topic: 'a\0b', ref: 1 });
  expect(await client.next('error')).toMatchObject({ code: 'unknown_topic', ref: 1, ended: true });
  client.send({ type: 'subscribe', topic: 't', ref: 2 });
  expect((await client.next('snapshot')).events).toMatchObject([{ event: { line: 'a\0b\ud800' } }]);
});
