import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { defineProtocol } from '../../../src/protocol/index.ts';
import { Device, known, liveTab, saved, shown, writesOf } from '../../support/device.ts';
import {
  gate,
  gone,
  item,
  type keptProtocol,
  line,
  node,
  offsets,
  stateOf,
  TOPIC,
  TopicScene,
  topicProtocol,
  tsOf,
} from '../../support/topic-scene.ts';

test('a page begins with the last known state, stale, while there is no connection', () => {
  const device = new Device();
  known(device);
  const now = Date.UTC(2026, 0, 2);
  const tab = device.hub({}, { now }).tab();
  expect(shown(tab).map(({ event }) => event)).toEqual([node('a', 'up'), node('b', 'down'), line('hello')]);
  expect(shown(tab).every(({ replayed }) => replayed)).toBe(true);
  expect(tab.status(TOPIC)).toMatchObject({
    state: 'stale',
    epoch: 'e1',
    offset: 6,
    lastSeen: tsOf(6),
    savedAt: Date.UTC(2026, 0, 1),
  });
  expect(tab.snapshots(TOPIC)).toEqual([]);
});

test('after a longer gap what was kept changes nothing of what is asked of the server, given and acknowledged', () => {
  const device = new Device();
  known(device);
  // Of a browser whose pages took nothing after the first.
  device.disk.cursors.set(TOPIC, {
    topic: TOPIC,
    epoch: 'e1',
    offset: 2,
    lastSeen: tsOf(2),
    savedAt: Date.UTC(2026, 0, 1),
  });
  const scene = device.hub({}, { now: Date.UTC(2026, 0, 2) });
  const tab = scene.tab();
  scene.world.socket.welcome();
  expect(scene.request).toMatchObject({ type: 'resync_request', cursor: { epoch: 'e1', offset: 2 } });
  const state = [item(5, node('b', 'down')), item(7, node('a', 'gone soon'))];
  scene.answer({ offset: 7, events: state, missed: [...state, item(6, line('hello'))] });
  expect(tab.snapshots(TOPIC)).toMatchObject([{ ticket: null, offset: 7 }]);
  expect(offsets(tab.snapshots(TOPIC)[0]?.missed ?? [])).toEqual([5, 6, 7]);
  expect(tab.status(TOPIC)).not.toHaveProperty('savedAt');
  expect(tab.status(TOPIC)).toMatchObject({ state: 'live', offset: 7, gaps: 0 });
});

test('a page that outlived its hub is not thrown back to what was kept', () => {
  const device = new Device();
  known(device);
  const tab = device.hub().tab({ epoch: 'e1', offset: 9, ts: tsOf(9) });
  expect(saved(tab)).toEqual([]);
});

test('of a type that is not to be kept nothing is, and what its key was before is not so any more', () => {
  const device = new Device();
  const scene = device.hub();
  scene.live(1, [item(1, gate('g', 'open')), item(2, node('a', 'up')), item(3, node('b', 'up'))]);
  scene.event(node('c', 'up'));
  scene.world.advance(5_000);
  expect(device.kept.map(({ slot }) => slot)).toEqual(['a', 'b', 'c']);
  scene.event(gone('a'));
  scene.event(gate('b', 'now a gate'));
  scene.world.advance(5_000);
  expect(device.kept.map(({ slot }) => slot)).toEqual(['c']);
  expect(device.stateDisk.heads.get(TOPIC)).toMatchObject({ offset: 6, epoch: 'e1' });
});

test('an event that cannot be read takes out what its key was', () => {
  for (const [event, more] of [
    [
      { type: 'node_deleted', id: 'a' },
      { key: 'a', gone: true as const },
    ],
    [{ type: 'node', id: 'a', state: 7 }, { key: 'a' }],
  ] as const) {
    const device = new Device();
    const scene = device.hub();
    scene.live(1, [item(1, node('a', 'up')), item(2, node('b', 'up'))]);
    scene.wait(5_000);
    scene.event(event, more);
    scene.wait(5_000);
    expect(device.kept.map(({ slot }) => slot)).toEqual(['b']);
    expect(device.stateDisk.heads.get(TOPIC)).toMatchObject({ offset: 3, isAll: 'gone' in more });
  }
});

test('where no type is to be kept no database is opened', () => {
  const scene = new TopicScene({ protocol: topicProtocol });
  scene.live(1, [item(1, node('a', 'up'))]);
  scene.world.advance(60_000);
  expect(scene.world.effects.some(({ type }) => type === 'saved_state')).toBe(false);
  expect(scene.world.report.savedState).toBeNull();
});

test('changed keys alone are written, at most every 5 s', () => {
  const device = new Device();
  const scene = device.hub();
  scene.live(1, [item(1, node('a', 'up')), item(2, node('b', 'up'))]);
  scene.wait(5_000);
  const before = writesOf(scene).length;
  for (let i = 0; i < 100; i++) {
    scene.event(node('b', `${i}`));
    scene.wait(100);
  }
  const since = writesOf(scene).slice(before);
  expect(since).toHaveLength(2);
  for (const op of since)
    expect(op).toMatchObject({ op: 'save', isWhole: false, put: [{ slot: 'b' }], gone: [] });
  expect(device.stateDisk.heads.get(TOPIC)).toMatchObject({ offset: 102 });
});

test('a state that comes anew changes the rows that are another one alone', () => {
  const device = new Device();
  known(device);
  const scene = device.hub();
  scene.live(1, [item(2, node('a', 'up')), item(6, line('hello')), item(8, node('c', 'up'))]);
  scene.wait(5_000);
  expect(writesOf(scene).at(-1)).toMatchObject({
    op: 'save',
    isWhole: false,
    put: [{ slot: 'c' }],
    gone: ['b'],
  });
  expect(device.kept.map(({ slot }) => slot)).toEqual(['a', 6, 'c']);
});

test('of another history every row is written anew', () => {
  const device = new Device();
  known(device);
  const scene = device.hub();
  scene.epoch = 'e2';
  scene.live(1, [item(2, node('a', 'up'))]);
  scene.wait(5_000);
  expect(device.kept).toEqual([{ slot: 'a', offset: 2, event: node('a', 'up') }]);
  expect(device.stateDisk.heads.get(TOPIC)).toMatchObject({ epoch: 'e2', offset: 2 });
});

test('of events without a key the newest are kept', () => {
  const device = new Device();
  const scene = device.hub({ tailLimit: 3 });
  scene.live(1);
  for (const text of ['1', '2', '3', '4', '5']) scene.event(line(text));
  scene.world.advance(5_000);
  expect(device.kept.map(({ slot }) => slot)).toEqual([3, 4, 5]);
});

test('at the last page that hides or goes all is written at once, as known at that time', () => {
  const device = new Device();
  const scene = device.hub();
  const [tab, other] = scene.live(2, [item(1, node('a', 'up'))]);
  tab?.call({ method: 'signal', signal: 'hidden' });
  expect(device.kept).toEqual([]);
  other?.call({ method: 'signal', signal: 'hidden' });
  expect(device.kept).toHaveLength(1);
  scene.wait(60_000);
  tab?.leave();
  other?.leave();
  expect(device.stateDisk.heads.get(TOPIC)?.savedAt).toBe(scene.world.now);
});

test('when the line is lost the state is kept, and told, as known until the server was heard last', () => {
  const device = new Device();
  const scene = device.hub();
  const [tab] = scene.live(1, [item(1, node('a', 'up'))]);
  scene.wait(60_000);
  const heardAt = scene.world.now;
  scene.world.advance(3_000);
  scene.world.socket.close();
  expect(device.stateDisk.heads.get(TOPIC)?.savedAt).toBe(heardAt);
  expect(tab?.status(TOPIC)).toMatchObject({ state: 'stale', savedAt: heardAt });
  scene.world.advance(5_000);
  scene.world.socket.welcome();
  expect(tab?.status(TOPIC)).toMatchObject({ state: 'stale', savedAt: heardAt });
  scene.answer({ offset: 1, events: [item(1, node('a', 'up'))] });
  expect(tab?.status(TOPIC)).not.toHaveProperty('savedAt');
});

test('a command waits for no transaction of the state', () => {
  const device = new Device();
  const scene = device.hub();
  const tab = liveTab(scene, [item(1, node('a', 'up'))]);
  device.stateDisk.hold();
  scene.world.advance(5_000);
  expect(scene.world.effects.at(-1)).toMatchObject({ type: 'saved_state', ask: { ask: 'commit' } });
  const { pending } = tab.send({ command: { type: 'note', text: 'now' } });
  expect(pending.reply).toMatchObject({ ok: true, value: { durable: true } });
  expect(scene.world.socket.sent('command')).toHaveLength(1);
});

test('a hub whose store of the state hangs owns, connects and gives what the server sends', () => {
  const device = new Device();
  known(device);
  const release = device.stateDisk.hold();
  const scene = device.hub();
  const tab = scene.tab();
  scene.world.socket.welcome();
  scene.world.advance(200);
  scene.answer({ offset: 9, events: [item(9, node('a', 'new'))] });
  expect(stateOf(tab)).toEqual(new Map([['a', node('a', 'new')]]));
  release();
  expect(saved(tab)).toEqual([]);
  scene.wait(5_000);
  expect(device.kept).toEqual([{ slot: 'a', offset: 9, event: node('a', 'new') }]);
});

test('what is left to be written when nobody listens any more is not mixed with what a later listener reads', () => {
  const device = new Device();
  const scene = device.hub();
  const [tab] = scene.live(1, [item(1, node('a', 'up'))]);
  scene.wait(5_000);
  const release = device.stateDisk.hold();
  scene.event(node('b', 'up'));
  tab?.leave();
  scene.world.advance(5_000);
  const late = scene.tab();
  release();
  expect(device.kept.map(({ slot }) => slot)).toEqual(['a', 'b']);
  expect(shown(late).map(({ offset }) => offset)).toEqual([1, 2]);
  scene.reconnect();
  scene.answer({ offset: 3, events: [item(1, node('a', 'up'))] });
  scene.wait(5_000);
  expect(device.kept.map(({ slot }) => slot)).toEqual(['a']);
});

test('a large state is shown in parts of 5,000 events', () => {
  const device = new Device();
  const before = device.hub();
  before.live(
    1,
    Array.from({ length: 12_000 }, (_, i) => item(i + 1, node(`k${i}`, 'up'))),
  );
  before.world.advance(5_000);
  const tab = device.hub().tab();
  expect(saved(tab).map(({ events, hasMore }) => [events.length, hasMore])).toEqual([
    [5_000, true],
    [5_000, true],
    [2_000, undefined],
  ]);
});

test('a hub that another one has superseded writes nothing over what that one keeps', () => {
  const device = new Device();
  const former = device.hub();
  former.live(1, [item(1, node('a', 'up'))]);
  const latter = device.hub();
  latter.live(1, [item(7, node('b', 'up'))]);
  latter.wait(5_000);
  former.world.advance(5_000);
  expect(device.kept.map(({ slot }) => slot)).toEqual(['b']);
  expect(former.world.report.savedState).toMatchObject({ state: 'over' });
});

test('a store of the state that fails is tried again after a minute, and then has all of it', () => {
  const device = new Device();
  const scene = device.hub();
  scene.live(1, [item(1, node('a', 'up'))]);
  device.stateDisk.failure = 'failed';
  scene.wait(5_000);
  expect(scene.world.report).toMatchObject({ savedState: { state: 'failed' }, storage: { state: 'ok' } });
  device.stateDisk.failure = null;
  scene.event(node('b', 'up'));
  scene.wait(70_000);
  expect(device.kept.map(({ slot }) => slot)).toEqual(['a', 'b']);
  expect(scene.world.report.savedState).toMatchObject({
    state: 'ready',
    topics: [{ topic: TOPIC, offset: 2 }],
  });
});

const narrow = defineProtocol({
  app: 'ops',
  version: 2,
  events: {
    node: {
      schema: z.object({ id: z.string(), state: z.literal('up') }),
      key: (e) => e.id,
      persist: true,
    },
  },
  commands: {},
});

test('what is kept is judged by the schemas of now, and left out where it fails', () => {
  const device = new Device();
  known(device);
  const tab = device.hub({}, { protocol: narrow as unknown as typeof keptProtocol }).tab();
  expect(shown(tab).map(({ event }) => event)).toEqual([node('a', 'up')]);
});

test('where most of many rows have changed, all are written anew, in one piece', () => {
  const device = new Device();
  const scene = device.hub();
  const keys = Array.from({ length: 300 }, (_, i) => `k${i}`);
  scene.live(
    1,
    keys.map((key, i) => item(i + 1, node(key, 'up'))),
  );
  scene.wait(5_000);
  const change = (count: number) => {
    for (const key of keys.slice(0, count)) scene.event(node(key, 'down'));
    scene.wait(5_000);
    return writesOf(scene).at(-1);
  };
  expect(change(150)).toMatchObject({ isWhole: false, put: { length: 150 } });
  expect(change(100)).toMatchObject({ isWhole: true, put: { length: 300 } });
  expect(change(10)).toMatchObject({ isWhole: false, put: { length: 10 } });
});

test('a page that is half way through what was kept when it goes is given no empty batches', () => {
  const device = new Device();
  const before = device.hub();
  const rows = Array.from({ length: 12_000 }, (_, i) => item(i + 1, node(`k${i}`, 'up')));
  before.live(1, rows);
  before.wait(5_000);
  const scene = device.hub({}, { now: Date.UTC(2026, 0, 2) });
  const tab = scene.world.attach();
  tab.autoCredit = false;
  tab.subscribe(TOPIC);
  while (shown(tab).length === 0) tab.credit();
  expect(saved(tab).at(-1)?.hasMore).toBe(true);
  tab.call({ method: 'forget', topic: TOPIC });
  device.stateDisk.failNext = 'failed';
  scene.world.call(tab.id, { method: 'forget', topic: 'another' });
  for (let i = 0; i < 5; i++) tab.credit();
  const given = tab.batches.length;
  for (let i = 0; i < 50; i++) tab.credit();
  expect(tab.batches.length).toBe(given);
});
