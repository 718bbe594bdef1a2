import { expect, test } from 'vitest';
import type { StoredCursor } from '../../../worker/core/store.ts';
import { Device, known, liveTab, shown } from '../../support/device.ts';
import { START } from '../../support/hub-world.ts';
import {
  gate,
  gone,
  item,
  line,
  node,
  offsets,
  stateOf,
  TOPIC,
  type TopicScene,
  tsOf,
} from '../../support/topic-scene.ts';

/** `known` has kept a at 2, b at 5, and a line at 6. */
const NOW = START + 20_000;
const cursor = (offset: number): StoredCursor => ({
  topic: TOPIC,
  epoch: 'e1',
  offset,
  lastSeen: tsOf(offset),
  savedAt: START,
});

/** A hub that comes a moment after `known`, with its connection open. */
function back(device: Device, { now = NOW }: { now?: number } = {}): TopicScene {
  const scene = device.hub({}, { now });
  scene.offset = 6;
  return scene;
}

test('a return within the gap goes on from what was kept, and costs what came since alone', () => {
  const device = new Device();
  known(device);
  const scene = back(device);
  const tab = scene.tab();
  expect(shown(tab)).toHaveLength(3);
  scene.world.socket.welcome();
  expect(scene.request).toMatchObject({
    type: 'subscribe',
    cursor: { epoch: 'e1', offset: 6 },
    last_seen: { offset: 6, ts: tsOf(6) },
  });
  scene.subscribed({ offset: 8, recovered: true });
  scene.event(node('a', 'down'));
  expect(tab.snapshots(TOPIC)).toEqual([]);
  scene.event(gone('b'));
  expect(tab.status(TOPIC)).toMatchObject({ state: 'live', offset: 8, gaps: 0, dropped: 0 });
  const [snapshot] = tab.snapshots(TOPIC);
  expect(offsets(snapshot?.events ?? [])).toEqual([6, 7]);
  expect(offsets(snapshot?.missed ?? [])).toEqual([7, 8]);
  scene.event(line('live'));
  expect(offsets(tab.events(TOPIC))).toEqual([9]);
  scene.world.advance(5_000);
  expect(device.kept.map(({ slot, offset }) => [slot, offset])).toEqual([
    [6, 6],
    ['a', 7],
    [9, 9],
  ]);
});

test('a return to which nothing happened meanwhile is live at once', () => {
  const device = new Device();
  known(device);
  const scene = back(device);
  const tab = scene.tab();
  scene.world.socket.welcome();
  scene.subscribed({ recovered: true });
  expect(tab.status(TOPIC)).toMatchObject({ state: 'live', offset: 6 });
  expect(offsets(tab.snapshots(TOPIC)[0]?.events ?? [])).toEqual([2, 5, 6]);
  expect(tab.snapshots(TOPIC)[0]?.missed).toEqual([]);
});

test('what lies between the pages’ place and the kept state is missed, and no repeat', () => {
  const device = new Device();
  known(device);
  device.disk.cursors.set(TOPIC, cursor(2));
  const scene = back(device);
  const tab = scene.tab();
  scene.world.socket.welcome();
  expect(scene.request).toMatchObject({ type: 'subscribe', cursor: { epoch: 'e1', offset: 2 } });
  scene.subscribed({ offset: 7, recovered: true });
  scene.offset = 2;
  scene.events([line('3'), line('4'), node('b', 'down'), line('hello'), node('c', 'up')]);
  const [snapshot] = tab.snapshots(TOPIC);
  // The lines at 3 and 4 were cut off before the state was kept: they were not in the server's state.
  expect(offsets(snapshot?.events ?? [])).toEqual([2, 5, 6, 7]);
  expect(offsets(snapshot?.missed ?? [])).toEqual([3, 4, 5, 6, 7]);
  expect(scene.world.report.counts.repeats).toBe(0);
});

test('what lies between the kept state and the pages’ place is in the state, and not missed twice', () => {
  const device = new Device();
  known(device);
  device.disk.cursors.set(TOPIC, cursor(8));
  const scene = back(device);
  const tab = scene.tab();
  scene.world.socket.welcome();
  expect(scene.request).toMatchObject({ type: 'subscribe', cursor: { epoch: 'e1', offset: 6 } });
  scene.subscribed({ offset: 9, recovered: true });
  scene.events([node('a', '7'), line('8'), node('c', '9')]);
  const [snapshot] = tab.snapshots(TOPIC);
  expect(offsets(snapshot?.events ?? [])).toEqual([5, 6, 7, 8, 9]);
  expect(offsets(snapshot?.missed ?? [])).toEqual([9]);
});

test('a critical event that pages had and nobody took is given again', () => {
  const device = new Device();
  known(device);
  device.disk.cursors.set(TOPIC, cursor(8));
  const scene = back(device);
  const tab = scene.tab();
  scene.world.socket.welcome();
  scene.subscribed({ offset: 8, recovered: true });
  scene.event(gate('g', 'open'), { ack: true });
  scene.event(line('8'));
  expect(tab.events(TOPIC)).toMatchObject([{ offset: 7, critical: true, repeat: true }]);
  tab.call({ method: 'took', topic: TOPIC, epoch: 'e1', taken: [7], failed: [], ts: [tsOf(7)] });
  expect(scene.world.socket.sent('ack')).toMatchObject([{ offsets: [7] }]);
});

test('a server that cannot go on from there sends its state', () => {
  const device = new Device();
  known(device);
  const scene = back(device);
  const tab = scene.tab();
  scene.world.socket.welcome();
  scene.answer({ offset: 9, events: [item(9, node('z', 'up'))] });
  expect([...stateOf(tab).keys()]).toEqual(['z']);
});

test('of a history that the server has no more nothing that was kept counts', () => {
  const device = new Device();
  known(device);
  device.disk.cursors.set(TOPIC, cursor(5));
  const scene = back(device);
  const tab = scene.tab();
  scene.world.socket.welcome();
  scene.subscribed({ offset: 7, recovered: true });
  scene.event(line('another one'), { offset: 6, ts: tsOf(900) });
  expect(scene.request).toMatchObject({ type: 'resync_request', cursor: { offset: 5 } });
  scene.answer({ offset: 7, events: [item(7, node('z', 'up'))], missed: [] });
  expect([...stateOf(tab).keys()]).toEqual(['z']);
});

test('a hole among what is repeated, and an answer that does not end, ask for the state', () => {
  for (const go of [
    (scene: TopicScene) => scene.event(node('a', 'x'), { offset: 9 }),
    (scene: TopicScene) => scene.wait(10_000),
  ]) {
    const device = new Device();
    known(device);
    const scene = back(device);
    scene.tab();
    scene.world.socket.welcome();
    scene.subscribed({ offset: 9, recovered: true });
    go(scene);
    expect(scene.request.type).toBe('resync_request');
  }
});

test('a longer gap, no place of the pages, or a clock that was set back ask for the state', () => {
  for (const { now, change } of [
    { now: START + 60_000 },
    { now: START - 1 },
    { now: NOW, change: (device: Device) => device.disk.cursors.clear() },
    { now: NOW, change: (device: Device) => device.disk.cursors.set(TOPIC, { ...cursor(6), epoch: 'e0' }) },
  ]) {
    const device = new Device();
    known(device);
    change?.(device);
    const scene = back(device, { now });
    scene.tab();
    scene.world.socket.welcome();
    expect(scene.request.type).toBe('resync_request');
  }
});

test('where something of the state is not kept, the state is asked for', () => {
  const device = new Device();
  const before = device.hub();
  const tab = liveTab(before, [item(1, gate('g', 'open')), item(2, node('a', 'up'))]);
  before.world.advance(5_000);
  tab.leave();
  const scene = back(device);
  scene.tab();
  scene.world.socket.welcome();
  expect(scene.request.type).toBe('resync_request');
});

test('an event that is not kept makes the state no whole one any more', () => {
  const device = new Device();
  known(device);
  const before = back(device);
  before.tab();
  before.world.socket.welcome();
  before.subscribed({ recovered: true });
  before.event(gate('g', 'open'));
  before.world.advance(5_000);
  const scene = back(device, { now: before.world.now + 1_000 });
  scene.tab();
  scene.world.socket.welcome();
  expect(scene.request.type).toBe('resync_request');
});

test('a connection that is lost before it was whole is followed by a state that is asked for', () => {
  const device = new Device();
  known(device);
  const scene = back(device);
  const tab = scene.tab();
  scene.world.socket.welcome();
  scene.subscribed({ offset: 9, recovered: true });
  scene.event(node('a', 'half'));
  scene.reconnect();
  expect(scene.request).toMatchObject({ type: 'resync_request', cursor: { offset: 6 } });
  expect(tab.snapshots(TOPIC)).toEqual([]);
});

test('what would make a return cheap is waited for, for a moment', () => {
  const device = new Device();
  known(device);
  const release = device.stateDisk.hold();
  const scene = back(device);
  scene.tab();
  scene.world.socket.welcome();
  expect(scene.requests).toEqual([]);
  release();
  expect(scene.requests).toMatchObject([{ type: 'subscribe', cursor: { offset: 6 } }]);
});

test('a store that hangs keeps nobody waiting for long', () => {
  const device = new Device();
  known(device);
  device.stateDisk.hold();
  const scene = back(device);
  scene.tab();
  scene.world.socket.welcome();
  scene.world.advance(200);
  expect(scene.requests).toMatchObject([{ type: 'resync_request' }]);
});
