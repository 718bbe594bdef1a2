import { expect, test } from 'vitest';
import type { AnyOutboxEntry } from '../../../src/protocol/port.ts';
import { FakeHub } from './fake-hub.ts';
import { scene, untilEqual } from './setup.ts';

const entry = (id: string, more: object): AnyOutboxEntry =>
  ({
    id,
    topic: null,
    priority: 'high',
    createdAt: 1,
    attempt: 0,
    dedupeKey: null,
    appVersion: 3,
    state: 'queued',
    command: { type: 'note', text: id },
    ...more,
  }) as AnyOutboxEntry;

test('a command is judged, numbered and handed to the hub as its input', async () => {
  const s = scene();
  const { id, durable } = await s.client.send('decide', { gate: 'g', verdict: 'yes' }, { topic: 'run' });
  const hub = await s.attached();
  expect(durable).toBe(true);
  expect(hub.sent).toEqual([
    {
      id,
      topic: 'run',
      priority: 'high',
      command: { type: 'decide', gate: 'g', verdict: 'yes' },
      dedupeKey: 'g',
      requireDurable: false,
      expiresAt: null,
      maybeSentMs: null,
      askedAt: expect.any(Number),
      serverAskedAt: null,
    },
  ]);
  await s.client.send('note', { text: 'x' }, { priority: 'high', requireDurable: true });
  expect(hub.sent[1]).toMatchObject({ topic: null, priority: 'high', requireDurable: true });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await s.client.send('note', { text: 'x' }, { traceparent });
  expect(hub.sent[2]).toMatchObject({ traceparent });
});

test('a command that replaces others says of which key; where its function throws, it is refused', async () => {
  const s = scene();
  await s.client.send('turn', { knob: 'gain', by: 1 });
  const hub = await s.attached();
  expect(hub.sent).toMatchObject([{ replaceKey: 'gain', dedupeKey: null }]);
  await expect(s.client.send('turn', { knob: '', by: 1 })).rejects.toMatchObject({
    code: 'invalid_command',
    message: expect.stringContaining('no knob'),
  });
});

test('what is sent in one turn goes to the hub in one message, also where the client is closed in that turn', async () => {
  const s = scene();
  s.client.outbox.subscribe(() => {});
  const hub = await s.attached();
  await s.client.inspect();
  const sent = ['1', '2', '3'].map((text) => s.client.send('note', { text }));
  const closing = s.client.close();
  for (const receipt of sent) expect(await receipt).toMatchObject({ durable: true });
  await closing;
  expect(hub.called('send')).toHaveLength(1);
  expect(hub.sent.map(({ command }) => command['text'])).toEqual(['1', '2', '3']);
  expect(hub.calls.map(({ method }) => method).slice(-2)).toEqual(['send', 'detach']);
});

test('what must be durable goes in a message of its own, in its order: others of its turn are not answered with it', async () => {
  const s = scene();
  const hub = await s.client.inspect().then(() => s.attached());
  const sent = [false, true, true, false].map((requireDurable, n) =>
    s.client.send('note', { text: String(n) }, { requireDurable }),
  );
  await Promise.all(sent);
  const messages = hub.called('send').map(([commands]) => commands.map(({ command }) => command['text']));
  expect(messages).toEqual([['0'], ['1', '2'], ['3']]);
});

test('what is sent is what was judged, whatever happens to the payload meanwhile', async () => {
  const s = scene();
  const payload = { text: 'before' };
  const sent = s.client.send('note', payload);
  payload.text = 'after';
  await sent;
  expect((await s.attached()).sent[0]?.command).toEqual({ type: 'note', text: 'before' });
});

test.each([
  ['breaks its schema', { gate: 'g', verdict: 'maybe' }, 'invalid_command', /verdict/],
  ['JSON would change', { gate: 'g', verdict: 'yes', at: new Date(0) }, 'invalid_command', /payload\.at/],
  ['is over 1 MiB', { gate: 'é'.repeat(600_000), verdict: 'yes' }, 'too_large', /bytes/],
])('a command that %s is refused before anything starts', async (_, payload, code, message) => {
  const s = scene();
  await expect(s.client.send('decide', payload as { gate: string; verdict: 'yes' })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
  expect(s.hubs).toHaveLength(0);
});

test('a schema that is broken tells its issues', async () => {
  const s = scene();
  await expect(s.client.send('note', {} as { text: string })).rejects.toMatchObject({
    code: 'invalid_command',
    issues: [expect.objectContaining({ path: ['text'] })],
  });
  await expect(s.client.send('nope' as 'note', { text: '' })).rejects.toThrow(/defines no command "nope"/);
});

test("the hub's refusal is a TrunklineError", async () => {
  const s = scene();
  s.client.outbox.subscribe(() => {});
  const hub = await s.attached();
  hub.sendReply = { ok: false, code: 'outbox_full', message: 'full' };
  const refused = s.client.send('refresh');
  await expect(refused).rejects.toMatchObject({
    name: 'TrunklineError',
    code: 'outbox_full',
    message: 'full',
  });
});

test('an outcome comes with the batch that settles it, its result as the schema reads it, in every tab', async () => {
  const s = scene();
  const settled: unknown[] = [];
  const off = s.client.outbox.onSettled((how) => settled.push(how));
  const hub = await s.attached();
  const receipt = await s.client.send('decide', { gate: 'g', verdict: 'yes' });
  const command = { type: 'decide', gate: 'g', verdict: 'yes' };
  const at = '2026-01-01T00:00:00Z';
  await hub.deliver({
    settled: [
      { id: receipt.id, at: 1, command, outcome: { status: 'accepted', duplicate: false, result: { at } } },
      { id: 'of another tab', at: 2, command, outcome: { status: 'cancelled' } },
    ],
  });
  const outcome = { status: 'accepted', duplicate: false, result: { at: new Date(at) } };
  expect(await receipt.outcome).toEqual(outcome);
  expect(settled).toEqual([
    { id: receipt.id, at: 1, command, outcome },
    { id: 'of another tab', at: 2, command, outcome: { status: 'cancelled' } },
  ]);
  off();
  await hub.deliver({ settled: [{ id: 'x', at: 5, command, outcome: { status: 'dropped' } }] });
  expect(settled).toHaveLength(2);
});

test('a result that breaks its schema is reported and given as it came', async () => {
  const s = scene();
  const receipt = await s.client.send('decide', { gate: 'g', verdict: 'no' });
  const hub = await s.attached();
  const outcome = { status: 'accepted', duplicate: true, result: { at: 5 } } as const;
  await hub.deliver({ settled: [{ id: receipt.id, at: 6, command: { type: 'decide' }, outcome }] });
  expect(await receipt.outcome).toEqual(outcome);
  expect(s.errors.map(({ code }) => code)).toEqual(['invalid_event']);
});

test('an outcome may come before the answer to the send', async () => {
  const s = scene();
  s.client.outbox.subscribe(() => {});
  const hub = await s.attached();
  await s.client.inspect();
  const sent = s.client.send('refresh');
  await untilEqual(() => hub.sent.length, 1);
  const id = hub.sent[0]?.id ?? '';
  await hub.deliver({
    settled: [{ id, at: 7, command: { type: 'refresh' }, outcome: { status: 'written' } }],
  });
  expect(await (await sent).outcome).toEqual({ status: 'written' });
});

test('what is known to have ended is not offered to the next hub, whose store may lack that: its answer is that', async () => {
  const s = scene();
  s.client.outbox.subscribe(() => {});
  const first = await s.attached();
  first.mute.add('send');
  const sends = ['a', 'b'].map((text) => s.client.send('note', { text }));
  await untilEqual(() => first.sent.length, 2);
  const [id = '', other] = first.sent.map((command) => command.id);
  const outcome = { status: 'cancelled' } as const;
  await first.deliver({ settled: [{ id, at: 7, command: { type: 'note' }, outcome }] });
  first.die();
  const [receipt] = await Promise.all(sends);
  expect(await receipt?.outcome).toEqual(outcome);
  expect(s.hubs[1]?.sent.map((command) => command.id)).toEqual([other]);
});

test('the outbox mirrors the hub, and entries that did not change stay the same objects', async () => {
  const s = scene();
  const pending: (string | undefined)[] = [];
  s.client.outbox.pending('decide', 'g').subscribe((found) => pending.push(found?.state));
  const hub = await s.attached();
  const gate = { command: { type: 'decide', gate: 'g', verdict: 'yes' }, dedupeKey: 'g' };
  await hub.deliver({
    outbox: [entry('a', {}), entry('b', gate)],
    storage: { state: 'degraded', reason: 'full' },
  });
  const [a] = s.client.outbox.get();
  expect(s.client.outbox.storage.get()).toMatchObject({ state: 'degraded', reason: 'full' });
  await hub.deliver({ outbox: [entry('a', {}), entry('b', { ...gate, state: 'sent', attempt: 1 })] });
  expect(s.client.outbox.get()[0]).toBe(a);
  await hub.deliver({
    outbox: [entry('b', { ...gate, state: 'rejected', attempt: 1, error: { code: 'no', message: 'no' } })],
  });
  expect(pending).toEqual([undefined, 'queued', 'sent', undefined]);
});

test('entries can be cancelled, tried again and dismissed', async () => {
  const s = scene();
  s.client.outbox.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({ outbox: [entry('a', { state: 'uncertain', command: { type: 'decide' } })] });
  expect(await s.client.outbox.cancel('a')).toBe(true);
  const receipt = await s.client.outbox.retry('a');
  expect(receipt).toMatchObject({ id: 'a', durable: true });
  await s.client.outbox.dismiss('a');
  hub.outcomes.set('a', { status: 'expired' });
  expect(await s.client.outbox.settled('a')).toEqual({ status: 'expired' });
  await hub.deliver({
    settled: [{ id: 'a', at: 7, command: { type: 'decide' }, outcome: { status: 'written' } }],
  });
  expect(await receipt.outcome).toEqual({ status: 'written' });
  expect(hub.calls.map(({ method }) => method)).toEqual(
    expect.arrayContaining(['cancel', 'retry', 'dismiss']),
  );
});

test.for([
  ['retry', 3],
  ['dismiss', 1],
] as const)('a %s says as what the page shows the entry', async ([change, at]) => {
  const s = scene();
  s.client.outbox.subscribe(() => {});
  const hub = await s.attached();
  const error = { code: 'busy', message: 'later' };
  await hub.deliver({ outbox: [entry('a', { state: 'waiting', retryAt: 5, error })] });
  await s.client.outbox[change]('a');
  await s.client.outbox[change]('b');
  const calls = hub.calls.filter(({ method }) => method === change);
  expect(calls.map(({ args }) => args[at])).toEqual(['waiting', undefined]);
});

test('a retry that is refused takes the outcome from nobody who was promised it', async () => {
  const hub = new FakeHub();
  const s = scene({}, () => hub);
  const { id, outcome } = await s.client.send('refresh');
  hub.retryReply = { ok: false, code: 'invalid_command', message: 'it is pending' };
  await expect(s.client.outbox.retry(id)).rejects.toMatchObject({ code: 'invalid_command' });
  await hub.deliver({
    settled: [{ id, at: 7, command: { type: 'refresh' }, outcome: { status: 'written' } }],
  });
  expect(await outcome).toEqual({ status: 'written' });
});

test('whoever tries an entry again at its first sight waits for how it ends then', async () => {
  const s = scene();
  const retried: Promise<{ outcome: Promise<unknown> }>[] = [];
  s.client.outbox.subscribe((entries) => {
    for (const { id, state } of entries) if (state === 'expired') retried.push(s.client.outbox.retry(id));
  });
  const hub = await s.attached();
  const first = await s.client.send('refresh');
  const command = { type: 'refresh' };
  const expired = { state: 'expired', command, error: { code: 'expired', message: 'late' } };
  await hub.deliver({
    outbox: [entry(first.id, expired)],
    settled: [{ id: first.id, at: 8, command, outcome: { status: 'expired' } }],
  });
  expect(await first.outcome).toEqual({ status: 'expired' });
  await hub.deliver({ settled: [{ id: first.id, at: 9, command, outcome: { status: 'written' } }] });
  expect(await (await retried[0])?.outcome).toEqual({ status: 'written' });
});

test('a retry that waits for a hub is not told how the command ended before', async () => {
  const s = scene({}, () => {
    const hub = new FakeHub();
    hub.outcomes.set('a', { status: 'expired' });
    return hub;
  });
  const retried = s.client.outbox.retry('a');
  const hub = await s.attached();
  const { outcome } = await retried;
  await s.client.inspect();
  await hub.deliver({
    settled: [{ id: 'a', at: 10, command: { type: 'refresh' }, outcome: { status: 'written' } }],
  });
  expect(await outcome).toEqual({ status: 'written' });
});

test('a command that ends twice within one millisecond settles both who sent it and who retried it', async () => {
  const s = scene();
  const told: string[] = [];
  s.client.outbox.onSettled(({ outcome }) => told.push(outcome.status));
  const hub = await s.attached();
  const first = await s.client.send('refresh');
  const ended = { id: first.id, at: 8, command: { type: 'refresh' } };
  await hub.deliver({ settled: [{ ...ended, n: 1, outcome: { status: 'expired' } }] });
  const second = await s.client.outbox.retry(first.id);
  await hub.deliver({ settled: [{ ...ended, n: 2, outcome: { status: 'written' } }] });
  expect(await second.outcome).toEqual({ status: 'written' });
  await hub.deliver({ settled: [{ ...ended, n: 2, outcome: { status: 'written' } }] });
  expect(told).toEqual(['expired', 'written']);
});

test('an outcome that no hub knows any more is forgotten, once a hub has taken the command', async () => {
  const s = scene({}, () => {
    const hub = new FakeHub();
    hub.defaultOutcome = { status: 'forgotten' };
    return hub;
  });
  s.client.outbox.subscribe(() => {});
  const first = await s.attached();
  const taken = await s.client.send('refresh');
  first.mute.add('send');
  const asked = s.client.send('note', { text: 'asked of the first, taken by the second' });
  await untilEqual(() => first.sent.length, 2);
  first.die();
  await untilEqual(() => s.hubs.length, 2);
  expect(await taken.outcome).toEqual({ status: 'forgotten' });
  const [second] = s.hubs.slice(1);
  const { id, outcome } = await asked;
  expect(await outcome).toEqual({ status: 'forgotten' });
  const about = ({ method }: { method: string }) => method === 'send' || method === 'settled';
  const asks = second?.calls
    .filter(about)
    .map(({ method, args }) => [method, JSON.stringify(args).includes(id)]);
  expect(asks).toEqual([
    ['settled', false],
    ['send', true],
    ['settled', true],
  ]);
});

test('an entry that was upgraded is shown in its new shape', async () => {
  const s = scene();
  s.client.outbox.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({ outbox: [entry('a', { appVersion: 2 })] });
  await hub.deliver({ outbox: [entry('a', { appVersion: 3, command: { type: 'note', text: 'new' } })] });
  expect(s.client.outbox.get()).toMatchObject([{ command: { text: 'new' } }]);
});
