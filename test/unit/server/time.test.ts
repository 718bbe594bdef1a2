import { expect, test, vi } from 'vitest';
import { deferred } from '../../../src/server/core/deferred.ts';
import { memoryLog } from '../../../src/server/index.ts';
import type { EventLog } from '../../../src/server/log/event-log.ts';
import { command, ID } from './support/command.ts';
import { HandPeer, HandWorld } from './support/hand.ts';

const decide = () => ({ resumed: true });

test('a socket without a hello is closed after 10 s', async () => {
  const world = new HandWorld();
  const peer = world.connect();
  await world.clock.advance(9_999);
  expect(peer.ended).toBeNull();
  await world.clock.advance(1);
  expect(peer.expect('goodbye')).toMatchObject({ code: 'bad_frame', message: 'no `hello` within 10000 ms' });
  expect(peer.ended).toEqual({ code: 1002 });
});

test('a hello that is not decided within 10 s is turned away for now, and not welcomed later', async () => {
  const answer = deferred<string>();
  const world = new HandWorld();
  const peer = world.connect(answer.promise);
  peer.hello();
  await world.clock.advance(10_000);
  expect(peer.expect('goodbye')).toMatchObject({ code: 'overloaded', retry: true });
  answer.resolve('alice');
  await world.clock.advance(0);
  expect(peer.all('welcome')).toEqual([]);
  expect(world.broker.stats()).toMatchObject({ connections: 0, connectionsOpened: 0 });
});

test('a connection that is silent for 2.5 heartbeats is cut off', async () => {
  const world = new HandWorld();
  const peer = await world.join();
  await world.clock.advance(60_000);
  peer.say({ type: 'ping', id: 1 });
  await world.clock.advance(74_000);
  expect(peer.ended).toBeNull();
  await world.clock.advance(1_000);
  expect(peer.ended).toBe('terminated');
  expect(world.broker.stats()).toMatchObject({ connections: 0, silentConnections: 1 });
});

test('a server that asks for a faster heartbeat cuts off sooner', async () => {
  const world = new HandWorld({ limits: { heartbeatMs: 1_000 } });
  const peer = await world.join();
  await world.clock.advance(2_500);
  expect(peer.ended).toBe('terminated');
});

test('a client that does not answer a goodbye is cut off', async () => {
  const world = new HandWorld();
  const peer = await world.join();
  const closing = world.broker.close(1_000);
  await world.clock.advance(0);
  expect(peer.ended).toEqual({ code: 1012 });
  await world.clock.advance(2_000);
  await closing;
});

test('a handler that throws is tried again with backoff, 5 times, and then refused; what is behind it waits', async () => {
  const calls: { text: string; at: number; attempt: number }[] = [];
  const world = new HandWorld({
    handlers: {
      decide,
      note: ({ text }, { attempt, publish }) => {
        calls.push({ text: String(text), at: world.clock.now(), attempt });
        publish('t', { type: 'log', line: String(text) });
        if (text === 'x') throw new Error('boom');
      },
    },
  });
  const peer = await world.join();
  const begin = world.clock.now();
  peer.say(command({ attempt: 2 }));
  peer.say(command({ id: ID.replace('c0de', 'beef'), command: { type: 'note', text: 'behind' } }));
  await world.clock.advance(5_000);
  expect(calls.map(({ text, at, attempt }) => [text, at - begin, attempt])).toEqual([
    ['x', 0, 2],
    ['x', 100, 3],
    ['x', 300, 4],
    ['x', 700, 5],
    ['x', 1_500, 6],
    ['behind', 1_500, 1],
  ]);
  expect(peer.expect('command_nack')).toEqual({
    type: 'command_nack',
    id: ID,
    code: 'internal',
    message: 'the server failed to run this command',
    retry: false,
  });
  peer.expect('command_ack');
  expect(world.broker.stats()).toMatchObject({ eventsPublished: 1, commands: { failedAttempts: 5 } });
  expect(world.errors).toHaveLength(5);
});

test('a handler that fails at first is accepted when it succeeds, once', async () => {
  let failures = 2;
  const world = new HandWorld({
    handlers: {
      decide,
      note: (_, { publish }) => {
        publish('t', { type: 'log', line: 'x' });
        if (failures-- > 0) throw new Error('not yet');
        return { done: true };
      },
    },
  });
  const peer = await world.join();
  peer.say(command());
  await world.clock.advance(1_000);
  expect(peer.expect('command_ack')).toEqual({ type: 'command_ack', id: ID, result: { done: true } });
  expect(world.broker.stats().eventsPublished).toBe(1);
});

test('a result that breaks its schema is the fault of the handler', async () => {
  const world = new HandWorld({ handlers: { decide: () => ({ resumed: 'yes' }), note: () => {} } });
  const peer = await world.join();
  peer.say(command({ command: { type: 'decide', gate: 'g' } }));
  await world.clock.advance(2_000);
  expect(peer.expect('command_nack')).toMatchObject({ code: 'internal', retry: false });
  expect(world.errors[0]).toContain('the handler of decide returned a wrong result: resumed');
});

test('a handler that publishes what breaks its schema, or after its end, is told so', async () => {
  let kept: ((topic: string, event: { type: string }) => void) | undefined;
  const world = new HandWorld({
    handlers: {
      decide,
      note: (_, { publish }) => {
        kept = publish;
        publish('t', { type: 'log', line: 7 });
      },
    },
  });
  const peer = await world.join();
  peer.say(command());
  await world.clock.advance(2_000);
  expect(world.errors[0]).toContain('publish: event log: line');
  expect(() => kept?.('t', { type: 'log' })).toThrow('is over');
});

test('a handler that never ends fails after its time, so that what is behind it runs', async () => {
  const world = new HandWorld({
    limits: { commandMs: 1_000 },
    handlers: {
      decide,
      note: ({ text }) => (text === 'x' ? new Promise(() => {}) : null),
    },
  });
  const peer = await world.join();
  peer.say(command());
  peer.say(command({ id: ID.replace('c0de', 'beef'), command: { type: 'note', text: 'behind' } }));
  await world.clock.advance(5 * 1_000 + 1_500);
  expect(peer.expect('command_nack')).toMatchObject({ id: ID, code: 'internal' });
  peer.expect('command_ack');
  expect(world.errors[0]).toContain('the handler took longer than limits.commandMs (1000 ms)');
});

test('a superseded connection is not tried again; the newer one runs the command itself', async () => {
  let calls = 0;
  const world = new HandWorld({
    handlers: {
      decide,
      note: () => {
        calls += 1;
        if (calls === 1) throw new Error('boom');
      },
    },
  });
  const old = await world.join();
  old.say(command());
  await world.clock.advance(50);
  const young = await world.join({ term: 2 });
  await world.clock.advance(1_000);
  expect(calls).toBe(1);
  young.say(command({ attempt: 2 }));
  await world.clock.advance(0);
  expect(young.expect('command_ack')).toEqual({ type: 'command_ack', id: ID });
  expect(calls).toBe(2);
});

test('a repeat that arrives while the former connection is given up runs the command once', async () => {
  let calls = 0;
  const world = new HandWorld({
    handlers: {
      decide,
      note: () => {
        calls += 1;
        if (calls === 1) throw new Error('boom');
      },
    },
  });
  const old = await world.join();
  old.say(command());
  await world.clock.advance(50);
  const young = await world.join({ term: 2 });
  young.say(command({ attempt: 2 }));
  await world.clock.advance(1_000);
  expect(young.all('command_ack')).toHaveLength(1);
  expect(calls).toBe(2);
});

test('a command whose connection is replaced while the log is busy is not written, and runs for the newer one', async () => {
  const log = memoryLog();
  const commit = log.commit.bind(log);
  const busy = deferred<void>();
  log.commit = async (transactions, now) => {
    const results = await commit(transactions, now);
    await busy.promise;
    return results;
  };
  let calls = 0;
  const endings: string[] = [];
  const world = new HandWorld({
    log,
    handlers: {
      decide,
      note: (_, { afterCommit, afterRollback }) => {
        calls += 1;
        afterCommit(() => endings.push('committed'));
        afterRollback(() => endings.push('rolled back'));
      },
    },
  });
  const old = await world.join();
  const published = world.broker.publish('t', { type: 'log', line: 'keeps the log busy' });
  await world.clock.advance(0);
  old.say(command());
  await world.clock.advance(0);
  expect(calls).toBe(1);
  const young = await world.join({ term: 2 });
  young.say(command({ attempt: 2 }));
  busy.resolve();
  await published;
  await world.clock.advance(0);
  expect(young.expect('command_ack')).toEqual({ type: 'command_ack', id: ID });
  expect(calls).toBe(2);
  expect(endings).toEqual(['rolled back', 'committed']);
});

/** A log in memory that fails while it is told to. */
function failing(): EventLog & { broken: Set<keyof EventLog>; committedAnyway: boolean } {
  const inner = memoryLog();
  const broken = new Set<keyof EventLog>();
  const log = { broken, committedAnyway: false };
  return new Proxy(inner, {
    get(target, name: keyof EventLog) {
      if (name in log) return Reflect.get(log, name);
      return async (...parameters: unknown[]) => {
        const isBroken = broken.has(name);
        const call = () => Reflect.apply(target[name], target, parameters);
        if (isBroken && log.committedAnyway) await call();
        if (isBroken) throw new Error('the disk is full');
        return await call();
      };
    },
    set: (_, name, value) => Reflect.set(log, name, value),
  }) as ReturnType<typeof failing>;
}

test('while the log fails, commands are refused for now, and accepted once when it is back', async () => {
  const log = failing();
  let calls = 0;
  const world = new HandWorld({
    log,
    handlers: {
      decide,
      note: () => {
        calls += 1;
      },
    },
  });
  const peer = await world.join();
  log.broken.add('commit');
  peer.say(command());
  await world.clock.advance(0);
  expect(peer.expect('command_nack')).toMatchObject({
    code: 'unavailable',
    retry: true,
    retry_after_ms: 1_000,
  });
  await expect(world.broker.publish('t', { type: 'log', line: 'x' })).rejects.toThrow('the disk is full');
  log.broken.clear();
  peer.say(command({ attempt: 2 }));
  await world.clock.advance(0);
  expect(peer.expect('command_ack')).toEqual({ type: 'command_ack', id: ID });
  expect(calls).toBe(2);
});

test('a commit of unknown end is found out by the repeat, and its events reach those who listen as the log has them', async () => {
  const log = failing();
  const world = new HandWorld({
    log,
    handlers: {
      decide,
      note: (_, { publish }) => {
        publish('t', { type: 'log', line: 'from the command' });
        return 'done';
      },
    },
  });
  const peer = await world.join();
  peer.say({ type: 'subscribe', topic: 't', ref: 1 });
  await world.clock.advance(0);
  peer.expect('snapshot');
  log.committedAnyway = true;
  log.broken.add('commit');
  peer.say(command());
  await world.clock.advance(0);
  expect(peer.expect('command_nack')).toMatchObject({ retry: true });
  log.broken.clear();
  expect(peer.all('event')).toMatchObject([{ offset: 1 }]);
  peer.say(command({ attempt: 2 }));
  await world.clock.advance(0);
  expect(peer.expect('command_ack')).toEqual({
    type: 'command_ack',
    id: ID,
    duplicate: true,
    result: 'done',
  });
  await world.broker.publish('t', { type: 'log', line: 'next' });
  await world.clock.advance(0);
  expect(peer.all('event')).toMatchObject([{ offset: 2 }]);
});

test('a topic that cannot be read now is read later', async () => {
  const log = failing();
  const world = new HandWorld({ log });
  const peer = await world.join();
  await world.broker.publish('t', { type: 'log', line: 'x' });
  log.broken.add('state');
  peer.say({ type: 'subscribe', topic: 't', ref: 1 });
  await world.clock.advance(2_500);
  expect(peer.all('subscribed')).toEqual([]);
  log.broken.clear();
  await world.clock.advance(1_000);
  expect(peer.expect('subscribed')).toMatchObject({ ref: 1, offset: 1 });
  expect(world.errors.every((error) => error === 'reading topic t: Error: the disk is full')).toBe(true);
});

test('a log that cannot be opened lets nobody in', async () => {
  const log = failing();
  log.broken.add('open');
  const world = new HandWorld({ log });
  const peer = world.connect();
  peer.hello();
  await world.clock.advance(0);
  expect(peer.expect('goodbye')).toMatchObject({ code: 'overloaded', retry: true });
  await expect(world.broker.publish('t', { type: 'log', line: 'x' })).rejects.toThrow('the disk is full');
});

test('a log that could not be opened is opened for the next one who needs it', async () => {
  const log = failing();
  log.broken.add('open');
  const world = new HandWorld({ log });
  const peer = world.connect();
  peer.hello();
  await world.clock.advance(0);
  expect(peer.expect('goodbye')).toMatchObject({ code: 'overloaded', retry: true });
  log.broken.clear();
  await world.join();
  await world.broker.publish('t', { type: 'log', line: 'x' });
  expect(world.errors).toContain('opening the event log: Error: the disk is full');
});

test('a log that could not be opened is opened for a balancer, which sends nobody until the server is ready', async () => {
  const log = failing();
  log.broken.add('open');
  const world = new HandWorld({ log });
  await world.clock.advance(0);
  expect(world.broker.health).toBe('opening');
  await world.clock.advance(0);
  log.broken.clear();
  expect(world.broker.health).toBe('opening');
  await world.clock.advance(0);
  expect(world.broker.health).toBe('ready');
});

test('whoever is disconnected while the token is looked at is not let in, and others are', async () => {
  const world = new HandWorld();
  const answers = { ann: deferred<string>(), bob: deferred<string>() };
  const ann = world.connect(answers.ann.promise);
  const bob = world.connect(answers.bob.promise);
  ann.hello();
  bob.hello({ client_id: ID });
  await world.clock.advance(0);
  world.broker.disconnect('ann');
  answers.ann.resolve('ann');
  answers.bob.resolve('bob');
  await world.clock.advance(0);
  expect(ann.frames.map(({ type }) => type)).toEqual(['goodbye']);
  expect(ann.expect('goodbye')).toMatchObject({ code: 'unauthorized', retry: true });
  bob.expect('welcome');
});

test('who looks at a token is told when nobody waits for the answer any more, and after its time', async () => {
  const world = new HandWorld({ limits: { authenticateMs: 3_000 } });
  const connect = () => {
    const asked: AbortSignal[] = [];
    const peer = new HandPeer((one) =>
      world.broker.connect(one, (_, signal) => {
        asked.push(signal);
        return new Promise(() => {});
      }),
    );
    peer.hello();
    return { peer, asked };
  };
  const [lost, late] = [connect(), connect()];
  await world.clock.advance(0);
  expect(lost.asked[0]?.aborted).toBe(false);
  lost.peer.lose();
  expect(lost.asked[0]?.aborted).toBe(true);
  await world.clock.advance(3_000);
  expect(late.asked[0]?.reason).toMatchObject({
    message: 'authenticate took longer than limits.authenticateMs (3000 ms)',
  });
  expect(late.peer.expect('goodbye')).toMatchObject({ code: 'overloaded', retry: true });
  const closing = connect();
  await world.clock.advance(0);
  void world.broker.close(0);
  await world.clock.advance(0);
  expect(closing.asked[0]?.aborted).toBe(true);
});

test('an onError that throws holds nothing up, and is told on stderr once', async () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => {});
  let calls = 0;
  const world = new HandWorld({
    report: () => {
      throw new Error('no log service');
    },
    handlers: {
      decide,
      note: () => {
        calls += 1;
        if (calls === 1) throw new Error('boom');
      },
    },
  });
  const peer = await world.join();
  peer.say(command(), command({ id: ID.replace('c0de', 'beef') }));
  await world.clock.advance(1_000);
  expect(peer.all('command_ack')).toHaveLength(2);
  expect(told).toHaveBeenCalledTimes(1);
  expect(String(told.mock.calls[0]?.[0])).toContain('onError failed');
  told.mockRestore();
});

test('a clock that is set forward cuts no connection off', async () => {
  const world = new HandWorld();
  const peer = await world.join();
  world.clock.jump(3_600_000);
  await world.clock.advance(60_000);
  expect(peer.ended).toBeNull();
});

test('an acknowledgement that cannot be recorded is asked for again', async () => {
  const log = failing();
  const world = new HandWorld({ log });
  const peer = await world.join();
  peer.say({ type: 'subscribe', topic: 't', ref: 1 });
  await world.clock.advance(0);
  const { epoch } = await world.broker.publish('t', { type: 'alarm', text: 'fire' });
  log.broken.add('acknowledge');
  peer.say({ type: 'ack', topic: 't', epoch, offsets: [1] });
  await world.clock.advance(0);
  log.broken.clear();
  peer.all('event');
  await world.clock.advance(5_000);
  expect(peer.all('event')).toMatchObject([{ offset: 1, redelivery: true }]);
});

test('a client that does not read costs no more than the limit, and is told', async () => {
  const world = new HandWorld({ limits: { bufferedBytes: 10_000 } });
  const slow = await world.join();
  slow.say({ type: 'subscribe', topic: 't', ref: 1 });
  await world.clock.advance(0);
  slow.buffered = 10_001;
  await world.broker.publish('t', { type: 'log', line: 'x' });
  await world.clock.advance(0);
  expect(slow.expect('goodbye')).toMatchObject({ code: 'overloaded', retry: true });
  expect(slow.ended).toEqual({ code: 1013 });
  expect(world.broker.stats()).toMatchObject({ connections: 0, subscriptions: 0 });
  const sent = slow.sizes.length;
  await world.broker.publish('t', { type: 'log', line: 'x' });
  await world.clock.advance(5_000);
  expect(slow.sizes).toHaveLength(sent);
});

test('a replay goes at the pace of the client, and then on with what came meanwhile', async () => {
  const world = new HandWorld();
  const line = 'x'.repeat(10_000);
  let epoch = '';
  for (let i = 0; i < 700; i++) ({ epoch } = await world.broker.publish('t', { type: 'log', line }));
  const peer = await world.join();
  peer.buffered = 2_000_000;
  peer.say({ type: 'subscribe', topic: 't', ref: 1, cursor: { epoch, offset: 0 } });
  await world.clock.advance(10_000);
  const offsets = peer.all('event').map(({ offset }) => offset);
  expect(offsets.length).toBeLessThan(300);
  await world.broker.publish('t', { type: 'log', line: 'meanwhile' });
  for (let i = 0; i < 20; i++) {
    peer.drain();
    await world.clock.advance(0);
  }
  offsets.push(...peer.all('event').map(({ offset }) => offset));
  expect(offsets).toEqual(Array.from({ length: 701 }, (_, index) => index + 1));
  await world.broker.publish('t', { type: 'log', line: 'live' });
  await world.clock.advance(0);
  expect(peer.all('event').map(({ offset }) => offset)).toEqual([702]);
});

test('the place of a client is remembered for a day, and then forgotten', async () => {
  const world = new HandWorld();
  const owner = await world.join({ term: 5 });
  owner.lose();
  const former = world.connect();
  former.hello({ term: 4 });
  await world.clock.advance(0);
  expect(former.expect('goodbye')).toMatchObject({ code: 'superseded' });
  await world.clock.advance(23 * 60 * 60 * 1_000);
  const still = world.connect();
  still.hello({ term: 4 });
  await world.clock.advance(0);
  expect(still.expect('goodbye')).toMatchObject({ code: 'superseded' });
  await world.clock.advance(60 * 60 * 1_000);
  await world.join({ term: 4 });
});
