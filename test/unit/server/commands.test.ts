import { randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { deferred } from '../../../src/server/core/deferred.ts';
import { memoryLog, Reject } from '../../../src/server/index.ts';
import { world } from './support/worlds.ts';

const decide = () => ({ resumed: true });
const note = (text: string) => ({ type: 'note', text });

test('a handler gets the output of the schema, and who sent it, where and when', async () => {
  const seen: unknown[] = [];
  const running = await world({
    commands: {
      decide: (command, { id, attempt, principal, topic, createdAt }) => {
        seen.push(command, { id, attempt, principal, topic, createdAt });
        return { resumed: false };
      },
      note: () => {},
    },
  });
  const client = await running.join();
  const id = client.command({ type: 'decide', gate: 'g' }, { topic: 'run:1', created_at: 77, attempt: 3 });
  expect(await client.next('command_ack')).toEqual({ type: 'command_ack', id, result: { resumed: false } });
  expect(seen).toEqual([
    { type: 'decide', gate: 'g', comment: 'none' },
    { id, attempt: 3, principal: 'anonymous', topic: 'run:1', createdAt: 77 },
  ]);
});

test('a handler is told of which trace its command is, as far as that is one', async () => {
  const seen: (string | null)[] = [];
  const running = await world({
    commands: {
      decide,
      note: (_, { traceparent }) => {
        seen.push(traceparent);
      },
    },
  });
  const client = await running.join();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  for (const given of [{ traceparent }, {}, { traceparent: 'mine' }, { traceparent: 'a'.repeat(10_000) }])
    client.command(note('x'), given);
  await client.take('command_ack', 4);
  expect(seen).toEqual([traceparent, null, null, null]);
});

test('a command of another version of the application is judged by the schema of today', async () => {
  const running = await world();
  const client = await running.join();
  const id = client.command(note('old'), { app_version: 1 });
  expect(await client.next('command_ack')).toEqual({ type: 'command_ack', id });
});

test('a command that breaks its schema, or is unknown, is refused for good', async () => {
  const running = await world();
  const client = await running.join();
  const wrong = client.command({ type: 'note', text: 1 });
  expect(await client.next('command_nack')).toEqual({
    type: 'command_nack',
    id: wrong,
    code: 'invalid_command',
    message: expect.stringContaining('command note: text'),
    retry: false,
    ran: false,
  });
  client.command({ type: 'constructor' });
  expect(await client.next('command_nack')).toMatchObject({ code: 'unknown_command', retry: false });
});

test('what a command publishes, its id and its result happen together, before its answer', async () => {
  const running = await world({
    commands: {
      decide,
      note: ({ text }, { publish }) => {
        publish('t', { type: 'log', line: `${text} 1` });
        publish('u', { type: 'log', line: `${text} 2` });
      },
    },
  });
  const client = await running.join();
  client.send({ type: 'subscribe', topic: 't', ref: 1 }, { type: 'subscribe', topic: 'u', ref: 2 });
  client.command(note('x'));
  await client.next('command_ack');
  expect(client.frames.filter(({ type }) => type === 'event' || type === 'command_ack')).toMatchObject([
    { type: 'event', topic: 't', event: { line: 'x 1' } },
    { type: 'event', topic: 'u', event: { line: 'x 2' } },
    { type: 'command_ack' },
  ]);
});

test('a handler that rejects publishes nothing, and says for how long', async () => {
  let closed = true;
  const running = await world({
    commands: {
      decide: (_, { publish }) => {
        publish('t', { type: 'log', line: 'never' });
        if (closed) throw new Reject('closed', 'the gate is closed', { retry: true, retryAfterMs: 70 });
        throw new Reject('too_late', 'the gate is gone');
      },
      note: () => {},
    },
  });
  const client = await running.join();
  const id = client.command({ type: 'decide', gate: 'g' });
  expect(await client.next('command_nack')).toEqual({
    type: 'command_nack',
    id,
    code: 'closed',
    message: 'the gate is closed',
    retry: true,
    retry_after_ms: 70,
  });
  closed = false;
  client.command({ type: 'decide', gate: 'g' }, { id, attempt: 2 });
  expect(await client.next('command_nack')).toEqual({
    type: 'command_nack',
    id,
    code: 'too_late',
    message: 'the gate is gone',
    retry: false,
  });
  expect(running.server.stats()).toMatchObject({
    eventsPublished: 0,
    commands: { received: 2, deferred: 1, rejected: 1, accepted: 0, failedAttempts: 0 },
  });
  expect(running.errors).toEqual([]);
});

test('commands to a topic that the principal may not write to are refused for good', async () => {
  const running = await world({ authorize: (_, topic, action) => action === 'read' || topic !== 'secret' });
  const client = await running.join();
  client.command(note('x'), { topic: 'secret' });
  expect(await client.next('command_nack')).toMatchObject({ code: 'forbidden', retry: false });
  client.command(note('x'), { topic: 'open' });
  client.command(note('x'));
  await client.take('command_ack', 2);
});

test('commands of one topic run one after the other, in the order of arrival, beside those of other topics', async () => {
  const order: string[] = [];
  const gates = new Map([
    ['a1', deferred<void>()],
    ['a2', deferred<void>()],
    ['b1', deferred<void>()],
  ]);
  const running = await world({
    commands: {
      decide,
      note: async ({ text }) => {
        order.push(`${text} begins`);
        await gates.get(text)?.promise;
        order.push(`${text} ends`);
      },
    },
  });
  const client = await running.join();
  client.command(note('a1'), { topic: 'a' });
  client.command(note('a2'), { topic: 'a', priority: 'high' });
  client.command(note('b1'), { topic: 'b' });
  await client.settle();
  expect(order).toEqual(['a1 begins', 'b1 begins']);
  gates.get('b1')?.resolve();
  await client.next('command_ack');
  gates.get('a2')?.resolve();
  gates.get('a1')?.resolve();
  await client.take('command_ack', 2);
  expect(order).toEqual(['a1 begins', 'b1 begins', 'b1 ends', 'a1 ends', 'a2 begins', 'a2 ends']);
});

test('a repeat waits for the answer of the first, also on a newer connection', async () => {
  let ran = 0;
  const gate = deferred<void>();
  const running = await world({
    commands: {
      decide: async () => {
        ran += 1;
        await gate.promise;
        return { resumed: true };
      },
      note: () => {},
    },
  });
  const first = await running.join();
  const id = first.command({ type: 'decide', gate: 'g' });
  first.command({ type: 'decide', gate: 'g' }, { id, attempt: 2 });
  await first.settle();
  first.socket.terminate();
  await first.closed;
  const second = await running.join({ client_id: first.clientId });
  second.command({ type: 'decide', gate: 'g' }, { id, attempt: 3 });
  await second.settle();
  expect(second.unread('command_ack')).toEqual([]);
  gate.resolve();
  expect(await second.next('command_ack')).toEqual({
    type: 'command_ack',
    id,
    duplicate: true,
    result: { resumed: true },
  });
  expect(ran).toBe(1);
});

test.each([
  ['a higher term', 2],
  ['an equal term', 1],
])(
  'what a handler has begun is not committed once %s has taken over, and the newer connection runs it',
  async (_, term) => {
    let ran = 0;
    const gates = [deferred<void>(), deferred<void>()];
    const endings: string[] = [];
    const running = await world({
      commands: {
        decide,
        note: async ({ text }, { publish, afterRollback }) => {
          const gate = gates[ran++];
          publish('t', { type: 'log', line: text });
          afterRollback(() => void endings.push('rolled back'));
          await gate?.promise;
        },
      },
    });
    const first = await running.join({ term: 1 });
    const id = first.command(note('x'));
    await first.settle();
    const second = await running.join({ client_id: first.clientId, term });
    second.send({ type: 'subscribe', topic: 't', ref: 1 });
    await second.next('snapshot');
    second.command(note('x'), { id, attempt: 2 });
    gates[0]?.resolve();
    await expect.poll(() => ran).toBe(2);
    expect(endings).toEqual(['rolled back']);
    gates[1]?.resolve();
    expect(await second.next('command_ack')).toEqual({ type: 'command_ack', id });
    await second.settle();
    expect(second.frames.filter(({ type }) => type === 'event')).toHaveLength(1);
  },
);

test('a command of a version that is not served is refused for good, unless it was accepted before', async () => {
  const versions = new Set([3, 4]);
  const running = await world({ acceptsVersions: (version) => versions.has(version) });
  const client = await running.join();
  const accepted = client.command(note('x'), { app_version: 3 });
  await client.next('command_ack');
  versions.delete(3);
  client.command(note('x'), { id: accepted, app_version: 3, attempt: 2 });
  expect(await client.next('command_ack')).toEqual({ type: 'command_ack', id: accepted, duplicate: true });
  const id = client.command(note('y'), { app_version: 3 });
  expect(await client.next('command_nack')).toMatchObject({
    id,
    code: 'unsupported_version',
    retry: false,
    ran: false,
  });
});

test('a command without a type is a broken frame', async () => {
  const client = await (await world()).join();
  client.command({ text: 'x' } as never);
  expect(await client.next('goodbye')).toMatchObject({ code: 'bad_frame', retry: true });
});

test('a repeat of one that was refused while it waited gets the same answer', async () => {
  let ran = 0;
  const gate = deferred<void>();
  const running = await world({
    commands: {
      decide: async () => {
        ran += 1;
        await gate.promise;
        throw new Reject('closed', 'no', { retry: true });
      },
      note: () => {},
    },
  });
  const client = await running.join();
  const sameStore = await running.join();
  const id = client.command({ type: 'decide', gate: 'g' });
  client.command({ type: 'decide', gate: 'g' }, { id, attempt: 2 });
  await client.settle();
  sameStore.command({ type: 'decide', gate: 'g' }, { id, attempt: 3 });
  await sameStore.settle();
  gate.resolve();
  expect(await sameStore.next('command_nack')).toMatchObject({ id, code: 'closed' });
  expect(await client.take('command_nack', 2)).toMatchObject([
    { id, code: 'closed' },
    { id, code: 'closed' },
  ]);
  expect(ran).toBe(1);
});

test('the same id of another principal is another command', async () => {
  const ran: string[] = [];
  const running = await world({
    authenticate: (token) => token ?? null,
    commands: {
      decide,
      note: (_, { principal }) => {
        ran.push(principal);
      },
    },
  });
  const id = randomUUID();
  for (const token of ['alice', 'bob']) {
    const client = await running.join({ token });
    client.command(note('x'), { id });
    expect(await client.next('command_ack')).toEqual({ type: 'command_ack', id });
  }
  expect(ran).toEqual(['alice', 'bob']);
});

test.each([
  ['at equal terms, the newer socket', 1, 1],
  ['the higher term', 1, 2],
])('%s takes the place of the other, whose commands do not run any more', async (_, oldTerm, newTerm) => {
  const ran: string[] = [];
  const gate = deferred<void>();
  const running = await world({
    commands: {
      decide,
      note: async ({ text }) => {
        ran.push(text);
        await gate.promise;
      },
    },
  });
  const old = await running.join({ term: oldTerm });
  old.command(note('running'));
  const queued = old.command(note('queued'));
  await old.settle();
  const young = await running.join({ client_id: old.clientId, term: newTerm });
  expect(await old.next('goodbye')).toMatchObject({ code: 'superseded', retry: false });
  expect(await old.closed).toMatchObject({ code: 4409 });
  young.command(note('of the newer one'));
  young.command(note('queued'), { id: queued, attempt: 2 });
  await young.settle();
  gate.resolve();
  expect(await young.take('command_ack', 2)).toMatchObject([{}, { id: queued }]);
  expect(ran).toEqual(['running', 'of the newer one', 'queued']);
});

test('a lower term is refused while the higher one is there, and shortly after', async () => {
  const running = await world();
  const owner = await running.join({ term: 2 });
  const former = await running.connect();
  former.hello({ client_id: owner.clientId, term: 1 });
  expect(await former.next('goodbye')).toMatchObject({ code: 'superseded' });
  await owner.settle();
  owner.socket.terminate();
  await owner.closed;
  const again = await running.connect();
  again.hello({ client_id: owner.clientId, term: 1 });
  expect(await again.next('goodbye')).toMatchObject({ code: 'superseded' });
  await running.join({ client_id: owner.clientId, term: 2 });
});

test('what has arrived still runs when its connection is lost', async () => {
  const ran: string[] = [];
  const [gate, done] = [deferred<void>(), deferred<void>()];
  const running = await world({
    commands: {
      decide,
      note: async ({ text }) => {
        ran.push(text);
        if (text === 'last') done.resolve();
        await gate.promise;
      },
    },
  });
  const client = await running.join();
  client.command(note('first'));
  client.command(note('last'));
  await client.settle();
  client.socket.terminate();
  await client.closed;
  gate.resolve();
  await done.promise;
  expect(ran).toEqual(['first', 'last']);
});

test('a disconnected principal is gone, and nothing that it has sent is started any more', async () => {
  const ran: string[] = [];
  const gate = deferred<void>();
  const running = await world({
    authenticate: (token) => token ?? null,
    commands: {
      decide,
      note: async ({ text }) => {
        ran.push(text);
        await gate.promise;
      },
    },
  });
  const alice = await running.join({ token: 'alice' });
  const bob = await running.join({ token: 'bob' });
  alice.command(note('running'));
  alice.command(note('never'));
  await alice.settle();
  void running.server.disconnect('alice');
  expect(await alice.next('goodbye')).toMatchObject({ code: 'unauthorized' });
  expect(await alice.closed).toMatchObject({ code: 4401 });
  gate.resolve();
  bob.command(note('of bob'));
  await bob.next('command_ack');
  expect(ran).toEqual(['running', 'of bob']);
});

test('nor is what came over a connection that is gone already', async () => {
  const ran: string[] = [];
  const gate = deferred<void>();
  const running = await world({
    authenticate: (token) => token ?? null,
    commands: {
      decide,
      note: async ({ text }) => {
        ran.push(text);
        await gate.promise;
      },
    },
  });
  const alice = await running.join({ token: 'alice' });
  const bob = await running.join({ token: 'bob' });
  alice.command(note('running'));
  alice.command(note('never'));
  await alice.settle();
  alice.socket.terminate();
  await vi.waitFor(() => expect(running.server.stats().connections).toBe(1));
  await running.server.disconnect('alice');
  gate.resolve();
  await vi.waitFor(() => expect(running.server.stats().commands.inProgress).toBe(0));
  bob.command(note('of bob'));
  await bob.next('command_ack');
  expect(ran).toEqual(['running', 'of bob']);
});

test('on close, what runs is answered and what waits is left to the next server', async () => {
  const ran: string[] = [];
  const gate = deferred<void>();
  const running = await world({
    commands: {
      decide,
      note: async ({ text }) => {
        ran.push(text);
        await gate.promise;
      },
    },
  });
  const busy = await running.join();
  const idle = await running.join();
  const id = busy.command(note('running'));
  busy.command(note('waiting'));
  await busy.settle();
  const closing = running.server.close();
  expect(await idle.next('goodbye')).toMatchObject({ code: 'draining', retry: true });
  expect(await idle.closed).toMatchObject({ code: 1012 });
  busy.command(note('late'));
  await busy.settle();
  gate.resolve();
  expect(await busy.next('command_ack')).toMatchObject({ id });
  expect(await busy.next('goodbye')).toMatchObject({ code: 'draining' });
  await closing;
  expect(ran).toEqual(['running']);
  expect(busy.unread('command_ack')).toEqual([]);
});

test('a close waits no longer than it was told to', async () => {
  const running = await world({ commands: { decide, note: () => new Promise<void>(() => {}) } });
  const client = await running.join();
  client.command(note('for ever'));
  await client.settle();
  await running.server.close({ drainMs: 20 });
  expect(await client.next('goodbye')).toMatchObject({ code: 'draining' });
});

test('a result that is too large for the client is left out of its ack', async () => {
  const running = await world({ commands: { decide, note: () => 'x'.repeat(2_000) } });
  const client = await running.join({ max_frame_bytes: 1_500 });
  const id = client.command(note('x'));
  expect(await client.next('command_ack')).toEqual({ type: 'command_ack', id });
  expect(await client.next('error')).toMatchObject({ code: 'too_large', ended: false });
});

test('too many frames end a connection, and too many commands are refused for now', async () => {
  const never = new Promise<void>(() => {});
  const running = await world({
    limits: { framesPerSecond: 20, commandsPerConnection: 2 },
    commands: { decide, note: () => never },
  });
  const client = await running.join();
  for (const text of ['1', '2', '3']) client.command(note(text));
  expect(await client.next('command_nack')).toMatchObject({ code: 'overloaded', retry: true });
  for (let id = 0; id < 50; id++) client.send({ type: 'ping', id });
  expect(await client.next('goodbye')).toMatchObject({ code: 'overloaded', retry: true });
  expect(await client.closed).toMatchObject({ code: 1013 });
});

test('what a handler publishes beyond what the log takes is refused for good, and told: nothing of it happened', async () => {
  const log = memoryLog();
  log.commit = async (all) => all.map(() => ({ status: 'too_large', bytes: 30, maxBytes: 20 }));
  const rolledBack: string[] = [];
  const running = await world({
    log,
    commands: {
      decide: () => ({ resumed: true }),
      note: (_, { id, afterRollback }) => afterRollback(() => void rolledBack.push(id)),
    },
  });
  const client = await running.join();
  const id = client.command({ type: 'note', text: 'x' });
  expect(await client.next('command_nack')).toMatchObject({ id, code: 'too_large', retry: false });
  expect(rolledBack).toEqual([id]);
  expect(running.errors).toEqual([expect.stringContaining("30 bytes, and the server's log takes 20")]);
});
