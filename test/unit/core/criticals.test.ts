import { expect, test } from 'vitest';
import { Disk } from '../../../testing/fakes/disk.ts';
import type { WorldTab } from '../../support/hub-world.ts';
import {
  alarm,
  gate,
  gone,
  item,
  line,
  node,
  offsets,
  stateOf,
  TOPIC,
  TopicScene,
  tsOf,
} from '../../support/topic-scene.ts';

const acks = ({ world }: TopicScene) =>
  world.socket.sent('ack').map(({ epoch, offsets: taken, failed }) => ({ epoch, taken, failed }));
const ack = (taken: number[], failed?: { offset: number; code: string }[], epoch = 'e1') => ({
  epoch,
  taken,
  failed,
});
const takes = (
  tab: WorldTab | undefined,
  taken: number[],
  failed: number[] = [],
  epoch = 'e1',
  ts?: number[],
) => tab?.call({ method: 'took', topic: TOPIC, epoch, taken, failed, ts });
const waiting = ({ world }: TopicScene) => world.report.topics[0]?.unacknowledged;

test('a critical event reaches every tab, and is acknowledged once one has taken it', () => {
  const scene = new TopicScene();
  const tabs = scene.live(2, [], 5);
  scene.event(alarm('fire'), { ack: true });
  for (const tab of tabs) expect(tab.events(TOPIC)).toMatchObject([{ offset: 6, critical: true }]);
  expect(acks(scene)).toEqual([]);
  expect(waiting(scene)).toBe(1);
  takes(tabs[0], [6]);
  expect(acks(scene)).toEqual([ack([6])]);
  expect(waiting(scene)).toBe(0);
  takes(tabs[1], [6]);
  expect(acks(scene)).toEqual([ack([6])]);
});

test('very many are acknowledged in frames of at most 1,000, each event once', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1);
  const all = Array.from({ length: 2_500 }, (_, index) => index + 1);
  for (const n of all) scene.event(alarm(`fire ${n}`), { ack: true });
  takes(tab, all);
  expect(acks(scene).map(({ taken }) => taken.length)).toEqual([1_000, 1_000, 500]);
  expect(acks(scene).flatMap(({ taken }) => taken)).toEqual(all);
});

test('one is critical by the protocol, or by the server’s word', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1);
  scene.event(alarm('by protocol'));
  scene.event(line('by word'), { ack: true });
  scene.event(line('not'));
  expect(tab?.events(TOPIC).map(({ critical }) => critical)).toEqual([true, true, false]);
});

test('one that nobody takes is held, unacknowledged, and follows the snapshot of a tab that joins', () => {
  const scene = new TopicScene({ settings: { tailLimit: 0 } });
  scene.live(1, [], 5);
  scene.event(alarm('fire'), { ack: true });
  scene.event(line('7'));
  const later = scene.tab();
  expect(later.snapshots(TOPIC)).toMatchObject([{ events: [], missed: [], offset: 7 }]);
  expect(later.events(TOPIC)).toMatchObject([{ offset: 6, critical: true, replayed: true }]);
  expect(acks(scene)).toEqual([]);
  takes(later, [6]);
  expect(acks(scene)).toEqual([ack([6])]);
  expect(scene.tab().events(TOPIC)).toEqual([]);
});

test('one that a tab failed on is not acknowledged, and comes again when the server repeats it', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(alarm('fire'), { ack: true });
  takes(tab, [], [6]);
  expect(acks(scene)).toEqual([]);
  scene.event(line('7'));
  scene.event(alarm('fire'), { offset: 6, ack: true, redelivery: true });
  expect(tab?.events(TOPIC).map(({ offset, replayed }) => [offset, replayed])).toEqual([
    [6, false],
    [7, false],
    [6, true],
  ]);
  takes(tab, [6]);
  expect(acks(scene)).toEqual([ack([6])]);
});

test('one that a tab failed on is asked for again where the server knows this browser by another name, and owes it nothing', () => {
  const disk = new Disk();
  disk.failure = 'blocked';
  const scene = new TopicScene({ disk });
  const [tab] = scene.live(1, [], 5);
  scene.event(alarm('fire'), { ack: true });
  scene.event(alarm('flood'), { ack: true });
  scene.event(line('8'));
  takes(tab, [7], [6]);
  disk.failure = null;
  scene.reconnect(30_000);
  expect(scene.world.socket.sent('hello')[0]?.client_id).toBe(disk.clientId);
  // With the state: a restored server could not tell by an older cursor that what came since is of another history.
  expect(scene.request).toMatchObject({ type: 'resync_request', cursor: { epoch: 'e1', offset: 5 } });
  // It owes what it has sent in a replay.
  scene.answer({ missed: [item(6, alarm('fire')), item(7, alarm('flood')), item(8, line('8'))] });
  expect(acks(scene)).toEqual([ack([7])]);
  scene.event(alarm('fire'), { offset: 6, ack: true, redelivery: true });
  expect(tab?.events(TOPIC).at(-1)).toMatchObject({ offset: 6, repeat: true });
  takes(tab, [6]);
  expect(acks(scene)).toEqual([ack([7]), ack([6])]);
  scene.reconnect();
  expect(scene.request).toMatchObject({ cursor: { epoch: 'e1', offset: 8 } });
});

test('a repeat of one that was taken is acknowledged again, and reaches nobody', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(alarm('fire'), { ack: true });
  takes(tab, [6]);
  scene.event(alarm('fire'), { offset: 6, ack: true, redelivery: true });
  expect(acks(scene)).toEqual([ack([6]), ack([6])]);
  expect(offsets(tab?.events(TOPIC) ?? [])).toEqual([6]);
});

test('one at or below the cursor is dropped only if a page took it, whether or not it says that it is a repeat', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(alarm('never seen'), { offset: 4, ack: true });
  expect(tab?.events(TOPIC)).toMatchObject([{ offset: 4, replayed: true }]);
  takes(tab, [4]);
  scene.event(alarm('never seen'), { offset: 4, ack: true });
  expect(acks(scene)).toEqual([ack([4]), ack([4])]);
  expect(tab?.events(TOPIC)).toHaveLength(1);
});

test('a repeat ahead of the cursor comes once more in its order', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(alarm('7'), { offset: 7, ack: true, redelivery: true });
  takes(tab, [7]);
  scene.event(line('6'));
  scene.event(alarm('7'), { ack: true });
  expect(tab?.status(TOPIC)).toMatchObject({ offset: 7 });
  expect(offsets(tab?.events(TOPIC) ?? [])).toEqual([7, 6, 7]);
  expect(acks(scene)).toEqual([ack([7]), ack([7])]);
});

test('what was taken while the connection was lost is acknowledged once the topic is back', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(alarm('fire'), { ack: true });
  scene.world.socket.close();
  takes(tab, [6]);
  scene.world.advance(1_000);
  scene.world.socket.welcome();
  expect(acks(scene)).toEqual([]);
  scene.subscribed({ recovered: true });
  expect(acks(scene)).toEqual([ack([6])]);
});

test('what was taken in an old epoch is not acknowledged in a new one', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(alarm('fire'), { ack: true });
  scene.world.socket.close();
  takes(tab, [6]);
  scene.world.advance(1_000);
  scene.world.socket.welcome();
  scene.answer({ epoch: 'e2', offset: 6 });
  takes(tab, [6]);
  expect(acks(scene)).toEqual([]);
  expect(waiting(scene)).toBe(0);
  scene.event(alarm('7'), { ack: true });
  expect(tab?.events(TOPIC).at(-1)).toMatchObject({ offset: 7 });
  takes(tab, [7], [], 'e2');
  expect(acks(scene)).toEqual([ack([7], undefined, 'e2')]);
});

test('a repeat that comes before the snapshot of a new epoch is not taken for one of the old epoch', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(alarm('old'), { ack: true });
  takes(tab, [6]);
  scene.subscribed({ ref: 0, epoch: 'e2', offset: 6 });
  scene.event(alarm('new'), { offset: 6, ack: true, redelivery: true });
  expect(acks(scene)).toEqual([ack([6])]);
  scene.snapshot({ ref: 0, epoch: 'e2', offset: 6 });
  scene.event(alarm('new'), { offset: 6, ack: true, redelivery: true });
  expect(tab?.updates(TOPIC).findLast(({ kind }) => kind === 'events')).toMatchObject({
    epoch: 'e2',
    items: [{ offset: 6, event: alarm('new') }],
  });
});

test('an offset that a lower snapshot freed is another event: it is delivered', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(alarm('lost by the server'), { ack: true });
  takes(tab, [6]);
  scene.reconnect();
  scene.answer({ offset: 5 });
  scene.event(alarm('new'), { ack: true });
  expect(tab?.events(TOPIC).at(-1)).toMatchObject({ offset: 6, event: alarm('new') });
  expect(acks(scene)).toEqual([]);
});

test('one that nobody took is withdrawn by a state that has another event at its offset, and follows no snapshot', () => {
  const scene = new TopicScene();
  scene.live(1, [], 5);
  scene.event(alarm('lost by the server'), { ack: true });
  scene.reconnect();
  const other = { ...item(6, node('a', 'new')), ts: tsOf(9) };
  scene.answer({ events: [other], offset: 6, ts: other.ts });
  expect(waiting(scene)).toBe(0);
  expect(scene.tab().events(TOPIC)).toEqual([]);
});

test('a tab that takes late what a lower snapshot withdrew acknowledges no other event', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(alarm('lost by the server'), { ack: true });
  scene.reconnect();
  scene.answer({ offset: 5 });
  takes(tab, [6]);
  scene.event(alarm('new'), { ack: true });
  expect(acks(scene)).toEqual([]);
  takes(tab, [6]);
  expect(acks(scene)).toEqual([ack([6])]);
});

test('a tab that takes late what a lower snapshot withdrew does not acknowledge the event that has come at its offset by then', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(alarm('lost by the server'), { ack: true });
  scene.reconnect();
  scene.answer({ offset: 5 });
  scene.event(alarm('new'), { ack: true, ts: tsOf(6) + 1 });
  takes(tab, [6], [], 'e1', [tsOf(6)]);
  expect([acks(scene), waiting(scene)]).toEqual([[], 1]);
  takes(tab, [6], [], 'e1', [tsOf(6) + 1]);
  expect([acks(scene), waiting(scene)]).toEqual([[ack([6])], 0]);
});

test('one whose schema is broken is reported, and acknowledged as failed at once', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event({ type: 'alarm', text: 7 }, { ack: true });
  const failed = [{ offset: 6, code: 'invalid_event' }];
  expect(acks(scene)).toEqual([ack([], failed)]);
  scene.event({ type: 'alarm', text: 7 }, { offset: 6, ack: true, redelivery: true });
  expect(acks(scene)).toEqual([ack([], failed), ack([], failed)]);
  expect(tab?.events(TOPIC)).toEqual([]);
  const reports = tab?.batches.flatMap((batch) => batch.reports ?? []).filter(({ kind }) => kind === 'error');
  expect(reports).toHaveLength(1);
  expect(scene.world.report.counts).toMatchObject({ invalidEvents: 2 });
});

test('those missed that a page took already are acknowledged again, the others delivered', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(alarm('6'), { ack: true });
  scene.event(alarm('7'), { ack: true });
  takes(tab, [6]);
  scene.reconnect(40_000);
  const events = [6, 7, 8].map((offset) => item(offset, alarm(`${offset}`)));
  scene.answer({ offset: 8, events, missed: events });
  expect(offsets(tab?.snapshots(TOPIC).at(-1)?.missed ?? [])).toEqual([7, 8]);
  expect(acks(scene)).toEqual([ack([6])]);
  expect(waiting(scene)).toBe(2);
});

test('critical events of one key do not replace each other', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1);
  if (tab) tab.autoCredit = false;
  scene.event(line('out'));
  for (const state of ['1', '2', '3']) scene.event(gate('g', state), { ack: true });
  tab?.credit();
  expect(tab?.events(TOPIC).map(({ event }) => event['state'])).toEqual([undefined, '1', '2', '3']);
  expect(tab && stateOf(tab)).toEqual(new Map([['g', gate('g', '3')]]));
});

test('one that nobody took and whose key is gone since brings the key back to nobody', () => {
  const scene = new TopicScene();
  scene.live(1);
  scene.event(gate('g', 'waits'), { ack: true });
  scene.event(gone('g'));
  const later = scene.tab();
  expect(offsets(later.events(TOPIC))).toEqual([1]);
  expect(stateOf(later)).toEqual(new Map());
});

test('a tab that was gone for long is given on its return what nobody took', () => {
  const scene = new TopicScene();
  const [frozen] = scene.live(2);
  if (frozen) frozen.autoCredit = false;
  scene.event(alarm('1'), { ack: true });
  scene.event(alarm('2'), { ack: true });
  scene.event(alarm('3'), { ack: true });
  takes(scene.tab(), [2]);
  scene.world.advance(6_000);
  frozen?.credit();
  expect(offsets(frozen?.snapshots(TOPIC).at(-1)?.missed ?? [])).toEqual([2, 3]);
  expect(offsets(frozen?.events(TOPIC) ?? [])).toEqual([1, 1, 3]);
  expect(waiting(scene)).toBe(2);
});

test('what an earlier hub gave a tab, which took it, is acknowledged when the server repeats it, and reaches nobody', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  takes(tab, [4], [], 'e1', [tsOf(4)]);
  expect(acks(scene)).toEqual([]);
  scene.event(alarm('4'), { offset: 4, ts: tsOf(4), ack: true, redelivery: true });
  expect(acks(scene)).toEqual([ack([4])]);
  expect(tab?.events(TOPIC)).toEqual([]);
});

test('what an earlier hub gave a tab acknowledges no other event that a restored server has at its offset', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [item(5, alarm('new'))]);
  takes(tab, [5], [], 'e1', [tsOf(5) - 1]);
  expect(acks(scene)).toEqual([]);
  scene.event(alarm('new'), { offset: 5, ts: tsOf(5), ack: true, redelivery: true });
  expect(tab?.events(TOPIC)).toMatchObject([{ offset: 5, event: alarm('new') }]);
  expect([acks(scene), waiting(scene)]).toEqual([[], 1]);
});

test('what was repeated ahead of its order and taken acknowledges no other event that comes there', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(alarm('lost by the server'), { offset: 7, ts: tsOf(7), ack: true, redelivery: true });
  scene.world.socket.close();
  takes(tab, [7], [], 'e1', [tsOf(7)]);
  scene.world.advance(1_000);
  scene.world.socket.welcome();
  scene.subscribed({ offset: 7, recovered: true });
  scene.event(line('6'), { offset: 6, ts: tsOf(8) });
  scene.event(alarm('new'), { offset: 7, ts: tsOf(9), ack: true });
  expect(tab?.events(TOPIC).at(-1)).toMatchObject({ offset: 7, event: alarm('new') });
  expect([acks(scene), waiting(scene)]).toEqual([[], 1]);
});

test('what is taken before a new connection has proved its history is acknowledged by what that repeats', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(alarm('6'), { ack: true });
  scene.event(alarm('lost by the server'), { ack: true });
  scene.reconnect(40_000);
  takes(tab, [6, 7], [], 'e1', [tsOf(6), tsOf(7)]);
  expect(acks(scene)).toEqual([]);
  scene.answer({ offset: 8, events: [item(6, alarm('6')), { ...item(7, alarm('new')), ts: tsOf(7) + 1 }] });
  expect(acks(scene)).toEqual([]);
  scene.event(alarm('6'), { offset: 6, ts: tsOf(6), ack: true, redelivery: true });
  scene.event(alarm('new'), { offset: 7, ts: tsOf(7) + 1, ack: true, redelivery: true });
  expect(tab?.events(TOPIC).at(-1)).toMatchObject({ offset: 7, event: alarm('new') });
  expect([acks(scene), waiting(scene)]).toEqual([[ack([6])], 1]);
});

test('what came before a state that proves nothing, and is taken after it, is acknowledged once the server repeats it', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(alarm('6'), { ack: true });
  scene.event(alarm('lost by the server'), { ack: true });
  scene.reconnect(40_000);
  scene.answer({ offset: 8, events: [item(6, alarm('6')), { ...item(7, line('new')), ts: tsOf(7) + 1 }] });
  takes(tab, [6, 7], [], 'e1', [tsOf(6), tsOf(7)]);
  expect([acks(scene), waiting(scene)]).toEqual([[], 0]);
  scene.event(alarm('6'), { offset: 6, ts: tsOf(6), ack: true, redelivery: true });
  expect(acks(scene)).toEqual([ack([6])]);
});
