import { expect, test, vi } from 'vitest';
import { createClient } from '../../../src/index.ts';
import { FakeHub, item, snapshot } from './fake-hub.ts';
import { protocol, scene, until, untilEqual } from './setup.ts';

const state = ({ client }: ReturnType<typeof scene>) => client.connection.get();
const open = { state: 'open', session: 's', since: 1, rttMs: null, suspect: false } as const;

test('without a page every readable gives its first value, and nothing is started', async () => {
  const client = createClient(protocol, {
    url: '/ws',
    identity: 'ann',
    worker: () => {
      throw new Error('never');
    },
  });
  const first = client.connection.get();
  expect(first).toEqual({ state: 'closed', reason: 'idle', attempt: 0, retryAt: null, circuit: 'closed' });
  client.connection.subscribe(() => {})();
  client.topic('run').on('line', () => {})();
  expect(client.connection.get()).toBe(first);
  expect(client.outbox.get()).toBe(client.outbox.get());
  expect(client.outbox.storage.get()).toMatchObject({ state: 'ok' });
  await expect(client.send('refresh')).rejects.toMatchObject({ code: 'unsupported' });
  await client.close();
});

test('a page whose site data is blocked attaches without a lease, and works', async () => {
  const s = scene();
  Object.defineProperty(s.page.window, 'localStorage', {
    get() {
      throw new DOMException('blocked', 'SecurityError');
    },
  });
  s.client.connection.subscribe(() => {});
  const hub = await s.attached();
  expect(hub.called('attach')[0]?.[0].lease).toBe('');
  await hub.deliver({ connection: open });
  expect(state(s)).toEqual(open);
});

test('a hub that can hold no lease is not waited for', async () => {
  const hub = new FakeHub();
  hub.refused.set('attach', { ok: true, value: { hub: hub.id, lease: '' } } as never);
  const s = scene({}, () => hub);
  s.client.connection.subscribe(() => {});
  await s.attached();
  await hub.deliver({ connection: open });
  await expect(s.client.inspect()).resolves.toEqual({ hub: hub.id });
  expect([state(s), s.hubs.length]).toEqual([open, 1]);
});

test('the first listener starts the hub, with an absolute url and a lease that is already held', async () => {
  const s = scene({ url: '../live?x=1#y', dialect: { plain: { acks: true } }, token: () => 't' });
  expect(s.hubs).toHaveLength(0);
  s.client.connection.subscribe(() => {});
  const hub = await s.attached();
  const [request] = hub.called('attach')[0] ?? [];
  expect(request).toMatchObject({
    app: 'ops',
    appVersion: 3,
    identity: 'ann',
    url: 'wss://example.test/live?x=1',
    dialect: { plain: { acks: true } },
    visible: true,
    hasToken: true,
  });
  expect(request?.lease).toMatch(/^trunkline:ops:tab:/);
  const { held } = await navigator.locks.query();
  expect(held?.map(({ name }) => name)).toContain(request?.lease);
});

test("the hub's word on the connection reaches listeners once for each change, and a listener that throws stops nobody", async () => {
  const s = scene();
  const seen: string[] = [];
  s.client.connection.subscribe(() => {
    throw new Error('boom');
  });
  const off = s.client.connection.subscribe((value) => seen.push(value.state));
  const hub = await s.attached();
  await hub.deliver({ connection: { state: 'connecting', attempt: 0 } });
  off();
  off();
  await hub.deliver({ connection: open });
  expect(seen).toEqual(['closed', 'connecting']);
  expect(s.errors.map(({ code }) => code)).toEqual(['listener', 'listener', 'listener']);
});

test('a hub that dies is replaced: topics, open sends and receipts carry on', async () => {
  const second = new FakeHub();
  const s = scene({}, (count) => (count === 0 ? new FakeHub() : second));
  const connections: string[] = [];
  s.client.connection.subscribe((value) => connections.push('reason' in value ? value.reason : value.state));
  const seen: number[] = [];
  const topic = s.client.topic('run');
  topic.on('line', (_, { offset }) => seen.push(offset));
  const view = topic.view<number[]>([], (offsets, _, { offset }) => [...offsets, offset]);
  view.subscribe(() => {});
  const first = await s.attached();
  await untilEqual(() => first.called('subscribe').length, 1);
  const line = (offset: number) => item(offset, { type: 'line', text: 'x' });
  const status = { state: 'live', epoch: 'e1', offset: 8, lastSeen: 1, dropped: 0, gaps: 0 } as const;
  await first.deliver({
    connection: open,
    topics: [
      { kind: 'status', topic: 'run', status },
      snapshot('run', first.called('subscribe')[0]?.[1] ?? 0, 7),
      { kind: 'events', topic: 'run', epoch: 'e1', items: [line(8)] },
    ],
  });
  const stored = await s.client.send('note', { text: 'stored' });
  first.mute.add('send').add('inspect').add('cancel');
  const unanswered = s.client.send('note', { text: 'unanswered' });
  const report = s.client.inspect();
  const cancelled = s.client.outbox.cancel(stored.id);
  await untilEqual(() => first.called('cancel').length, 1);
  second.outcomes.set(stored.id, { status: 'written' });
  first.die();
  await expect(cancelled).rejects.toMatchObject({ code: 'hub_lost' });
  expect(topic.status.get()).toEqual({ ...status, state: 'stale' });
  expect((await unanswered).durable).toBe(true);
  expect(await report).toMatchObject({ hub: second.id });
  const asked = first.sent[1];
  expect(second.sent).toEqual([{ ...asked, maybeSentMs: expect.any(Number), askedAt: expect.any(Number) }]);
  expect(await stored.outcome).toEqual({ status: 'written' });
  const [again] = second.called('subscribe');
  expect(again).toEqual(['run', again?.[1], { epoch: 'e1', offset: 8, ts: 1_008 }]);
  await second.deliver({
    topics: [snapshot('run', again?.[1] ?? 0, 9, { events: [line(9)], missed: [line(8), line(9)] })],
  });
  expect(seen).toEqual([8, 9]);
  expect(view.get()).toEqual([8, 9]);
  expect(connections).toEqual(['idle', 'open', 'hub_lost']);
});

test('a worker that was restarted unseen is known by the id in its batches', async () => {
  const s = scene();
  s.client.connection.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({});
  hub.deliverAs('another', { connection: open });
  await untilEqual(() => hub.called('attach').length, 2);
  expect(state(s)).toMatchObject({ state: 'closed', reason: 'hub_lost' });
  // It lives, and is asked through the port that there is.
  expect(s.hubs).toHaveLength(1);
});

test('a hub that no longer knows the page is attached to again, and asked again', async () => {
  const s = scene();
  s.client.connection.subscribe(() => {});
  const hub = await s.attached();
  hub.sendReply = { ok: false, code: 'hub_lost', message: 'unknown tab' };
  const sent = s.client.send('refresh');
  await untilEqual(() => hub.called('attach').length, 2);
  hub.sendReply = { ok: true, value: { durable: true } };
  expect((await sent).durable).toBe(true);
  expect(s.hubs).toHaveLength(1);
});

test('a hub whose work has moved is attached to again, and nothing is said of it', async () => {
  const s = scene();
  const states: string[] = [];
  s.client.connection.subscribe(({ state }) => states.push(state));
  const hub = await s.attached();
  await hub.deliver({ connection: open });
  hub.deliverAs(hub.id, { moved: true });
  await untilEqual(() => hub.called('attach').length, 2);
  expect(states).toEqual(['closed', 'open']);
  expect(s.hubs).toHaveLength(1);
});

test('a worker whose script is gone is unavailable: what was never asked is rejected as not sent', async () => {
  const s = scene({
    worker: () => {
      const worker = new FakeHub().connect();
      setTimeout(() => worker.dispatchEvent(new Event('error')));
      // Its attach is never answered.
      worker.port.close();
      return worker;
    },
  });
  await expect(s.client.send('refresh')).rejects.toMatchObject({
    code: 'hub_unavailable',
    message: expect.stringContaining('reload to continue'),
  });
  const unavailable = state(s);
  expect(unavailable).toMatchObject({
    state: 'closed',
    reason: 'hub_unavailable',
    detail: { message: expect.stringContaining('reload to continue') },
    retryAt: expect.any(Number),
  });
});

test('an unavailable hub is tried again when the page comes online', async () => {
  let isGone = true;
  const good = new FakeHub();
  const s = scene({
    worker: () => {
      if (isGone) throw new ReferenceError('SharedWorker is not defined');
      return good.connect();
    },
  });
  s.client.connection.subscribe(() => {});
  await untilEqual(() => 'reason' in state(s) && (state(s) as { reason: string }).reason, 'hub_unavailable');
  isGone = false;
  s.page.window.dispatchEvent(new Event('online'));
  await until(() => expect(good.hasTab).toBe(true));
  good.die();
});

test('what a lost hub may have stored is not reported as failed', async () => {
  let count = 0;
  const hub = new FakeHub();
  hub.mute.add('send');
  const s = scene({
    worker: () => {
      if (count++ > 0) throw new Error('no more');
      return hub.connect();
    },
  });
  const sent = s.client.send('refresh');
  await untilEqual(() => hub.sent.length, 1);
  hub.die();
  await expect(sent).rejects.toMatchObject({ code: 'hub_lost', message: expect.stringContaining('outbox') });
});

test('a hub that is slow to answer is waited for, and tried again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const s = scene({}, (count) => {
      const hub = new FakeHub();
      if (count === 0) hub.mute.add('attach');
      return hub;
    });
    s.client.connection.subscribe(() => {});
    await vi.advanceTimersByTimeAsync(4_900);
    expect(s.hubs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200 + 2_000);
    expect(s.hubs).toHaveLength(2);
    expect(state(s)).toMatchObject({ reason: 'idle' });
  } finally {
    vi.useRealTimers();
  }
});

test('a page that enters the back/forward cache says so, lets go of its lease, and starts anew on return', async () => {
  const hub = new FakeHub();
  const s = scene({}, () => hub);
  const topic = s.client.topic('run');
  topic.on('line', () => {});
  await s.attached();
  await untilEqual(() => hub.called('subscribe').length, 1);
  await hub.deliver({ topics: [snapshot('run', hub.called('subscribe')[0]?.[1] ?? 0, 4)] });
  const lease = hub.called('attach')[0]?.[0].lease;
  s.page.window.dispatchEvent(new Event('pagehide'));
  await untilEqual(() => hub.called('detach').length, 1);
  await until(async () => {
    const { held, pending } = await navigator.locks.query();
    expect([...(held ?? []), ...(pending ?? [])].map(({ name }) => name)).not.toContain(lease);
  });
  expect(hub.called('attach')).toHaveLength(1);
  s.page.window.dispatchEvent(new Event('pageshow'));
  await untilEqual(() => hub.called('subscribe').length, 2);
  expect(hub.called('attach')[1]?.[0].lease).not.toBe(lease);
  expect(hub.called('subscribe')[1]?.[2]).toEqual({ epoch: 'e1', offset: 4, ts: 1_004 });
});

test('the hub hears what only a page hears', async () => {
  const s = scene();
  s.client.connection.subscribe(() => {});
  const hub = await s.attached();
  await s.client.inspect();
  s.page.window.dispatchEvent(new Event('online'));
  s.page.document.visibilityState = 'hidden';
  s.page.document.dispatchEvent(new Event('visibilitychange'));
  s.page.document.dispatchEvent(new Event('freeze'));
  await s.client.inspect();
  expect(hub.called('signal')).toEqual([['online'], ['hidden']]);
  expect(hub.called('detach')).toEqual([]);
});

test('a token is given when it is asked for, and a failure is told', async () => {
  let token = (): string | null | Promise<string> => Promise.resolve('secret');
  const s = scene({ token: () => token() });
  s.client.connection.subscribe(() => {});
  const hub = await s.attached();
  await s.client.inspect();
  await hub.deliver({ tokenRequest: 7 });
  await untilEqual(() => hub.called('token'), [[7, { token: 'secret' }]]);
  token = () => {
    throw new Error('expired');
  };
  await hub.deliver({ tokenRequest: 8 });
  await untilEqual(() => hub.called('token').at(-1), [8, { failed: 'Error: expired' }]);
});

test('a token that is asked for ahead of the answer to the attachment is given as well', async () => {
  const hub = new FakeHub();
  const answer = hub.hold('attach');
  const s = scene({ token: () => 'secret' }, () => hub);
  s.client.connection.subscribe(() => {});
  await s.attached();
  await hub.deliver({ tokenRequest: 7 });
  answer();
  await untilEqual(() => hub.called('token'), [[7, { token: 'secret' }]]);
});

test("the hub's lines go to the log, marked, and its errors to onError", async () => {
  const s = scene();
  s.client.connection.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({
    reports: [
      { kind: 'log', level: 'warn', message: 'a storm' },
      { kind: 'error', code: 'invalid_event', message: 'event x' },
    ],
  });
  expect(s.lines).toEqual([
    `[trunkline] attached to hub ${hub.id}; here it is: unknown`,
    '[trunkline hub] a storm',
  ]);
  expect(s.errors.map(({ code, message }) => [code, message])).toEqual([['invalid_event', 'event x']]);
});

test('what a page tells unasked, and a sign-out leaves in doubt, is nobody to be told of', async () => {
  const s = scene();
  s.client.connection.subscribe(() => {});
  const hub = await s.attached();
  hub.refused.set('signal', { ok: false, code: 'unconfirmed', message: 'signed out before it was done' });
  s.page.window.dispatchEvent(new Event('online'));
  await untilEqual(() => hub.called('signal').length, 1);
  await s.client.inspect();
  expect(s.errors).toEqual([]);
});

test('after signOut every method is refused, in every tab of the identity', async () => {
  const hub = new FakeHub();
  const s = scene({}, () => hub);
  s.client.connection.subscribe(() => {});
  await s.attached();
  expect(await s.client.signOut({ discard: true })).toEqual([]);
  expect(hub.called('signOut')).toEqual([[true]]);
  expect(state(s)).toMatchObject({ state: 'closed', reason: 'signed_out' });
  await expect(s.client.send('refresh')).rejects.toMatchObject({ code: 'closed' });
  await expect(s.client.inspect()).rejects.toMatchObject({ code: 'closed' });
  expect(() => s.client.reconnect()).toThrow(expect.objectContaining({ code: 'closed' }));
  await s.client.close();
  expect(state(s)).toMatchObject({ reason: 'signed_out' });
});

test('what was sent in the turn of a sign-out reaches the hub ahead of it, and what is sent after it behind', async () => {
  const hub = new FakeHub();
  const s = scene({}, () => hub);
  s.client.connection.subscribe(() => {});
  await s.attached();
  await s.client.inspect();
  const before = s.client.send('refresh');
  const out = s.client.signOut();
  await before;
  await out;
  const order = hub.calls.map(({ method }) => method).filter((method) => /send|signOut/.test(method));
  expect(order).toEqual(['send', 'signOut']);
});

test('a client says for whom the server took it first, whoever else it takes a later hub for', async () => {
  const s = scene();
  s.client.connection.subscribe(() => {});
  const attachments = () => s.hubs.flatMap((hub) => hub.called('attach').map(([request]) => request));
  for (const [index, principal] of ['ann', 'bob'].entries()) {
    const hub = await until(() => {
      if (!s.hubs[index]?.hasTab) throw new Error('the hub is not attached yet');
      return s.hubs[index];
    });
    await hub.deliver({});
    await hub.deliver({ principal });
    hub.die();
    await untilEqual(() => attachments().length, index + 2);
  }
  expect(attachments().map(({ principal }) => principal)).toEqual([undefined, 'ann', 'ann']);
});

test('a client keeps its name, and says how many sign-outs it has heard of whenever it attaches; another client has another name', async () => {
  const s = scene();
  s.client.connection.subscribe(() => {});
  const first = await s.attached();
  const attachments = () => s.hubs.flatMap((hub) => hub.called('attach').map(([request]) => request));
  const [{ session } = {}] = attachments();
  expect(attachments()).toMatchObject([{ session: expect.stringMatching(/^[0-9a-f-]{36}$/) }]);
  expect([attachments()[0]?.signOuts, attachments()[0]?.askedAt]).toEqual([undefined, undefined]);
  const began = Date.now();
  first.die();
  await untilEqual(() => attachments().length, 2);
  expect(attachments()[1]).toMatchObject({ session, askedAt: expect.any(Number) });
  expect(attachments()[1]?.signOuts).toBeUndefined();
  expect(attachments()[1]?.askedAt).toBeLessThanOrEqual(began);
  const second = await until(() => {
    if (!s.hubs[1]?.hasTab) throw new Error('the second hub is not attached yet');
    return s.hubs[1];
  });
  await second.deliver({ signOuts: 4 });
  second.die();
  await untilEqual(() => attachments().length, 3);
  expect(attachments()[2]).toMatchObject({ session, signOuts: 4 });

  const other = scene();
  other.client.connection.subscribe(() => {});
  const [request] = (await other.attached()).called('attach')[0] ?? [];
  expect(request?.session).not.toBe(session);
});

test('a client dies when another tab signs out', async () => {
  const s = scene();
  s.client.connection.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({
    connection: { state: 'closed', reason: 'signed_out', attempt: 0, retryAt: null, circuit: 'closed' },
  });
  expect(state(s)).toMatchObject({ reason: 'signed_out' });
  await expect(s.client.send('refresh')).rejects.toMatchObject({ code: 'closed' });
  hub.die();
  expect(s.hubs).toHaveLength(1);
});

test('our own signing out gets its answer, also where the connection is told first', async () => {
  const hub = new FakeHub();
  const s = scene({}, () => hub);
  s.client.connection.subscribe(() => {});
  await s.attached();
  await s.client.inspect();
  const end = hub.hold('signOut');
  const signedOut = s.client.signOut();
  await untilEqual(() => hub.called('signOut').length, 1);
  await hub.deliver({
    connection: { state: 'closed', reason: 'signed_out', attempt: 0, retryAt: null, circuit: 'closed' },
  });
  end();
  expect(await signedOut).toEqual([]);
  expect(state(s)).toMatchObject({ reason: 'signed_out' });
});

test('close tells the hub, releases the lease and rejects what waits; other clients go on', async () => {
  const hub = new FakeHub();
  const s = scene({}, () => hub);
  const other = createClient(protocol, { url: '/ws', identity: 'ann', worker: () => hub.connect() });
  s.client.connection.subscribe(() => {});
  await s.attached();
  await s.client.inspect();
  hub.mute.add('inspect');
  const report = s.client.inspect();
  const closing = s.client.close();
  await expect(report).rejects.toMatchObject({ code: 'hub_lost' });
  await closing;
  await s.client.close();
  expect(hub.called('detach')).toHaveLength(1);
  const lease = hub.called('attach')[0]?.[0].lease;
  await until(async () => {
    const { held } = await navigator.locks.query();
    expect(held?.map(({ name }) => name)).not.toContain(lease);
  });
  await expect(s.client.send('refresh')).rejects.toMatchObject({ code: 'closed' });
  expect((await other.send('refresh')).durable).toBe(true);
  await other[Symbol.asyncDispose]();
});

test('a url that is a function is asked when the hub asks, and never announced', async () => {
  let asked = 0;
  const s = scene({ url: () => `/live?ticket=${++asked}`, token: () => 't' });
  s.client.connection.subscribe(() => {});
  const hub = await s.attached();
  expect(hub.called('attach')[0]?.[0]).toMatchObject({ url: null, hasToken: true });
  expect(asked).toBe(0);
  await hub.deliver({ tokenRequest: 7 });
  const url = 'wss://example.test/live?ticket=1';
  await untilEqual(() => hub.called('token'), [[7, { token: 't', url }]]);
});

test('a function that finds out why a handshake fails is run when the hub asks; what throws has found nothing', async () => {
  const answers = [() => Promise.resolve({ cause: 'redirect' as const }), () => raise('no idea')];
  const s = scene({ diagnose: () => (answers.shift() ?? raise)('twice is enough') });
  s.client.connection.subscribe(() => {});
  const hub = await s.attached();
  expect(hub.called('attach')[0]?.[0]).toMatchObject({ diagnose: 'tab' });
  await hub.deliver({ diagnose: 1 });
  await untilEqual(() => hub.called('diagnosed'), [[1, { cause: 'redirect' }]]);
  await hub.deliver({ diagnose: 2 });
  await untilEqual(() => hub.called('diagnosed')[1], [2, { cause: 'unknown' }]);
});

function raise(message: string): never {
  throw new Error(message);
}
