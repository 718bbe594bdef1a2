/** Who was first is decided in the log: what a handler expects is so when its command is accepted, or the handler runs again. */
import { afterEach, expect, test, vi } from 'vitest';
import type { AnyContext } from '../../../src/server/core/application.ts';
import { deferred } from '../../../src/server/core/deferred.ts';
import { OVERTAKEN_LIMIT } from '../../../src/server/core/execute.ts';
import { type EventLog, memoryLog, Reject, replicatedLog } from '../../../src/server/index.ts';
import { MemoryEngine, MemoryLogService } from '../../support/memory-engine.ts';
import { CLIENT_ID, type HandPeer, HandWorld } from './support/hand.ts';

const OTHER_ID = CLIENT_ID.replace('1', '2');
const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const decide = (n: number, fields: object = {}) => ({
  type: 'command',
  id: idOf(n),
  topic: 't',
  priority: 'high',
  created_at: 1,
  attempt: 1,
  app_version: 3,
  command: { type: 'decide', gate: 'g', comment: `by ${n}` },
  ...fields,
});
const GATE = { type: 'gate', id: 'g', open: true };

const logs: EventLog[] = [];
afterEach(async () => {
  await Promise.all(logs.splice(0).map((log) => log.close()));
});

type Decide = (context: AnyContext, comment: string) => unknown;
function worldWith(decide: Decide, log: EventLog = memoryLog(), commandMs = 60_000): HandWorld {
  const handlers = {
    decide: async ({ comment }: { comment?: unknown }, context: AnyContext) => {
      await decide(context, String(comment));
      return { resumed: true };
    },
    note: () => {},
  };
  return new HandWorld({ log, handlers: handlers as never, limits: { commandMs } });
}

/** Whoever finds the gate open closes it, unless somebody else was first. */
async function close({ latest, expect, publish }: AnyContext, comment: string): Promise<void> {
  const gate = await latest('t', 'gate:g');
  if (gate?.event['open'] !== true) throw new Reject('decided', 'somebody else has decided');
  expect('t', 'gate:g', gate.offset);
  publish('t', { type: 'log', line: comment });
  publish('t', { ...GATE, open: false });
}

async function joined(world: HandWorld, client_id = CLIENT_ID): Promise<HandPeer> {
  const peer = world.connect();
  peer.hello({ client_id });
  await vi.waitFor(() => peer.expect('welcome'));
  return peer;
}

async function linesOf(log: EventLog): Promise<unknown[]> {
  const { events } = await log.read('t', { after: 0 }, { first: 99 });
  return events.flatMap(({ event }) => JSON.parse(event).line ?? []);
}

test('of two operators who approve one gate on two servers at a time exactly one is accepted, and the handler of the other finds the gate as it is', async () => {
  const service = new MemoryLogService(() => 1_700_000_000_000);
  logs.push(...[1, 2].map(() => replicatedLog({ engine: new MemoryEngine(service, 4_000_000) })));
  const bothHaveLooked = deferred<void>();
  const found: string[] = [];
  const worlds = logs.map((log) =>
    worldWith(async (context, comment) => {
      const gate = await context.latest('t', 'gate:g');
      found.push(`${comment}: ${gate?.event['open']}`);
      if (found.length === 2) bothHaveLooked.resolve();
      await bothHaveLooked.promise;
      await close(context, comment);
    }, log),
  );
  const [one, other] = worlds as [HandWorld, HandWorld];
  const peers = [await joined(one), await joined(other, OTHER_ID)] as const;
  await one.broker.publish('t', GATE);
  await vi.waitFor(async () => expect((await logs[1]?.state('t'))?.offset).toBe(1));
  for (const [n, peer] of peers.entries()) peer.say(decide(n + 1));
  await vi.waitFor(() => {
    expect(peers.flatMap(({ frames }) => frames).map(({ type }) => type)).toHaveLength(2);
  });
  const [won, lost] = peers[0].all('command_ack').length === 1 ? [1, 2] : [2, 1];
  expect(peers[lost - 1]?.expect('command_nack')).toMatchObject({ code: 'decided', retry: false });
  expect(found.slice(0, 2).sort()).toEqual(['by 1: true', 'by 2: true']);
  expect(found.slice(2)).toEqual([`by ${lost}: false`]);
  for (const log of logs) {
    await vi.waitFor(async () => expect((await log.state('t')).offset).toBe(3));
    expect(await linesOf(log)).toEqual([`by ${won}`]);
  }
  expect([...one.errors, ...other.errors]).toEqual([]);
});

test('what a call of the handler has asked for that was overtaken never happens, and it is told so', async () => {
  const log = memoryLog();
  const told: string[] = [];
  let calls = 0;
  const world = worldWith(async (context) => {
    const call = ++calls;
    context.afterCommit(() => void told.push(`${call} committed`));
    context.afterRollback(() => void told.push(`${call} rolled back`));
    const newest = await context.latest('t', 'node:n');
    context.expect('t', 'node:n', newest?.offset ?? 0);
    context.publish('t', { type: 'log', line: `call ${call}, attempt ${context.attempt}` });
    if (call < 3) await world.broker.publish('t', { type: 'node', id: 'n', state: `${call}` });
  }, log);
  const peer = await world.join();
  peer.say(decide(1));
  await world.clock.advance(0);
  expect(peer.expect('command_ack')).toMatchObject({ id: idOf(1) });
  expect(await linesOf(log)).toEqual(['call 3, attempt 3']);
  expect(told).toEqual(['1 rolled back', '2 rolled back', '3 committed']);
  expect(world.broker.stats().commands).toMatchObject({ accepted: 1, failedAttempts: 0 });
  expect(world.errors).toEqual([]);
});

test('an event that took the place of the expected one, in a topic that had ended, is another one', async () => {
  const log = memoryLog();
  let calls = 0;
  const world = worldWith(async (context, comment) => {
    const gate = await context.latest('t', 'gate:g');
    calls += 1;
    if (calls === 1) {
      await log.endTopic('t', world.clock.now());
      await world.broker.publish('t', { ...GATE, open: false });
    }
    context.expect('t', 'gate:g', gate?.offset ?? 0);
    context.publish('t', { type: 'log', line: `${comment}: ${gate?.event['open']}` });
  }, log);
  await world.broker.publish('t', GATE);
  const peer = await world.join();
  peer.say(decide(1));
  await world.clock.advance(0);
  peer.expect('command_ack');
  expect([calls, await linesOf(log)]).toEqual([2, ['by 1: false']]);
});

test('an offset that a handler has from elsewhere is of the epoch that it names', async () => {
  const log = memoryLog();
  const world = worldWith(async ({ expect: expectNewest }, comment) => {
    expectNewest('t', 'gate:g', 1, comment);
  }, log);
  const before = await world.broker.publish('t', GATE);
  await log.endTopic('t', world.clock.now());
  const after = await world.broker.publish('t', GATE);
  const peer = await world.join();
  for (const [n, { epoch }] of [before, after].entries())
    peer.say(decide(n + 1, { command: { type: 'decide', gate: 'g', comment: epoch } }));
  await world.clock.advance(0);
  expect(peer.expect('command_nack')).toMatchObject({ id: idOf(1), code: 'overloaded', retry: true });
  expect(peer.expect('command_ack')).toMatchObject({ id: idOf(2) });
});

test('a key that is gone is as one that never was', async () => {
  const world = worldWith(async ({ latest, expect: expectNewest, publish }) => {
    expect(await latest('t', 'node:n')).toBeNull();
    expectNewest('t', 'node:n', 0);
    publish('t', { type: 'node', id: 'n', state: 'again' });
  });
  for (const state of ['there', 'gone']) await world.broker.publish('t', { type: 'node', id: 'n', state });
  const peer = await world.join();
  peer.say(decide(1));
  await world.clock.advance(0);
  peer.expect('command_ack');
});

test('whoever is overtaken each time is asked to come again, and accepted then; the application is told once', async () => {
  let isWrong = true;
  let calls = 0;
  const world = worldWith(({ expect }) => {
    calls += 1;
    expect('t', 'gate:g', isWrong ? 7 : 0);
  });
  const peer = await world.join();
  peer.say(decide(1), decide(2));
  await world.clock.advance(0);
  expect(peer.all('command_nack')).toMatchObject([
    { id: idOf(1), code: 'overloaded', retry: true, retry_after_ms: 1_000 },
    { id: idOf(2), code: 'overloaded', retry: true },
  ]);
  expect(calls).toBe(2 * OVERTAKEN_LIMIT);
  expect(world.errors).toHaveLength(1);
  expect(world.errors[0]).toContain('what a handler of "decide" expected was not so');
  isWrong = false;
  peer.say(decide(1, { attempt: 2 }));
  await world.clock.advance(0);
  expect(peer.expect('command_ack')).toEqual({
    type: 'command_ack',
    id: idOf(1),
    result: { resumed: true },
  });
});

test('the time of a handler counts over all of its calls', async () => {
  let calls = 0;
  const world = worldWith(
    async ({ expect }) => {
      calls += 1;
      if (calls <= 3) expect('t', 'gate:g', 7);
      const worked = deferred<void>();
      world.clock.setTimer(400, () => worked.resolve());
      await worked.promise;
    },
    memoryLog(),
    1_000,
  );
  const peer = await world.join();
  peer.say(decide(1));
  await world.clock.advance(1_000);
  expect([calls, world.errors]).toEqual([
    3,
    [expect.stringContaining('attempt 1 of 5: Error: the handler took longer than limits.commandMs')],
  ]);
  // The next attempt has all of it.
  await world.clock.advance(500);
  peer.expect('command_ack');
  expect(calls).toBe(4);
});

test('a handler is not called again for what was withdrawn, or whose client has moved', async () => {
  for (const leave of ['withdraws', 'moves'] as const) {
    const log = memoryLog();
    const held = deferred<void>();
    let calls = 0;
    const world = worldWith(async ({ expect, publish }) => {
      calls += 1;
      expect('t', 'gate:g', 7);
      publish('t', { type: 'log', line: 'never' });
      await held.promise;
    }, log);
    const peer = await world.join();
    peer.say(decide(1));
    await world.clock.advance(0);
    if (leave === 'withdraws') peer.say({ type: 'withdraw', id: idOf(1) });
    else await worldWith(() => {}, log).join();
    held.resolve();
    await world.clock.advance(0);
    expect(calls).toBe(1);
    if (leave === 'withdraws') expect(peer.expect('command_nack')).toMatchObject({ code: 'cancelled' });
    else expect(peer.all('command_nack')).toEqual([]);
    expect(await linesOf(log)).toEqual([]);
  }
});

test('a repeat is answered with the first result, whatever is expected by now', async () => {
  const log = memoryLog();
  const world = worldWith(close, log);
  await world.broker.publish('t', GATE);
  const peer = await world.join();
  peer.say(decide(1));
  await world.clock.advance(0);
  peer.expect('command_ack');
  peer.say(decide(1, { attempt: 2 }));
  await world.clock.advance(0);
  expect(peer.expect('command_ack')).toMatchObject({ duplicate: true, result: { resumed: true } });
});

test('what cannot be expected is refused at once, and so is what comes after the handler has returned', async () => {
  let late: AnyContext | null = null;
  const thrown: unknown[] = [];
  const attempt = async (call: () => unknown) => {
    try {
      await call();
    } catch (error) {
      thrown.push(String(error));
    }
  };
  const log = memoryLog();
  const world = worldWith(async (context) => {
    late = context;
    await attempt(() => context.expect('', 'k', 1));
    await attempt(() => context.expect('t', 'k\0', 1));
    await attempt(() => context.expect('t', 'k', -1));
    await attempt(() => context.latest('t', '\ud800'));
    await attempt(() => context.latest('t', 'gate:g'));
  }, log);
  const event = { topic: 't', key: 'gate:g', gone: false, critical: false, owedBy: [] };
  await log.open({ now: 0, tailLimit: 1 });
  await log.commit([{ command: null, events: [{ ...event, event: '{"type":"gate","id":1}' }] }], 0);
  const peer = await world.join();
  peer.say(decide(1));
  await world.clock.advance(0);
  peer.expect('command_ack');
  await attempt(() => late?.expect('t', 'gate:g', 0));
  expect(thrown).toEqual([
    expect.stringContaining("TypeError: expect: a topic's name has 1 to"),
    expect.stringContaining('TypeError: expect: the key "k\\u0000" holds U+0000'),
    'TypeError: expect: an offset is a whole number from 0, not -1',
    expect.stringContaining('TypeError: latest: the key'),
    expect.stringContaining('TypeError: latest: event gate: id'),
    expect.stringContaining("is over: context.expect belongs to the handler's own time"),
  ]);
});
