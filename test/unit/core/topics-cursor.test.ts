import { expect, test } from 'vitest';
import { Disk } from '../../../testing/fakes/disk.ts';
import {
  alarm,
  item,
  line,
  node,
  offsets,
  stateOf,
  TOPIC,
  TopicScene,
  texts,
  tsOf,
} from '../../support/topic-scene.ts';

const stored = ({ world }: TopicScene) => world.disk.cursors.get(TOPIC);

test('the cursor is stored as far as a page has credited, with the timestamp of that very event', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(line('6'));
  if (tab) tab.autoCredit = false;
  scene.event(line('7'));
  scene.event(line('8'));
  scene.world.advance(1_000);
  expect(stored(scene)).toMatchObject({ epoch: 'e1', offset: 6, lastSeen: tsOf(6) });
  tab?.credit();
  scene.world.advance(1_000);
  expect(stored(scene)).toMatchObject({ epoch: 'e1', offset: 7, lastSeen: tsOf(7) });
});

test('one page is enough: the fastest decides', () => {
  const scene = new TopicScene();
  const [slow] = scene.live(2, [], 5);
  if (slow) slow.autoCredit = false;
  scene.event(line('6'));
  scene.event(line('7'));
  scene.world.advance(500);
  expect(stored(scene)).toMatchObject({ offset: 7 });
});

test('the cursor is stored at most every 500 ms', () => {
  const scene = new TopicScene();
  scene.live(1, [], 5);
  scene.world.advance(1_000);
  const before = scene.world.effects.filter(({ type }) => type === 'commit').length;
  for (let i = 0; i < 100; i++) {
    scene.event(line(`${i}`));
    scene.world.advance(10);
  }
  scene.world.advance(500);
  const commits = scene.world.effects.filter(({ type }) => type === 'commit').slice(before);
  expect(commits).toHaveLength(2);
  expect(stored(scene)).toMatchObject({ offset: 105 });
});

test('at idle nothing is left unstored', () => {
  const scene = new TopicScene({ settings: { cursorSaveMs: 60_000 } });
  const [tab] = scene.live(1, [], 5);
  scene.event(line('6'));
  tab?.leave();
  scene.world.advance(5_000);
  expect(stored(scene)).toMatchObject({ offset: 6 });
});

test('part of a snapshot moves no cursor, the whole of it does', () => {
  const scene = new TopicScene();
  const tab = scene.tab();
  tab.autoCredit = false;
  scene.world.socket.welcome();
  tab.credit();
  tab.credit();
  const events = Array.from({ length: 3_000 }, (_, i) => item(i + 1, node(`k${i}`, 'up')));
  scene.answer({ offset: 3_000, events });
  while (tab.snapshots(TOPIC).length === 0) tab.credit();
  tab.credit();
  scene.world.advance(500);
  expect(tab.snapshots(TOPIC)).toMatchObject([{ last: false }, { last: true }]);
  expect(stored(scene)).toBeUndefined();
  tab.credit();
  scene.world.advance(500);
  expect(stored(scene)).toMatchObject({ offset: 3_000, lastSeen: tsOf(3_000) });
});

test('of a long batch only what it held counts as credited', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 0);
  if (tab) tab.autoCredit = false;
  scene.event(node('first', 'up'));
  scene.events(Array.from({ length: 2_500 }, (_, i) => node(`k${i}`, 'up')));
  tab?.credit();
  scene.world.advance(16);
  tab?.credit();
  scene.world.advance(500);
  expect(stored(scene)).toMatchObject({ offset: 2_001, lastSeen: tsOf(2_001) });
});

test('a redelivery never moves the cursor', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(line('6'));
  scene.event(alarm('ahead'), { offset: 90, redelivery: true, ack: true });
  scene.event(alarm('behind'), { offset: 2, redelivery: true, ack: true });
  scene.world.advance(500);
  expect(stored(scene)).toMatchObject({ offset: 6, lastSeen: tsOf(6) });
  scene.event(line('7'));
  scene.world.advance(500);
  expect(stored(scene)).toMatchObject({ offset: 7 });
  expect(scene.world.report.counts).toMatchObject({ holes: 0, repeats: 0 });
  expect(offsets(tab?.events(TOPIC) ?? [])).toEqual([6, 90, 2, 7]);
});

test('a redelivery that is the last of a full batch moves no cursor either', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1);
  if (tab) tab.autoCredit = false;
  scene.event(line('1'));
  scene.events(Array.from({ length: 1_999 }, (_, i) => node(`k${i}`, 'up')));
  scene.event(alarm('behind'), { offset: 1, redelivery: true, ack: true });
  scene.event(line('more'));
  scene.world.advance(16);
  tab?.credit();
  expect(offsets(tab?.events(TOPIC) ?? []).slice(-2)).toEqual([2_000, 1]);
  tab?.credit();
  scene.world.advance(500);
  expect(stored(scene)).toMatchObject({ offset: 2_000 });
});

test('a new hub resyncs from where the last one was credited', () => {
  const disk = new Disk();
  const first = new TopicScene({ disk });
  first.live(1, [], 5);
  first.event(line('6'));
  first.world.advance(500);
  const second = new TopicScene({ disk, ownershipId: 'hub-2' });
  second.tab();
  second.world.socket.welcome();
  expect(second.request).toMatchObject({
    type: 'resync_request',
    last_seen: tsOf(6),
    cursor: { epoch: 'e1', offset: 6 },
  });
});

test('a new hub gives a tab also what another one had credited and it had not', () => {
  const disk = new Disk();
  const first = new TopicScene({ disk });
  first.live(1, [], 5);
  first.events([line('6'), line('7'), line('8')]);
  first.world.advance(500);
  const second = new TopicScene({ disk, ownershipId: 'hub-2' });
  const behind = second.tab({ epoch: 'e1', offset: 6 });
  const elsewhere = second.tab({ epoch: 'e0', offset: 6 });
  second.world.socket.welcome();
  const events = [6, 7, 8, 9].map((offset) => item(offset, line(`${offset}`)));
  second.answer({ offset: 9, events, missed: events.slice(3) });
  expect(texts(behind.snapshots(TOPIC)[0]?.missed ?? [])).toEqual(['7', '8', '9']);
  expect(texts(elsewhere.snapshots(TOPIC)[0]?.missed ?? [])).toEqual(['9']);
});

test('where nothing is stored, a new hub asks from where the page says that it stands', () => {
  const scene = new TopicScene();
  scene.tab({ epoch: 'e1', offset: 6 });
  scene.world.socket.welcome();
  expect(scene.request).toMatchObject({ last_seen: null, cursor: { epoch: 'e1', offset: 6 } });
});

test('what the page knows of the event there proves it to the server', () => {
  const scene = new TopicScene();
  const tab = scene.tab({ epoch: 'e1', offset: 6, ts: tsOf(6) });
  scene.world.socket.welcome();
  expect(scene.request).toMatchObject({ last_seen: tsOf(6), cursor: { epoch: 'e1', offset: 6 } });
  scene.answer({ offset: 7, missed: [item(7, line('7'))] });
  expect(tab.snapshots(TOPIC)).toMatchObject([{ offset: 7, ts: tsOf(7) }]);
});

/** An event that a restored server gave an offset that had been another's. */
const later = (offset: number, text: string) => ({ ...item(offset, line(text)), ts: tsOf(offset + 1_000) });
const state = [item(5, line('5')), later(6, 'new 6'), later(7, 'new 7'), later(8, 'new 8')];

test('a tab is given what a restored server has put at offsets that it knows', () => {
  const scene = new TopicScene();
  scene.live(1, state);
  const tab = scene.tab({ epoch: 'e1', offset: 7, ts: tsOf(7) });
  expect(texts(tab.snapshots(TOPIC)[0]?.missed ?? [])).toEqual(['new 6', 'new 7', 'new 8']);
  expect(tab.status(TOPIC)).toMatchObject({ gaps: 0 });
  const current = scene.tab({ epoch: 'e1', offset: 7, ts: tsOf(1_007) });
  expect(texts(current.snapshots(TOPIC)[0]?.missed ?? [])).toEqual(['new 8']);
});

test('a tab is told of a gap where it is not known since when a restored server has other events', () => {
  const scene = new TopicScene();
  scene.live(1, state.slice(1));
  const tab = scene.tab({ epoch: 'e1', offset: 7, ts: tsOf(7) });
  expect(tab.status(TOPIC)).toMatchObject({ gaps: 1 });
  const current = scene.tab({ epoch: 'e1', offset: 7, ts: tsOf(1_007) });
  expect(current.status(TOPIC)).toMatchObject({ gaps: 0 });
});

test('what a server that says nothing of missed events has at known offsets is given by its time', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [item(5, line('5'))]);
  scene.events([line('6'), line('7')]);
  scene.reconnect();
  scene.answer({ offset: 8, events: state });
  expect(texts(tab?.snapshots(TOPIC).at(-1)?.missed ?? [])).toEqual(['new 6', 'new 7', 'new 8']);
  expect(tab?.status(TOPIC)).toMatchObject({ gaps: 0 });
});

test('a server that says nothing of missed events, and has others at known offsets, leaves a gap', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [item(5, line('5'))]);
  scene.events([line('6'), line('7')]);
  scene.reconnect();
  scene.answer({ offset: 8, events: state.slice(2) });
  expect(texts(tab?.snapshots(TOPIC).at(-1)?.missed ?? [])).toEqual(['new 7', 'new 8']);
  expect(tab?.status(TOPIC)).toMatchObject({ gaps: 1 });
});

test('a topic that was left and comes back within one hub’s life resyncs from its cursor', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.tab(null, 'other');
  scene.event(line('6'));
  tab?.call({ method: 'unsubscribe', topic: TOPIC });
  scene.wait(10_000);
  tab?.subscribe(TOPIC);
  expect(scene.request).toMatchObject({
    type: 'resync_request',
    topic: TOPIC,
    last_seen: tsOf(6),
    cursor: { epoch: 'e1', offset: 6 },
  });
});

test('an event that nobody can read is skipped, counted, reported once per type, and the cursor passes it', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event({ type: 'unheard_of' });
  scene.event({ type: 'line', text: 7 });
  scene.event({ type: 'unheard_of' });
  scene.event({ type: 'line', text: 8 });
  expect(tab?.status(TOPIC)).toMatchObject({ state: 'live', offset: 9, lastSeen: tsOf(9) });
  scene.world.advance(500);
  expect(stored(scene)).toMatchObject({ offset: 9, lastSeen: tsOf(9) });
  scene.event(line('fine'));
  expect(texts(tab?.events(TOPIC) ?? [])).toEqual(['fine']);
  expect(scene.world.report.counts).toMatchObject({ unknownEvents: 2, invalidEvents: 2, holes: 0 });
  const reports = tab?.batches.flatMap((batch) => batch.reports ?? []).filter(({ kind }) => kind === 'error');
  expect(reports?.map((report) => 'code' in report && report.code)).toEqual([
    'invalid_event',
    'invalid_event',
  ]);
});

test('one that has a key is reported once per type and topic: the state that is shown there is not the newest', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(node('a', 'on'));
  scene.event({ type: 'unheard_of', id: 'a' }, { key: 'a' });
  scene.event({ type: 'unheard_of', id: 'b' }, { key: 'b' });
  scene.event({ type: 'node', id: 'a', state: 7 }, { key: 'a' });
  expect(tab && stateOf(tab)).toEqual(new Map([['a', node('a', 'on')]]));
  const other = scene.tab(null, 'run:2');
  scene.answer({ topic: 'run:2', events: [{ ...item(3, { type: 'unheard_of' }), key: 'c' }] });
  const reports = [tab, other].flatMap((each) => each?.batches ?? []).flatMap((batch) => batch.reports ?? []);
  const errors = reports.flatMap((report) => (report.kind === 'error' ? [report] : []));
  expect(errors).toEqual([
    {
      kind: 'error',
      code: 'invalid_event',
      message: expect.stringMatching(/unheard_of.*run:1.*what a was before/),
    },
    {
      kind: 'error',
      code: 'invalid_event',
      message: expect.stringMatching(/node.*run:1.*what a was before/),
    },
    {
      kind: 'error',
      code: 'invalid_event',
      message: expect.stringMatching(/unheard_of.*run:2.*what c was before/),
    },
  ]);
});

test('a snapshot goes on without the events that nobody can read', () => {
  const scene = new TopicScene();
  const tab = scene.tab();
  scene.world.socket.welcome();
  scene.answer({
    offset: 3,
    events: [item(1, { type: 'unheard_of' }), item(2, { type: 'node', id: 7 }), item(3, node('a', 'up'))],
    missed: [item(2, { type: 'node', id: 7 })],
  });
  const [snapshot] = tab.snapshots(TOPIC);
  expect(snapshot && [offsets(snapshot.events), snapshot.missed]).toEqual([[3], []]);
});

test('a cursor that cannot be stored now is stored when storage is back', () => {
  const scene = new TopicScene();
  scene.live(1, [], 5);
  scene.world.disk.failure = 'full';
  scene.event(line('6'));
  scene.world.advance(500);
  expect(stored(scene)).toBeUndefined();
  scene.world.disk.failure = null;
  scene.world.advance(30_000);
  expect(stored(scene)).toMatchObject({ offset: 6 });
});

test('a credit for what was taken back by a lower snapshot stores nothing', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.world.advance(500);
  if (tab) tab.autoCredit = false;
  scene.event(line('6'));
  scene.reconnect();
  scene.answer({ offset: 3 });
  tab?.credit();
  scene.world.advance(500);
  expect(stored(scene)?.offset).not.toBe(6);
  tab?.credit();
  tab?.credit();
  scene.world.advance(500);
  expect(stored(scene)).toMatchObject({ offset: 3, lastSeen: tsOf(3) });
});

test('cursors that nobody used for 30 days, and all beyond the newest thousand, are forgotten', () => {
  const disk = new Disk();
  const now = Date.UTC(2026, 5, 1);
  const put = (topic: string, savedAt: number) =>
    disk.cursors.set(topic, { topic, epoch: 'e1', offset: 1, lastSeen: 1, savedAt });
  put('old', now - 31 * 24 * 60 * 60 * 1_000);
  for (let i = 0; i <= 1_000; i++) put(`t${i}`, now - i);
  new TopicScene({ disk, now });
  expect(disk.cursors.has('old')).toBe(false);
  expect(disk.cursors.has('t1000')).toBe(false);
  expect(disk.cursors.has('t999')).toBe(true);
  expect(disk.cursors.size).toBe(1_000);
});
