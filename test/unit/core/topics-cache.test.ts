import { expect, test } from 'vitest';
import type { TabItem } from '../../../src/protocol/port.ts';
import { LastValueCache } from '../../../worker/core/topics/last-value-cache.ts';
import {
  gate,
  gone,
  item,
  line,
  node,
  offsets,
  stateOf,
  TOPIC,
  TopicScene,
} from '../../support/topic-scene.ts';

const itemOf = (offset: number, key: string | null, more: Partial<TabItem> = {}): TabItem => ({
  offset,
  ts: offset,
  key,
  gone: false,
  critical: false,
  replayed: false,
  event: { type: 'any' },
  ...more,
});

const START = { offset: 0, ts: 0 };

test('the cache holds the newest event of every key, by offset', () => {
  const cache = new LastValueCache(10, START);
  for (const [offset, key] of [
    [1, 'a'],
    [2, 'b'],
    [3, 'a'],
  ] as const)
    cache.put(itemOf(offset, key));
  expect(offsets(cache.items())).toEqual([2, 3]);
  expect(cache.keys).toBe(2);
});

test('a tombstone frees its key, and the next event of it counts again', () => {
  const cache = new LastValueCache(10, START);
  cache.put(itemOf(1, 'a'));
  cache.put(itemOf(2, 'a', { gone: true }));
  expect([cache.keys, cache.items()]).toEqual([0, []]);
  cache.put(itemOf(3, 'a'));
  expect(offsets(cache.items())).toEqual([3]);
});

test.each([0, 1, 5])('of events without a key the newest %i stay', (tailLimit) => {
  const cache = new LastValueCache(tailLimit, START);
  for (let offset = 1; offset <= 40; offset++) {
    cache.put(itemOf(offset, null));
    expect(cache.tail).toBe(Math.min(offset, tailLimit));
    const first = Math.max(1, offset - tailLimit + 1);
    expect(offsets(cache.items())).toEqual(Array.from({ length: cache.tail }, (_, i) => first + i));
  }
});

test('a tab that joins is given keys and tail together, by offset; keys are shared across types', () => {
  const scene = new TopicScene({ settings: { tailLimit: 2 } });
  const [first] = scene.live(1, [item(1, node('a', 'up')), item(2, node('b', 'up'))]);
  for (const event of [
    line('3'),
    line('4'),
    gate('a', 'waits'),
    line('6'),
    gone('b'),
    node('c', 'up'),
    gone('c'),
  ])
    scene.event(event);
  const second = scene.tab();
  const [snapshot] = second.snapshots(TOPIC);
  expect(snapshot && offsets(snapshot.events)).toEqual([4, 5, 6]);
  expect(snapshot?.events.every(({ replayed }) => replayed)).toBe(true);
  expect(stateOf(second)).toEqual(new Map([['a', gate('a', 'waits')]]));
  expect(first && stateOf(first)).toEqual(stateOf(second));
  expect(scene.world.report.topics).toMatchObject([{ keys: 1, tail: 2 }]);
});

test('a tombstone is delivered before its key is gone', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [item(1, node('a', 'up'))]);
  scene.event(gone('a'));
  expect(tab?.events(TOPIC)).toMatchObject([{ key: 'a', gone: true, event: gone('a') }]);
});

test('the server’s own key and tombstone win over the protocol’s', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1);
  scene.event(line('x'), { key: 'k' });
  scene.event(line('y'), { key: 'k', gone: true });
  expect(tab?.events(TOPIC)).toMatchObject([
    { key: 'k', gone: false },
    { key: 'k', gone: true },
  ]);
  expect(scene.world.report.topics).toMatchObject([{ keys: 0, tail: 0 }]);
});

test('a tab that comes back with its position is given what the hub still has beyond it', () => {
  const scene = new TopicScene({ settings: { tailLimit: 3 } });
  scene.live(1, [item(1, node('a', 'up'))]);
  for (const event of [line('2'), line('3'), line('4'), node('b', 'up'), line('6')]) scene.event(event);
  const back = scene.tab({ epoch: 'e1', offset: 3 });
  const [snapshot] = back.snapshots(TOPIC);
  expect(snapshot && [offsets(snapshot.events), offsets(snapshot.missed)]).toEqual([
    [1, 3, 4, 5, 6],
    [4, 5, 6],
  ]);
  const stranger = scene.tab({ epoch: 'e0', offset: 3 });
  expect(stranger.snapshots(TOPIC)).toMatchObject([{ missed: [] }]);
  expect(scene.requests).toHaveLength(1);
});

test('a tab that comes back is given what it missed ahead of what happens while it waits for that', () => {
  const scene = new TopicScene();
  scene.live(1, [item(1, node('a', 'up'))]);
  for (const id of ['b', 'c', 'd']) scene.event(gate(id, 'open'));
  const back = scene.world.attach();
  back.autoCredit = false;
  // What it says of this one is still on its way to the tab.
  back.subscribe('another');
  back.subscribe(TOPIC, { epoch: 'e1', offset: 2 });
  scene.event(gate('e', 'open'));
  back.credit();
  back.credit();
  const updates = back.updates(TOPIC).filter(({ kind }) => kind !== 'status');
  expect(updates).toMatchObject([
    { kind: 'snapshot', offset: 4, missed: [{ offset: 3 }, { offset: 4 }] },
    { kind: 'events', items: [{ offset: 2 }, { offset: 3 }, { offset: 4 }] },
    { kind: 'events', items: [{ offset: 5 }] },
  ]);
});

test('a new consumer of a tab is given the state of now, in order with what the tab is given besides', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [item(1, node('a', '1'))]);
  if (tab) tab.autoCredit = false;
  scene.event(node('a', '2'));
  scene.event(node('a', '3'));
  tab?.subscribe(TOPIC, { epoch: 'e1', offset: 2 });
  scene.event(node('a', '4'));
  tab?.credit();
  tab?.credit();
  const updates = tab?.updates(TOPIC).filter(({ kind }) => kind !== 'status') ?? [];
  expect(updates.slice(-2)).toMatchObject([
    { kind: 'events', items: [{ offset: 4 }] },
    { kind: 'snapshot', ticket: 2, offset: 4, events: [{ offset: 4 }] },
  ]);
});

test('a new epoch empties the cache', () => {
  const scene = new TopicScene();
  scene.live(1, [item(1, node('a', 'old')), item(2, line('old'))]);
  scene.subscribed({ ref: 0, epoch: 'e2', offset: 1 });
  scene.snapshot({ ref: 0, epoch: 'e2', offset: 1, events: [item(1, node('b', 'new'))] });
  const second = scene.tab();
  expect(second.snapshots(TOPIC)).toMatchObject([{ epoch: 'e2', events: [{ event: node('b', 'new') }] }]);
  expect(second.snapshots(TOPIC)[0]?.events).toHaveLength(1);
});
