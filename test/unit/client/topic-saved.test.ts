import { expect, onTestFinished, test, vi } from 'vitest';
import type { Delivered } from '../../../src/index.ts';
import { closedLocally } from '../../../src/protocol/closed-locally.ts';
import type { TabItem } from '../../../src/protocol/port.ts';
import { type FakeHub, item, snapshot } from './fake-hub.ts';
import { type P, scene, until, untilEqual } from './setup.ts';

const node = (offset: number, id: string, state: string) =>
  item(offset, { type: 'node', id, state }, { key: `node:${id}`, replayed: true });
const saved = (events: TabItem[], more: { hasMore?: true; isVoid?: true } = {}) => ({
  kind: 'saved' as const,
  topic: 'run',
  epoch: 'e1',
  events,
  ...more,
});
const ticketOf = (hub: FakeHub) =>
  until(() => {
    const last = hub.called('subscribe').at(-1);
    if (!last) throw new Error('no subscribe call');
    return last[1];
  });

test('those who begin are shown what was kept, and begin with the server’s state as if they had not been', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const begun: [number[], number[]][] = [];
  const ofAll = (items: readonly Delivered<P>[]) => items.map(({ meta }) => meta.offset);
  topic.subscribe({ snapshot: (events, missed) => void begun.push([ofAll(events), ofAll(missed)]) });
  const heard: number[] = [];
  topic.on('node', (_, { offset }) => heard.push(offset));
  const latest = topic.latest('node');
  const sizes: number[] = [];
  latest.subscribe(({ size }) => sizes.push(size));
  const hub = await s.attached();
  const ticket = await ticketOf(hub);
  await hub.deliver({ topics: [saved([node(1, 'a', 'up')], { hasMore: true })] });
  expect(begun).toEqual([]);
  await hub.deliver({ topics: [saved([node(4, 'b', 'up')])] });
  await untilEqual(() => begun, [[[1, 4], []]]);
  const kept = latest.get().get('node:a');
  expect(heard).toEqual([]);
  const missed = [node(3, 'c', 'up'), node(4, 'b', 'up')];
  await hub.deliver({
    topics: [snapshot('run', ticket, 4, { events: [node(1, 'a', 'up'), ...missed], missed })],
  });
  await untilEqual(
    () => begun[1],
    [
      [1, 3, 4],
      [3, 4],
    ],
  );
  expect(heard).toEqual([3, 4]);
  await untilEqual(() => sizes, [0, 2, 3]);
  expect(latest.get().get('node:a')).toBe(kept);
});

test('a tab that has a state is not thrown back to what was kept', async () => {
  const s = scene();
  const latest = s.client.topic('run').latest('node');
  latest.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 9, { events: [node(9, 'a', 'new')] })] });
  await hub.deliver({ topics: [saved([node(1, 'a', 'old')])] });
  await s.client.inspect();
  expect(latest.get().get('node:a')).toMatchObject({ state: 'new' });
});

test('what is not to be shown any more is gone from those who begin, and the tab keeps its place', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const latest = topic.latest('node');
  const heard: number[] = [];
  topic.on('node', (_, { offset }) => heard.push(offset));
  latest.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 9, { events: [node(9, 'a', 'new')] })] });
  await hub.deliver({ topics: [saved([], { isVoid: true })] });
  await untilEqual(() => latest.get().size, 0);
  const again = [node(9, 'a', 'new'), node(10, 'b', 'new')];
  await hub.deliver({ topics: [snapshot('run', null, 10, { events: again, missed: again })] });
  await untilEqual(() => latest.get().size, 2);
  expect(heard).toEqual([10]);
});

test('a view that nobody listens to when that goes does not show it to whoever listens next', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const s = scene();
  const topic = s.client.topic('run');
  const stay = topic.latest('node');
  stay.subscribe(() => {});
  const latest = topic.latest('node');
  const leave = latest.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 9, { events: [node(9, 'a', 'new')] })] });
  await untilEqual(() => latest.get().size, 1);
  leave();
  await vi.advanceTimersByTimeAsync(5_000);
  await hub.deliver({ topics: [saved([], { isVoid: true })] });
  await untilEqual(() => stay.get().size, 0);
  expect(latest.get().size).toBe(0);
  const sizes: number[] = [];
  latest.subscribe(({ size }) => void sizes.push(size));
  expect(sizes).toEqual([0]);
});

test('a critical event that no handler had before it went is given to none', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const stay = topic.latest('node');
  stay.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({
    topics: [
      snapshot('run', await ticketOf(hub), 9, { events: [node(9, 'a', 'new')] }),
      {
        kind: 'events',
        topic: 'run',
        epoch: 'e1',
        items: [item(10, { type: 'gate', id: 'g' }, { key: 'gate:g', critical: true })],
      },
    ],
  });
  await untilEqual(() => stay.get().size, 1);
  await hub.deliver({ topics: [saved([], { isVoid: true })] });
  await untilEqual(() => stay.get().size, 0);
  const heard: unknown[] = [];
  topic.on('gate', (event) => void heard.push(event));
  await s.client.inspect();
  expect(heard).toEqual([]);
  expect(hub.called('took')).toEqual([]);
});

test('what a view shows that nobody listens to goes where the server takes this browser for somebody else', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const s = scene();
  const latest = s.client.topic('run').latest('node');
  const leave = latest.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 9, { events: [node(9, 'a', 'new')] })] });
  await untilEqual(() => latest.get().size, 1);
  leave();
  await vi.advanceTimersByTimeAsync(5_000);
  await until(() => expect(hub.called('unsubscribe')).toHaveLength(1));
  await hub.deliver({ connection: closedLocally('network') });
  expect(latest.get().size).toBe(1);
  await hub.deliver({ connection: closedLocally('identity_mismatch') });
  expect(latest.get().size).toBe(0);
});
