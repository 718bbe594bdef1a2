import { expect, test } from 'vitest';
import { Device, known, liveTab, saved, shown } from '../../support/device.ts';
import type { WorldTab } from '../../support/hub-world.ts';
import { alarm, item, line, node, stateOf, TOPIC, TopicScene } from '../../support/topic-scene.ts';

const isVoid = (tab: Parameters<typeof saved>[0]) => saved(tab).at(-1)?.isVoid === true;

test('nothing that was kept is shown before the outbox says whose it is', () => {
  const device = new Device();
  known(device);
  device.disk.failure = 'failed';
  const scene = device.hub();
  const tab = scene.tab();
  expect(saved(tab)).toEqual([]);
  device.disk.failure = null;
  scene.world.advance(60_000);
  expect(shown(tab)).toHaveLength(3);
});

test('what was kept is gone where the outbox is another one, or of somebody else', () => {
  for (const change of [
    (device: Device) => device.disk.erase(),
    (device: Device) => {
      device.disk.principal = 'bob';
    },
    (device: Device) => {
      device.disk.endedSessions = { signOuts: 1, at: 1, ids: [] };
    },
  ]) {
    const device = new Device();
    known(device);
    change(device);
    const tab = device.hub().tab();
    expect(saved(tab)).toEqual([]);
    expect(device.stateDisk.heads.size).toBe(0);
    expect(device.kept).toEqual([]);
  }
});

test('a sign-out is over when the state is gone, and nothing is kept after it', () => {
  const device = new Device();
  known(device);
  const scene = device.hub();
  const tab = liveTab(scene, [item(7, node('a', 'up'))]);
  scene.wait(5_000);
  const release = device.stateDisk.hold();
  const { reply } = scene.world.call(tab.id, { method: 'signOut', discard: false });
  expect(reply).toBeUndefined();
  expect(scene.world.ended).toBeNull();
  scene.event(node('b', 'secret'));
  release();
  expect(scene.world.ended).toBe('signed_out');
  expect(device.kept).toEqual([]);
  expect(device.stateDisk.heads.size).toBe(0);
});

test('a sign-out whose worker died before the state was gone leaves nothing to the next hub', () => {
  const device = new Device();
  known(device);
  const scene = device.hub();
  const [tab] = scene.live(1, [item(7, node('a', 'up'))]);
  device.stateDisk.hold();
  tab?.call({ method: 'signOut', discard: false });
  expect(device.disk.endedSessions?.signOuts).toBe(1);
  const { stateDisk } = new Device();
  Object.assign(stateDisk, { owner: device.stateDisk.owner });
  for (const [topic, head] of device.stateDisk.heads) stateDisk.heads.set(topic, head);
  for (const [topic, rows] of device.stateDisk.items) stateDisk.items.set(topic, rows);
  expect(stateDisk.heads.size).toBe(1);
  Object.assign(device, { stateDisk });
  const next = device.hub().tab();
  expect(shown(next)).toEqual([]);
  expect(stateDisk.heads.size).toBe(0);
});

const errors = (tab: WorldTab) =>
  tab.batches.flatMap(({ reports = [] }) => reports.filter(({ kind }) => kind === 'error'));

test('a sign-out goes on where the state cannot be deleted, and says so', () => {
  const device = new Device();
  const scene = device.hub();
  const tab = liveTab(scene, [item(7, node('a', 'up'))]);
  scene.wait(5_000);
  device.stateDisk.failure = 'failed';
  expect(tab.call({ method: 'signOut', discard: false })).toMatchObject({ ok: true });
  expect(scene.world.ended).toBe('signed_out');
  expect(device.kept).toHaveLength(1);
  expect(errors(tab)).toMatchObject([{ kind: 'error', code: 'storage_unavailable' }]);
});

test('a sign-out is not over before the state is gone where what was to be written before that fails', () => {
  const device = new Device();
  const scene = device.hub();
  const tab = liveTab(scene, [item(7, node('a', 'up'))]);
  scene.wait(5_000);
  scene.event(node('b', 'up'));
  const queue: (() => void)[] = [];
  device.stateDisk.whenFree = (work) => void queue.push(work);
  scene.world.advance(5_000);
  const call = scene.world.call(tab.id, { method: 'signOut', discard: false });
  device.stateDisk.failNext = 'failed';
  queue.shift()?.();
  expect(call.reply).toBeUndefined();
  expect(device.kept).toHaveLength(1);
  queue.shift()?.();
  expect(call.reply).toMatchObject({ ok: true });
  expect(device.kept).toEqual([]);
  expect(errors(tab)).toEqual([]);
});

test('a sign-out that is stored is told as one, also where the store of the state hangs', () => {
  const device = new Device();
  const scene = device.hub();
  const tab = liveTab(scene, [item(7, node('a', 'up'))]);
  scene.wait(5_000);
  device.stateDisk.hold();
  const call = scene.world.call(tab.id, { method: 'signOut', discard: false });
  expect(device.disk.endedSessions?.signOuts).toBe(1);
  scene.world.advance(4_999);
  expect(call.reply).toBeUndefined();
  scene.world.advance(1);
  expect(call.reply).toMatchObject({ ok: true });
  expect(scene.world.ended).toBe('signed_out');
  expect(errors(tab)).toMatchObject([{ kind: 'error', code: 'storage_unavailable' }]);
});

test('two pages that sign out at once are both answered', () => {
  const device = new Device();
  const scene = device.hub();
  const [one, other] = scene.live(2, [item(7, node('a', 'up'))]);
  const release = device.stateDisk.hold();
  const answers = [one, other].map((tab) =>
    scene.world.call(tab?.id ?? 0, { method: 'signOut', discard: false }),
  );
  release();
  expect(answers.map(({ reply }) => reply?.ok)).toEqual([true, true]);
});

test('where the server takes this browser for somebody else, the state goes from disk and pages', () => {
  const device = new Device();
  known(device);
  const scene = device.hub();
  const tab = scene.tab();
  expect(shown(tab)).toHaveLength(3);
  scene.world.socket.welcome({ principal: 'bob' });
  scene.world.advance(60_000);
  expect(isVoid(tab)).toBe(true);
  expect(device.kept).toEqual([]);
  expect(shown(scene.tab())).toEqual([]);
});

test('what came for another person before the store was read is not kept as of the one that it names', () => {
  const device = new Device();
  known(device);
  device.disk.principal = 'ada';
  device.disk.failure = 'failed';
  const scene = device.hub();
  const tab = scene.tab();
  scene.world.socket.welcome({ principal: 'bob' });
  scene.answer({ offset: 9, events: [item(9, node('bobs', 'secret'))] });
  expect(stateOf(tab).size).toBe(1);
  device.disk.failure = null;
  scene.world.advance(60_000);
  expect(device.disk.principal).toBe('ada');
  expect(isVoid(tab)).toBe(true);
  expect(device.kept).toEqual([]);
});

test('where somebody else’s state cannot be deleted that is told, and tried again', () => {
  const device = new Device();
  known(device);
  const scene = device.hub();
  const tab = scene.tab();
  device.stateDisk.failNext = 'failed';
  scene.world.socket.welcome({ principal: 'bob' });
  expect(device.kept).toHaveLength(3);
  scene.world.advance(60_000);
  expect(device.kept).toEqual([]);
  expect(scene.world.report.savedState).toMatchObject({ state: 'over' });
  expect(errors(tab)).toMatchObject([{ code: 'storage_unavailable' }]);
});

test('a topic that the server refuses goes from disk and pages, also from those that had it live', () => {
  const device = new Device();
  known(device);
  const scene = device.hub();
  const tab = liveTab(scene, [item(7, node('a', 'up'))]);
  const { ref } = scene.request;
  scene.world.socket.say({
    type: 'error',
    code: 'forbidden',
    message: 'no more',
    topic: TOPIC,
    ref,
    ended: true,
  });
  expect(tab.status(TOPIC)).toMatchObject({ state: 'refused', code: 'forbidden' });
  expect(isVoid(tab)).toBe(true);
  scene.world.advance(1);
  expect(device.kept).toEqual([]);
  const late = scene.tab();
  expect(late.snapshots(TOPIC)).toEqual([]);
  scene.answer({ offset: 9, events: [item(9, node('b', 'up'))] });
  expect([...stateOf(tab).keys()]).toEqual(['b']);
});

test('a page that comes back to a topic after its state went is told that it went', () => {
  const device = new Device();
  const scene = device.hub();
  const tab = liveTab(scene, [item(7, node('a', 'up'))]);
  tab.call({ method: 'unsubscribe', topic: TOPIC });
  refuse(scene);
  expect(saved(tab)).toEqual([]);
  tab.subscribe(TOPIC);
  expect(isVoid(tab)).toBe(true);
});

test('a page that comes back to a topic that was let go of before or after its state went is told that it went', () => {
  for (const [when, go] of [
    ['before', (scene: TopicScene) => scene.world.socket.welcome({ principal: 'bob' })],
    ['after', refuse],
  ] as const) {
    const device = new Device();
    const scene = device.hub();
    const tab = liveTab(scene, [item(7, node('a', 'up'))]);
    if (when === 'after') go(scene);
    scene.tab(null, 'another');
    tab.call({ method: 'unsubscribe', topic: TOPIC });
    scene.wait(5_000);
    if (when === 'before') {
      scene.world.socket.close();
      while (scene.world.socket.state !== 'connecting') scene.world.advance(100);
      go(scene);
    }
    const before = saved(tab).length;
    for (let i = 1; i <= 2; i++) {
      tab.subscribe(TOPIC);
      expect([saved(tab).length, isVoid(tab)]).toEqual([before + i, true]);
      tab.call({ method: 'unsubscribe', topic: TOPIC });
      scene.world.advance(5_000);
    }
  }
});

test('to be asked less often is no refusal: what is kept stays', () => {
  const device = new Device();
  known(device);
  const scene = device.hub();
  const tab = scene.tab();
  scene.world.socket.welcome();
  const { ref } = scene.request;
  scene.world.socket.say({
    type: 'error',
    code: 'rate_limited',
    message: 'wait',
    topic: TOPIC,
    ref,
    ended: true,
  });
  scene.world.advance(1);
  expect(isVoid(tab)).toBe(false);
  expect(device.kept).toHaveLength(3);
});

test('a hub that another one has superseded does not take the rows back when its own store works again', () => {
  for (const leave of [
    () => {},
    // What is kept is to go, which is tried again as well.
    (former: TopicScene) => former.world.socket.welcome({ principal: 'bob' }),
  ]) {
    const device = new Device();
    const former = device.hub();
    liveTab(former, [item(1, node('a', 'up'))]);
    device.stateDisk.failure = 'failed';
    former.world.advance(5_000);
    former.reconnect();
    leave(former);
    device.stateDisk.failure = null;
    const latter = device.hub();
    liveTab(latter, [item(7, node('b', 'up'))]);
    latter.wait(5_000);
    former.world.advance(60_000);
    expect(former.world.report.savedState).toMatchObject({ state: 'over' });
    expect(device.kept.map(({ slot }) => slot)).toEqual(['b']);
    latter.event(node('c', 'up'));
    latter.wait(5_000);
    expect(device.kept.map(({ slot }) => slot)).toEqual(['b', 'c']);
  }
});

test('a store of the state that fails again and again is taken over by the hub that has read the outbox anew since', () => {
  const device = new Device();
  const scene = device.hub();
  const tab = liveTab(scene, [item(1, node('a', 'up'))]);
  device.stateDisk.failure = 'failed';
  scene.wait(5_000);
  device.disk.failure = 'failed';
  tab.send({ command: { type: 'note', text: 'now' } });
  device.disk.failure = null;
  scene.wait(5_000);
  expect(device.disk.term).toBe(2);
  device.stateDisk.failure = null;
  device.stateDisk.open({
    principal: 'ann',
    signOuts: 0,
    databaseId: device.disk.databaseId,
    ownership: { clientId: device.disk.clientId, term: 2 },
  });
  scene.wait(60_000);
  expect(device.kept.map(({ slot }) => slot)).toEqual(['a']);
});

test('a topic can be forgotten; it is kept again by whoever listens to it later', () => {
  const device = new Device();
  known(device);
  const scene = device.hub();
  const tab = liveTab(scene, [item(7, node('a', 'up'))]);
  expect(tab.call({ method: 'forget', topic: TOPIC })).toEqual({ ok: true, value: null });
  expect(device.kept).toEqual([]);
  scene.event(line('more'));
  scene.wait(10_000);
  expect(device.kept).toEqual([]);
  tab.leave();
  scene.world.advance(5_000);
  scene.tab();
  scene.reconnect();
  scene.answer({ offset: 9, events: [item(9, node('b', 'up'))] });
  scene.wait(5_000);
  expect(device.kept.map(({ slot }) => slot)).toEqual(['b']);
});

/** The server takes the topic away. */
const refuse = (scene: TopicScene) =>
  scene.world.socket.say({
    type: 'error',
    code: 'forbidden',
    message: 'no more',
    topic: TOPIC,
    ref: scene.request.ref,
    ended: true,
  });

test('a topic whose deletion fails is deleted when the store is back', () => {
  const device = new Device();
  const scene = device.hub();
  liveTab(scene, [item(7, node('a', 'up'))]);
  scene.wait(5_000);
  device.stateDisk.failNext = 'failed';
  refuse(scene);
  expect(device.kept).toHaveLength(1);
  scene.wait(60_000);
  expect(scene.world.report.savedState).toMatchObject({ state: 'ready', topics: [] });
  expect(device.kept).toEqual([]);
  expect(device.stateDisk.heads.size).toBe(0);
});

test('a topic that is refused while it is not known whose the state is, is deleted when it is', () => {
  const device = new Device();
  known(device);
  device.disk.failure = 'failed';
  const scene = device.hub();
  scene.tab();
  scene.world.socket.welcome();
  refuse(scene);
  device.disk.failure = null;
  scene.wait(60_000);
  expect(scene.world.report.savedState).toMatchObject({ state: 'ready', topics: [] });
  expect(device.kept).toEqual([]);
});

test('a topic that is forgotten while the store opens is not looked for any more', () => {
  const device = new Device();
  known(device);
  const release = device.stateDisk.hold();
  const scene = device.hub({}, { now: Date.UTC(2026, 0, 2) });
  const tab = scene.tab();
  scene.world.socket.close();
  const call = scene.world.call(tab.id, { method: 'forget', topic: TOPIC });
  release();
  expect(call.reply).toEqual({ ok: true, value: null });
  expect(device.kept).toEqual([]);
  expect(scene.world.report.savedState?.topics).toEqual([]);
  expect(tab.status(TOPIC)).toEqual({ state: 'unavailable' });
});

test('whoever has a topic forgotten hears where that cannot be done', () => {
  const device = new Device();
  const scene = device.hub();
  const tab = liveTab(scene, [item(7, node('a', 'up'))]);
  device.stateDisk.failure = 'failed';
  const answer = { ok: false, code: 'storage_unavailable' };
  expect(tab.call({ method: 'forget', topic: TOPIC })).toMatchObject(answer);
  expect(tab.call({ method: 'forget', topic: TOPIC })).toMatchObject(answer);
  expect(new TopicScene().tab().call({ method: 'forget', topic: TOPIC })).toMatchObject({ ok: true });
});

test('to forget a topic is confirmed where all is gone already', () => {
  const device = new Device();
  known(device);
  const scene = device.hub();
  const tab = liveTab(scene, [item(7, node('a', 'up'))]);
  device.stateDisk.failNext = 'full';
  scene.wait(5_000);
  expect(device.stateDisk.heads.size).toBe(0);
  expect(tab.call({ method: 'forget', topic: TOPIC })).toEqual({ ok: true, value: null });
});

test('of a topic that was refused, a critical event that no page took is asked for again', () => {
  const device = new Device();
  const scene = device.hub();
  const [tab] = scene.live(1, [item(4, node('a', 'up'))]);
  scene.event(alarm('fire'), { ack: true });
  scene.event(line('later'));
  const { ref } = scene.request;
  scene.world.socket.say({
    type: 'error',
    code: 'forbidden',
    message: 'no more',
    topic: TOPIC,
    ref,
    ended: true,
  });
  expect(isVoid(tab as WorldTab)).toBe(true);
  scene.tab();
  expect(scene.request).toMatchObject({ type: 'resync_request', cursor: { epoch: 'e1', offset: 4 } });
});
