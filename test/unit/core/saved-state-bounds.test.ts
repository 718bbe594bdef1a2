import { expect, test } from 'vitest';
import { KeptTopic } from '../../../worker/core/saved-state/kept-topic.ts';
import { Device, known, liveTab, saved, shown, writesOf } from '../../support/device.ts';
import { item, line, node, TOPIC } from '../../support/topic-scene.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Another topic of the same size or so, known at some time. */
function keep(device: Device, topic: string, savedAt: number, size: number): void {
  const head = { topic, epoch: 'e1', offset: 1, lastSeen: 1, savedAt, size };
  device.stateDisk.heads.set(topic, head);
  const row = { topic, slot: 'a', item: item(1, node('a', 'x')), size };
  device.stateDisk.items.set(topic, new Map([['a', row]]));
}
const topics = (device: Device) => [...device.stateDisk.heads.keys()].sort();

test('what was known 30 days ago is deleted', () => {
  const device = new Device();
  known(device);
  const now = Date.UTC(2026, 0, 1) + 30 * DAY_MS + 10_000;
  keep(device, 'run:2', now - DAY_MS, 100);
  const tab = device.hub({}, { now }).tab();
  expect(saved(tab)).toEqual([]);
  expect(topics(device)).toEqual(['run:2']);
  expect(device.kept).toEqual([]);
});

test('what was known 30 days ago is not shown, also where it was read before it was known how old it is', () => {
  const device = new Device();
  known(device);
  const release = device.stateDisk.hold();
  const tab = device.hub({}, { now: Date.UTC(2026, 0, 1) + 30 * DAY_MS + 10_000 }).tab();
  release();
  expect(saved(tab)).toEqual([]);
  expect(device.kept).toEqual([]);
});

test('beyond the bound the topic goes first that was known longest ago', () => {
  const device = new Device();
  known(device);
  const now = Date.UTC(2026, 0, 2);
  keep(device, 'old', now - 3_000, 400);
  keep(device, 'newer', now - 2_000, 400);
  const scene = device.hub({ stateBytes: 1_000 }, { now });
  scene.live(1, [item(9, node('a', 'x'.repeat(300)))]);
  scene.wait(5_000);
  expect(topics(device)).toEqual(['newer', TOPIC]);
  expect(device.stateDisk.items.has('old')).toBe(false);
});

test('beyond the bound a topic that is listened to goes after those that nobody listens to', () => {
  const device = new Device();
  const scene = device.hub({ stateBytes: 1_000 });
  liveTab(scene, [item(1, node('a', 'x'.repeat(300)))]);
  scene.wait(5_000);
  const other = scene.tab(null, 'run:2');
  scene.answer({ offset: 1, events: [item(1, node('a', 'y'.repeat(300)))] });
  scene.wait(5_000);
  other.leave();
  scene.wait(60_000);
  scene.tab(null, 'run:3');
  scene.answer({ offset: 1, events: [item(1, node('a', 'z'.repeat(300)))] });
  scene.wait(5_000);
  expect(topics(device)).toEqual([TOPIC, 'run:3']);
});

test('of events without a key memory holds no more than some, also where the store fails', () => {
  const kept = new KeptTopic({ topic: TOPIC, epoch: 'e1', offset: 0, lastSeen: 0, savedAt: 0, size: 0 });
  for (let offset = 1; offset <= 1_000; offset++) {
    kept.put(offset, item(offset, line('x')));
    kept.bound(3);
  }
  expect(kept.items.length).toBeLessThan(6);
  expect(kept.take(3)).toMatchObject({ put: { length: 3 }, gone: [] });
});

test('a topic that is too large by itself takes no other one along, and is not written again and again', () => {
  const device = new Device();
  known(device);
  keep(device, 'other', Date.UTC(2026, 0, 1), 400);
  const scene = device.hub({ stateBytes: 1_000 });
  scene.live(1, [item(9, node('a', 'x'.repeat(1_000)))]);
  scene.wait(5_000);
  expect(topics(device)).toEqual(['other']);
  const before = writesOf(scene).length;
  scene.event(node('b', 'up'));
  scene.wait(20_000);
  expect(writesOf(scene)).toHaveLength(before);
});

test('the size is counted in bytes, of whatever script the text is', () => {
  const sizeOf = (text: string) => {
    const device = new Device();
    const scene = device.hub();
    scene.live(1, [item(1, node('a', text))]);
    scene.wait(5_000);
    return device.stateDisk.heads.get(TOPIC)?.size ?? 0;
  };
  const empty = sizeOf('');
  expect(['x', 'é', '語', '🚦'].map((text) => sizeOf(text.repeat(100)) - empty)).toEqual([
    100, 200, 300, 400,
  ]);
});

test('what is said of the size is what is there', () => {
  const device = new Device();
  const scene = device.hub();
  scene.live(1, [item(1, node('a', 'up')), item(2, node('b', 'up'))]);
  scene.wait(5_000);
  const fresh = () => {
    const other = new Device();
    const now = device.kept.map(({ offset, event }) => item(offset, event));
    const later = other.hub();
    later.live(1, now, scene.offset);
    later.wait(5_000);
    return other.stateDisk.heads.get(TOPIC)?.size;
  };
  const size = () => device.stateDisk.heads.get(TOPIC)?.size;
  expect(size()).toBe(fresh());
  scene.event(node('a', 'for a long time now'));
  scene.event(node('c', 'up'));
  scene.event({ type: 'gone', id: 'b' });
  scene.wait(5_000);
  expect(size()).toBe(fresh());
  const next = device.hub();
  next.live(1, [item(9, node('a', 'down'))]);
  next.wait(5_000);
  expect(size()).toBe(fresh());
});

test('where the disk is full for a command, the state goes, and the command is stored', () => {
  const device = new Device();
  known(device);
  const scene = device.hub();
  const tab = liveTab(scene, [item(7, node('a', 'up'))]);
  scene.wait(5_000);
  scene.world.autoCommit = false;
  const { id } = tab.send({ command: { type: 'note', text: 'now' } });
  scene.world.commitNext('full');
  scene.world.autoCommit = true;
  expect(device.kept).toEqual([]);
  scene.wait(30_000);
  expect(device.disk.entries.has(id)).toBe(true);
  scene.event(node('b', 'up'));
  scene.wait(60_000);
  expect(device.kept).toEqual([]);
  expect(scene.world.report.savedState).toMatchObject({ state: 'over' });
});

test('where the disk is full for the state, the state goes', () => {
  const device = new Device();
  known(device);
  const scene = device.hub();
  scene.live(1, [item(7, node('a', 'up'))]);
  device.stateDisk.failNext = 'full';
  scene.wait(5_000);
  expect(device.kept).toEqual([]);
  expect(topics(device)).toEqual([]);
  expect(scene.world.report).toMatchObject({ savedState: { state: 'over' }, storage: { state: 'ok' } });
});

test('what was known 30 days ahead, as by a clock that was wrong then, is deleted', () => {
  const device = new Device();
  known(device);
  const now = Date.UTC(2026, 0, 1) - 31 * DAY_MS;
  keep(device, 'run:2', now + DAY_MS, 100);
  expect(saved(device.hub({}, { now }).tab())).toEqual([]);
  expect(topics(device)).toEqual(['run:2']);
});

test('of a topic of which some rows cannot be read the others are written anew, also where nothing comes', () => {
  const device = new Device();
  known(device);
  const { stateDisk } = device;
  const load = stateDisk.load.bind(stateDisk);
  stateDisk.load = (topic, writer) => ({ ...load(topic, writer), unreadable: 1 });
  const scene = device.hub();
  expect(shown(scene.tab())).toHaveLength(3);
  scene.world.advance(5_000);
  expect(writesOf(scene)).toMatchObject([{ isWhole: true, head: { isAll: false }, put: [{}, {}, {}] }]);
});

test('rows that cannot be read are reported once, and counted', () => {
  const device = new Device();
  known(device);
  device.stateDisk.unreadable = 2;
  const scene = device.hub();
  const tab = scene.tab();
  const reports = tab.batches.flatMap((batch) => batch.reports ?? []);
  expect(reports.filter(({ kind }) => kind === 'error')).toMatchObject([
    { kind: 'error', code: 'storage_unavailable', message: expect.stringContaining('2 stored rows') },
  ]);
  expect(scene.world.report.savedState).toMatchObject({
    state: 'ready',
    unreadableRows: 2,
    topics: [{ topic: TOPIC }],
  });
});
