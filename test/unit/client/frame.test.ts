import { afterEach, expect, test, vi } from 'vitest';
import type { Settled } from '../../../src/index.ts';
import type { AnyOutboxEntry } from '../../../src/protocol/port.ts';
import { type FakeHub, item, snapshot } from './fake-hub.ts';
import { type P, type Scene, scene, until, untilEqual } from './setup.ts';

/** The screen, which paints when the test says so. */
class Screen {
  #callbacks = new Map<number, () => void>();
  #last = 0;

  constructor() {
    Object.assign(globalThis, {
      requestAnimationFrame: (callback: () => void) => {
        this.#callbacks.set(++this.#last, callback);
        return this.#last;
      },
      cancelAnimationFrame: (id: number) => this.#callbacks.delete(id),
    });
  }

  get isAwaited(): boolean {
    return this.#callbacks.size > 0;
  }

  paint(): void {
    const callbacks = [...this.#callbacks.values()];
    this.#callbacks.clear();
    for (const callback of callbacks) callback();
  }
}

afterEach(() => {
  vi.useRealTimers();
});

const node = (offset: number, state: string) =>
  item(offset, { type: 'node', id: 'a', state }, { key: 'node:a' });
const change = (offset: number, state: string) => ({
  kind: 'events' as const,
  topic: 'run',
  epoch: 'e1',
  items: [node(offset, state)],
});
const entry = (id: string): AnyOutboxEntry =>
  ({
    id,
    command: { type: 'note', text: id },
    topic: null,
    priority: 'normal',
    createdAt: 1,
    appVersion: 3,
    attempt: 0,
    dedupeKey: null,
    expiresAt: null,
    state: 'waiting',
    durable: true,
  }) as unknown as AnyOutboxEntry;
const ended = (id: string, n: number) => ({
  id,
  at: n,
  n,
  command: { type: 'note', text: id },
  outcome: { status: 'accepted' as const, duplicate: false, result: null },
});

/** A page that shows the topic, and has been painted since. No frame comes but by `paint`, and none is missed. */
async function shown(s: Scene, screen: Screen) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true, advanceTimeDelta: 1 });
  const topic = s.client.topic('run');
  const heard: unknown[] = [];
  topic.on('node', ({ state }) => heard.push(state));
  const values: unknown[] = [];
  const latest = topic.latest('node').at('node:a');
  latest.subscribe((value) => values.push(value?.state));
  const hub = await s.attached();
  const ticket = await until(() => hub.called('subscribe').at(-1)?.[1] ?? expect.fail('no subscribe'));
  await hub.deliver({ topics: [snapshot('run', ticket, 1, { events: [node(1, '1')] })] });
  await untilEqual(() => values, [undefined, '1']);
  screen.paint();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  return { topic, hub, latest, heard, values };
}

test('what is rendered changes at once in a quiet page, and then once a frame; a listener hears each event at once', async () => {
  const screen = new Screen();
  const { hub, heard, values, latest } = await shown(scene(), screen);
  for (let offset = 2; offset <= 9; offset++) await hub.deliver({ topics: [change(offset, `${offset}`)] });
  expect(heard).toEqual(['2', '3', '4', '5', '6', '7', '8', '9']);
  expect(values.slice(2)).toEqual(['2']);
  expect(latest.get()).toMatchObject({ state: '2' });
  screen.paint();
  expect(values.slice(2)).toEqual(['2', '9']);
  for (let offset = 10; offset <= 12; offset++) await hub.deliver({ topics: [change(offset, `${offset}`)] });
  expect(values.slice(2)).toEqual(['2', '9']);
  screen.paint();
  expect(values.slice(2)).toEqual(['2', '9', '12']);
  screen.paint();
  expect(screen.isAwaited).toBe(false);
  await hub.deliver({ topics: [change(13, '13')] });
  expect(values.at(-1)).toBe('13');
});

test('where no frame comes within 50 ms, it changes at once', async () => {
  const screen = new Screen();
  const { hub, values } = await shown(scene(), screen);
  await hub.deliver({ topics: [change(2, '2')] });
  await hub.deliver({ topics: [change(3, '3')] });
  vi.advanceTimersByTime(49);
  expect(values.slice(2)).toEqual(['2']);
  vi.advanceTimersByTime(1);
  expect(values.slice(2)).toEqual(['2', '3']);
});

test('in a hidden page each change is made at once, and what waits for a frame as the page is hidden', async () => {
  const screen = new Screen();
  const s = scene();
  const { hub, values } = await shown(s, screen);
  await hub.deliver({ topics: [change(2, '2')] });
  await hub.deliver({ topics: [change(3, '3')] });
  expect(values.slice(2)).toEqual(['2']);
  s.page.document.visibilityState = 'hidden';
  s.page.document.dispatchEvent(new Event('visibilitychange'));
  expect(values.slice(2)).toEqual(['2', '3']);
  for (const offset of [4, 5]) await hub.deliver({ topics: [change(offset, `${offset}`)] });
  expect(values.slice(2)).toEqual(['2', '3', '4', '5']);
});

test('a page that is left for the back/forward cache has made its changes, and a frozen one', async () => {
  const screen = new Screen();
  const s = scene();
  const { hub, values } = await shown(s, screen);
  await hub.deliver({ topics: [change(2, '2')] });
  await hub.deliver({ topics: [change(3, '3')] });
  s.page.window.dispatchEvent(new Event('pagehide'));
  expect(values.slice(2)).toEqual(['2', '3']);
});

test('state, status, outbox and outcomes of a batch change together, in this order', async () => {
  const screen = new Screen();
  const s = scene();
  const { hub, topic, latest } = await shown(s, screen);
  const order: string[] = [];
  latest.subscribe((value) => order.push(`state ${value?.state}`));
  topic.status.subscribe(({ state }) => order.push(`status ${state}`));
  s.client.outbox.subscribe((entries) => order.push(`outbox ${entries.length}`));
  s.client.outbox.onSettled(({ id }: Settled<P>) => order.push(`settled ${id}`));
  const receipt = await s.client.send('note', { text: 'n' });
  receipt.outcome.then(() => order.push('outcome'));
  order.length = 0;
  // The frame is taken by this one.
  await hub.deliver({ topics: [change(2, '2')] });
  await hub.deliver({
    settled: [ended(receipt.id, 1)],
    outbox: [entry('other')],
    topics: [
      {
        kind: 'status',
        topic: 'run',
        status: { state: 'live', epoch: 'e1', offset: 3, lastSeen: 3, dropped: 0, gaps: 0 },
      },
      change(3, '3'),
    ],
  });
  await s.client.inspect();
  expect(order).toEqual(['state 2']);
  screen.paint();
  expect(order).toEqual(['state 2', 'state 3', 'status live', 'outbox 1', `settled ${receipt.id}`]);
  await receipt.outcome;
  expect(order.at(-1)).toBe('outcome');
});

test('whoever retries while an outcome waits for its frame waits for the next outcome', async () => {
  const screen = new Screen();
  const s = scene();
  const { hub } = await shown(s, screen);
  const receipt = await s.client.send('note', { text: 'n' });
  await hub.deliver({ topics: [change(2, '2')] });
  await hub.deliver({ settled: [{ ...ended(receipt.id, 1), outcome: { status: 'expired' } }] });
  const again = await s.client.outbox.retry(receipt.id);
  screen.paint();
  expect(await receipt.outcome).toEqual({ status: 'expired' });
  await hub.deliver({ settled: [ended(receipt.id, 2)] });
  screen.paint();
  expect(await again.outcome).toMatchObject({ status: 'accepted' });
});

test('what may be shown no more goes at once, and what waited of it is not shown', async () => {
  const screen = new Screen();
  const { hub, values } = await shown(scene(), screen);
  await hub.deliver({ topics: [change(2, '2')] });
  await hub.deliver({ topics: [change(3, '3')] });
  await hub.deliver({ topics: [{ kind: 'saved', topic: 'run', epoch: '', events: [], isVoid: true }] });
  expect(values.slice(2)).toEqual(['2', undefined]);
  screen.paint();
  expect(values.slice(2)).toEqual(['2', undefined]);
});

const voided = { kind: 'saved' as const, topic: 'run', epoch: '', events: [], isVoid: true as const };

test('an outcome is not told ahead of the state that came with it, where another topic goes in the same batch', async () => {
  const screen = new Screen();
  const s = scene();
  const { hub, latest } = await shown(s, screen);
  s.client
    .topic('gone')
    .latest('node')
    .subscribe(() => {});
  const receipt = await s.client.send('note', { text: 'n' });
  const seen = receipt.outcome.then(() => latest.get());
  await hub.deliver({
    settled: [ended(receipt.id, 1)],
    topics: [{ ...voided, topic: 'gone' }, change(2, '2')],
  });
  expect(await seen).toMatchObject({ state: '2' });
});

test('a state that takes the place of one that had to go comes with it, not a frame later', async () => {
  const screen = new Screen();
  const { hub, values } = await shown(scene(), screen);
  const next = snapshot('run', null, 5, { epoch: 'e2', events: [node(5, 'new')] });
  await hub.deliver({ topics: [voided, next] });
  await null;
  expect(values).toEqual([undefined, '1', 'new']);
});

test('where a hub is lost, the state that waits for a frame is shown before its topic is stale', async () => {
  const screen = new Screen();
  const s = scene();
  const { topic, hub, latest } = await shown(s, screen);
  const seen: string[] = [];
  latest.subscribe((value) => seen.push(`state ${value?.state}`));
  topic.status.subscribe(({ state }) => seen.push(state));
  seen.length = 0;
  const live = (offset: number) => ({
    kind: 'status' as const,
    topic: 'run',
    status: { state: 'live' as const, epoch: 'e1', offset, lastSeen: 3, dropped: 0, gaps: 0 },
  });
  await hub.deliver({ topics: [change(2, '2'), live(2)] });
  await hub.deliver({ topics: [change(3, '3'), live(3)] });
  hub.deliverAs(hub.id, { moved: true });
  for (let turns = 0; seen.at(-1) !== 'stale' && turns < 1_000; turns++) await new Promise(setImmediate);
  expect(seen).toEqual(['state 2', 'live', 'state 3', 'live', 'stale']);
});

test('a client that is signed out has told what it heard before', async () => {
  const screen = new Screen();
  const s = scene();
  const { hub } = await shown(s, screen);
  const receipt = await s.client.send('note', { text: 'n' });
  await hub.deliver({ topics: [change(2, '2')] });
  await hub.deliver({ settled: [ended(receipt.id, 1)] });
  await s.client.signOut();
  expect(await receipt.outcome).toMatchObject({ status: 'accepted' });
});

test('who asks how a command ended is not told ahead of the state that was there before', async () => {
  const screen = new Screen();
  const s = scene();
  const { hub, latest } = await shown(s, screen);
  hub.outcomes.set('x', { status: 'accepted', duplicate: false, result: null });
  await hub.deliver({ topics: [change(2, '2')] });
  await hub.deliver({ topics: [change(3, '3')] });
  const seen = s.client.outbox.settled('x').then(() => latest.get());
  await s.client.inspect();
  screen.paint();
  expect(await seen).toMatchObject({ state: '3' });
});

test('who leaves before the frame hears nothing of it, and who comes sees what is shown, and then the frame', async () => {
  const screen = new Screen();
  const { hub, latest } = await shown(scene(), screen);
  const left: unknown[] = [];
  const leave = latest.subscribe((value) => left.push(value?.state));
  await hub.deliver({ topics: [change(2, '2')] });
  await hub.deliver({ topics: [change(3, '3')] });
  leave();
  const came: unknown[] = [];
  latest.subscribe((value) => came.push(value?.state));
  expect(came).toEqual(['2']);
  screen.paint();
  expect(left).toEqual(['1', '2']);
  expect(came).toEqual(['2', '3']);
});

test('a client that is closed shows what it was told before', async () => {
  const screen = new Screen();
  const s = scene();
  const { hub, values } = await shown(s, screen);
  const receipt = await s.client.send('note', { text: 'n' });
  await hub.deliver({ topics: [change(2, '2')] });
  await hub.deliver({ topics: [change(3, '3')], settled: [ended(receipt.id, 1)] });
  s.client.close();
  expect(values.slice(2)).toEqual(['2', '3']);
  expect(await receipt.outcome).toMatchObject({ status: 'accepted' });
});

const attachedTo = (hub: FakeHub) => hub.called('attach').map(([request]) => request);

test('a page that is shown while it attaches tells the hub so', async () => {
  const s = scene();
  s.page.document.visibilityState = 'hidden';
  s.client.connection.subscribe(() => {});
  const hub = await until(() => s.hubs[0] ?? expect.fail('no hub'));
  const answer = hub.hold('attach');
  await until(() => expect(attachedTo(hub)).toMatchObject([{ visible: false }]));
  s.page.document.visibilityState = 'visible';
  s.page.document.dispatchEvent(new Event('visibilitychange'));
  answer();
  await untilEqual(() => hub.called('signal'), [['visible']]);
});

test('a page asks to be given everything at once while it is hidden, or does not', async () => {
  const paced = scene();
  paced.client.connection.subscribe(() => {});
  const [request] = attachedTo(await paced.attached());
  expect(request?.live).toBeUndefined();
  await paced.client.close();
  const live = scene({ hidden: 'live' });
  live.client.connection.subscribe(() => {});
  expect(attachedTo(await live.attached())).toMatchObject([{ live: true }]);
});
