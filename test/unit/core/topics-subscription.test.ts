import { expect, test } from 'vitest';
import {
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

const types = (frames: readonly { type: string }[]) => frames.map(({ type }) => type);

test('the first subscriber asks the server, the second tab and the second consumer cost it nothing', () => {
  const scene = new TopicScene();
  const [first] = scene.live(1, [item(1, node('a', 'up'))]);
  const before = scene.written.length;
  const second = scene.tab();
  first?.subscribe(TOPIC);
  expect(scene.written).toHaveLength(before);
  expect(second.snapshots(TOPIC)).toMatchObject([{ ticket: 1, offset: 1, last: true }]);
  expect(stateOf(second)).toEqual(new Map([['a', node('a', 'up')]]));
  expect(second.status(TOPIC)).toMatchObject({ state: 'live', offset: 1, lastSeen: tsOf(1) });
  expect(first?.snapshots(TOPIC)).toMatchObject([{ ticket: null }, { ticket: 2 }]);
});

test('the last subscriber to leave unsubscribes, after lingerMs', () => {
  const scene = new TopicScene();
  scene.world.answersPings = true;
  const [one, two] = scene.live(2);
  one?.call({ method: 'unsubscribe', topic: TOPIC });
  scene.wait(60_000);
  expect(types(scene.written)).not.toContain('unsubscribe');
  scene.tab(null, 'other');
  two?.call({ method: 'unsubscribe', topic: TOPIC });
  scene.world.advance(4_999);
  expect(types(scene.written)).not.toContain('unsubscribe');
  scene.world.advance(1);
  expect(scene.world.socket.sent('unsubscribe')).toMatchObject([{ topic: TOPIC }]);
  expect(scene.world.report.topics.map(({ name }) => name)).toEqual(['other']);
});

test('a tab that dies leaves its topics, and one that comes within lingerMs finds them live', () => {
  const scene = new TopicScene();
  scene.world.answersPings = true;
  const [tab] = scene.live(1, [item(3, node('a', 'up'))]);
  tab?.leave();
  scene.world.advance(4_000);
  scene.event(node('a', 'down'));
  const before = scene.written.length;
  const next = scene.tab();
  expect(stateOf(next)).toEqual(new Map([['a', node('a', 'down')]]));
  scene.wait(20_000);
  expect(scene.written).toHaveLength(before);
  expect(next.status(TOPIC)).toMatchObject({ state: 'live' });
});

test('unsubscribing twice, or from what was never subscribed, changes nothing', () => {
  const scene = new TopicScene();
  const [one, two] = scene.live(2);
  one?.call({ method: 'unsubscribe', topic: TOPIC });
  one?.call({ method: 'unsubscribe', topic: TOPIC });
  one?.call({ method: 'unsubscribe', topic: 'never' });
  scene.wait(60_000);
  scene.event(line('x'));
  expect(texts(two?.events(TOPIC) ?? [])).toEqual(['x']);
  expect(one?.events(TOPIC)).toEqual([]);
});

test('a tab that joins while the topic is syncing begins with the snapshot that was asked for already', () => {
  const scene = new TopicScene();
  const first = scene.tab();
  scene.world.socket.welcome();
  const second = scene.tab();
  expect(second.status(TOPIC)).toEqual({ state: 'syncing' });
  expect(second.snapshots(TOPIC)).toEqual([]);
  scene.answer({ offset: 4, events: [item(4, node('a', 'up'))] });
  expect(scene.requests).toHaveLength(1);
  for (const tab of [first, second]) {
    expect(tab.snapshots(TOPIC)).toMatchObject([{ ticket: null, offset: 4 }]);
    expect(tab.status(TOPIC)).toMatchObject({ state: 'live' });
  }
});

test('a tab that joins while the connection is lost is given the last state known, marked as stale', () => {
  const scene = new TopicScene();
  const [first] = scene.live(1, [item(2, node('a', 'up'))]);
  scene.world.socket.close();
  expect(first?.status(TOPIC)).toMatchObject({ state: 'stale', offset: 2 });
  const second = scene.tab();
  expect(stateOf(second)).toEqual(new Map([['a', node('a', 'up')]]));
  expect(second.status(TOPIC)).toMatchObject({ state: 'stale', offset: 2 });
});

test('after a gap of at most 30 s the topic is subscribed with its cursor, after a longer one it is resynced', () => {
  const scene = new TopicScene({ settings: { backoffBaseMs: 0 } });
  scene.live(1, [], 5);
  scene.event(line('x'));
  scene.reconnect(30_000);
  expect(scene.requests).toMatchObject([
    { type: 'subscribe', topic: TOPIC, cursor: { epoch: 'e1', offset: 6 }, last_seen: { offset: 6 } },
  ]);
  scene.subscribed({ recovered: true });
  scene.world.socket.close();
  scene.world.advance(30_001);
  scene.world.socket.welcome();
  expect(scene.requests).toMatchObject([
    { type: 'resync_request', last_seen: tsOf(6), cursor: { epoch: 'e1', offset: 6 } },
  ]);
});

test('the gap begins when the last message arrived, not when the socket was found dead', () => {
  const scene = new TopicScene({ settings: { backoffBaseMs: 0 } });
  scene.live(1, [], 5);
  scene.world.advance(29_000);
  scene.world.socket.close();
  scene.world.advance(2_000);
  scene.world.socket.welcome();
  expect(scene.request.type).toBe('resync_request');
});

test('the very first request has nothing to tell: no cursor, last_seen null', () => {
  const scene = new TopicScene();
  scene.tab();
  scene.world.socket.welcome();
  expect(scene.request).toEqual({
    type: 'resync_request',
    topic: TOPIC,
    ref: expect.any(Number),
    last_seen: null,
  });
});

test('topics are asked for before the outbox is sent, waiting for no answer in between', () => {
  const scene = new TopicScene();
  scene.tab().send({ command: { type: 'note', text: 'n' } });
  scene.tab(null, 'other');
  scene.world.socket.welcome();
  expect(types(scene.written)).toEqual(['hello', 'resync_request', 'resync_request', 'command']);
});

test('what follows the cursor comes as replayed events, all of them, and then the live ones', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.reconnect();
  scene.subscribed({ recovered: true, offset: 8 });
  expect(tab?.status(TOPIC)).toMatchObject({ state: 'live', offset: 5 });
  for (const state of ['1', '2', '3', '4']) scene.event(node('a', state));
  const items = tab?.events(TOPIC) ?? [];
  expect(items.map(({ offset, replayed }) => [offset, replayed])).toEqual([
    [6, true],
    [7, true],
    [8, true],
    [9, false],
  ]);
  expect(tab?.snapshots(TOPIC)).toHaveLength(1);
});

test('a server that cannot replay sends a snapshot, with what was missed', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [item(5, node('a', '1'))]);
  scene.reconnect();
  scene.answer({
    offset: 7,
    events: [item(7, node('a', '3'))],
    missed: [item(6, node('a', '2')), item(7, node('a', '3'))],
  });
  expect(tab?.snapshots(TOPIC).at(-1)).toMatchObject({
    ticket: null,
    events: [{ offset: 7, replayed: true }],
    missed: [{ offset: 6 }, { offset: 7 }],
  });
  expect(tab?.status(TOPIC)).toMatchObject({ state: 'live', offset: 7 });
});

test('a repeat is dropped, and counted', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(line('old'), { offset: 5 });
  scene.event(line('new'));
  scene.event(line('new'), { offset: 6 });
  expect(texts(tab?.events(TOPIC) ?? [])).toEqual(['new']);
  expect(scene.world.report.counts).toMatchObject({ repeats: 2, holes: 0 });
});

test('an event whose prev is the cursor is no hole, one that has none is, and the topic is resynced', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(line('a'), { offset: 9, prev: 5 });
  expect(tab?.status(TOPIC)).toMatchObject({ state: 'live', offset: 9 });
  scene.event(line('c'), { offset: 11 });
  expect(scene.world.report.counts).toMatchObject({ holes: 1, resyncs: 2 });
  expect(scene.request).toMatchObject({
    type: 'resync_request',
    last_seen: tsOf(9),
    cursor: { epoch: 'e1', offset: 9 },
  });
  expect(texts(tab?.events(TOPIC) ?? [])).toEqual(['a']);
});

test('while a resync is outstanding the topic’s other events are discarded', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(line('hole'), { offset: 8 });
  scene.event(line('lost'), { offset: 6 });
  scene.answer({ offset: 9, missed: [6, 7, 8, 9].map((offset) => item(offset, line(`${offset}`))) });
  scene.event(line('10'));
  expect(texts(tab?.events(TOPIC) ?? [])).toEqual(['10']);
  expect(texts(tab?.snapshots(TOPIC).at(-1)?.missed ?? [])).toEqual(['6', '7', '8', '9']);
});

test('of two resyncs only the answer to the newer one counts', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.event(line('hole'), { offset: 8 });
  const older = scene.request.ref;
  scene.wait(20_000);
  const newer = scene.request.ref;
  expect(newer).not.toBe(older);
  const count = tab?.snapshots(TOPIC).length ?? 0;
  scene.subscribed({ ref: older, offset: 8 });
  scene.subscribed({ ref: newer, offset: 9 });
  scene.snapshot({ ref: older, offset: 8, events: [item(8, node('a', 'old'))] });
  expect(tab?.snapshots(TOPIC)).toHaveLength(count);
  expect(tab?.status(TOPIC)).toMatchObject({ state: 'stale' });
  scene.snapshot({ ref: newer, offset: 9, events: [item(9, node('a', 'new'))] });
  scene.snapshot({ ref: older, offset: 8, events: [item(8, node('a', 'old'))] });
  expect(tab && stateOf(tab)).toEqual(new Map([['a', node('a', 'new')]]));
  expect(tab?.snapshots(TOPIC)).toHaveLength(count + 1);
  scene.offset = 9;
  scene.event(line('10'));
  expect(texts(tab?.events(TOPIC) ?? [])).toEqual(['10']);
});

test('a snapshot in parts is applied as one at the last part', () => {
  const scene = new TopicScene();
  const tab = scene.tab();
  scene.world.socket.welcome();
  scene.subscribed({ offset: 3 });
  scene.snapshot({ offset: 3, part: 0, last: false, events: [item(1, node('a', '1'))] });
  scene.snapshot({ offset: 3, part: 1, last: false, events: [item(3, node('b', '3'))] });
  expect(tab.snapshots(TOPIC)).toEqual([]);
  scene.snapshot({ offset: 3, part: 2, last: true, missed: [item(2, line('x'))] });
  const [snapshot] = tab.snapshots(TOPIC);
  expect(snapshot && [offsets(snapshot.events), offsets(snapshot.missed)]).toEqual([[1, 3], [2]]);
});

test('a part out of order is not applied: the topic is asked for again', () => {
  const scene = new TopicScene();
  const tab = scene.tab();
  scene.world.socket.welcome();
  scene.snapshot({ offset: 3, part: 0, last: false, events: [item(1, node('a', '1'))] });
  scene.snapshot({ offset: 3, part: 2, last: true, events: [item(3, node('b', '3'))] });
  expect(tab.snapshots(TOPIC)).toEqual([]);
  expect(scene.requests).toHaveLength(2);
  scene.answer({ offset: 3, events: [item(1, node('a', '1')), item(3, node('b', '3'))] });
  expect(offsets(tab.snapshots(TOPIC)[0]?.events ?? [])).toEqual([1, 3]);
});

test('parts of another epoch do not mix', () => {
  const scene = new TopicScene();
  const tab = scene.tab();
  scene.world.socket.welcome();
  scene.snapshot({ epoch: 'e1', offset: 3, part: 0, last: false, events: [item(1, node('a', '1'))] });
  scene.snapshot({ epoch: 'e2', offset: 3, part: 1, last: true });
  expect(tab.snapshots(TOPIC)).toEqual([]);
  expect(scene.requests).toHaveLength(2);
});

test('an answer that does not come, or stops between parts, is asked for again with a new ref, ever later', () => {
  const scene = new TopicScene();
  const tab = scene.tab();
  scene.world.socket.welcome();
  const waits: number[] = [];
  for (const wait of [10_000, 20_000, 40_000, 60_000, 60_000]) {
    scene.snapshot({ offset: 3, part: 0, last: false });
    const before = scene.requests.length;
    for (let waited = 0; scene.requests.length === before && waited < 100_000; waited += 1_000) {
      scene.wait(1_000);
      waits[before - 1] = waited + 1_000;
    }
    expect(waits.at(-1)).toBe(wait);
  }
  expect(new Set(scene.requests.map(({ ref }) => ref)).size).toBe(scene.requests.length);
  scene.answer({ offset: 3 });
  expect(tab.status(TOPIC)).toMatchObject({ state: 'live' });
});

test('parts that keep coming are waited for, however many', () => {
  const scene = new TopicScene();
  const tab = scene.tab();
  scene.world.socket.welcome();
  for (let part = 0; part < 5; part++) {
    scene.wait(9_000);
    scene.snapshot({ offset: 5, part, last: part === 4, events: [item(part + 1, line(`${part}`))] });
  }
  expect(scene.requests).toHaveLength(1);
  expect(tab.snapshots(TOPIC)[0]?.events).toHaveLength(5);
});

test('a server whose events always have holes is asked again ever later, not at network speed', () => {
  const scene = new TopicScene();
  scene.live(1, [], 5);
  for (let round = 0; round < 50; round++) {
    const { ref } = scene.request;
    scene.event(line('hole'), { offset: scene.offset + 2 });
    scene.snapshot({ ref: scene.request.ref, offset: 5 });
    scene.snapshot({ ref, offset: 5 });
    scene.world.advance(100);
  }
  expect(scene.requests.length).toBeLessThan(6);
  // It was asked for in vain for a while; when it lasts, the next hole is mended at once again.
  scene.wait(30_000);
  scene.answer({ offset: 20 });
  scene.world.advance(10_000);
  const before = scene.requests.length;
  scene.event(line('hole'), { offset: 30 });
  expect(scene.requests).toHaveLength(before + 1);
});

test('a server that says "recovered" of an epoch that the hub does not know is asked for a snapshot', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  scene.reconnect();
  scene.subscribed({ epoch: 'e2', offset: 9, recovered: true });
  expect(scene.request).toMatchObject({ type: 'resync_request' });
  for (let round = 0; round < 20; round++) scene.subscribed({ epoch: 'e2', offset: 9, recovered: true });
  expect(scene.requests).toHaveLength(2);
  scene.world.advance(2_000);
  scene.answer({ epoch: 'e2', offset: 9 });
  expect(tab?.status(TOPIC)).toMatchObject({ state: 'live', epoch: 'e2', offset: 9 });
});

test('a new epoch in mid-connection, unasked, replaces the state and restarts the offsets', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [item(7, node('a', 'old'))]);
  scene.subscribed({ ref: 0, epoch: 'e2', offset: 1 });
  scene.event(node('a', 'ghost'), { offset: 8 });
  expect(tab?.status(TOPIC)).toMatchObject({ state: 'stale', epoch: 'e1' });
  scene.snapshot({ ref: 0, epoch: 'e2', offset: 1, events: [item(1, node('b', 'new'))] });
  expect(tab && stateOf(tab)).toEqual(new Map([['b', node('b', 'new')]]));
  scene.event(node('b', 'newer'));
  expect(tab?.status(TOPIC)).toMatchObject({ state: 'live', epoch: 'e2', offset: 2 });
  expect(tab?.updates(TOPIC).findLast((u) => u.kind === 'events')).toMatchObject({ epoch: 'e2' });
  // The subscription is still known by the number that it was asked with.
  const { ref } = scene.request;
  const error = { type: 'error', topic: TOPIC, code: 'forbidden', message: 'no', ended: true } as const;
  scene.world.socket.say({ ...error, ref });
  expect(tab?.status(TOPIC)).toMatchObject({ state: 'refused' });
});

test('a state of the same epoch that comes unasked is asked for anew, by the place where the hub stands', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  if (!tab) throw new Error('no tab');
  // Event 6 was lost on its way, and the server holds it for given.
  const [six, seven] = [item(6, line('6')), item(7, line('7'))];
  const unasked = () => {
    scene.subscribed({ ref: 0, offset: 7 });
    scene.snapshot({ ref: 0, offset: 7, events: [six, seven], missed: [seven] });
  };
  unasked();
  expect(tab.status(TOPIC)).toMatchObject({ state: 'stale', offset: 5 });
  expect(scene.request).toMatchObject({ type: 'resync_request', cursor: { epoch: 'e1', offset: 5 } });
  for (let round = 0; round < 10; round++) unasked();
  expect(scene.requests).toHaveLength(2);
  scene.answer({ offset: 7, events: [six, seven], missed: [six, seven] });
  expect(texts(tab.snapshots(TOPIC).at(-1)?.missed ?? [])).toEqual(['6', '7']);
  expect(tab.status(TOPIC)).toMatchObject({ state: 'live', offset: 7 });
});

test('a server that says the state of one epoch unasked, over and over, is asked ever later', () => {
  const scene = new TopicScene();
  scene.live(1, [], 5);
  for (let round = 0; round < 50; round++) {
    scene.subscribed({ ref: 0 });
    scene.answer();
    scene.world.advance(100);
  }
  expect(scene.requests.length).toBeLessThan(6);
});

test('a server may end a subscription unasked', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1);
  const error = { type: 'error', topic: TOPIC, code: 'forbidden', message: 'no more', ended: true } as const;
  scene.world.socket.say({ ...error, ref: 0 });
  expect(tab?.status(TOPIC)).toEqual({ state: 'refused', code: 'forbidden', message: 'no more' });
  scene.event(line('late'));
  expect(tab?.events(TOPIC)).toEqual([]);
});

test('a promised snapshot of a new epoch that never comes is asked for', () => {
  const scene = new TopicScene();
  scene.live(1, [], 7);
  scene.subscribed({ ref: 0, epoch: 'e2', offset: 1 });
  scene.world.advance(10_000);
  expect(scene.requests).toHaveLength(2);
  expect(scene.request.ref).not.toBe(0);
});

test('a snapshot with a lower offset is adopted', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [item(9, node('a', '9'))]);
  scene.reconnect();
  scene.answer({ offset: 4, events: [item(4, node('a', '4'))] });
  expect(tab && stateOf(tab)).toEqual(new Map([['a', node('a', '4')]]));
  scene.event(node('a', '5'));
  expect(tab?.status(TOPIC)).toMatchObject({ state: 'live', offset: 5 });
  expect(scene.world.report.counts.holes).toBe(0);
});

test('a refused topic says why, is tried again by a tab that comes anew, and at a reconnect', () => {
  const scene = new TopicScene();
  const first = scene.tab();
  scene.world.socket.welcome();
  const refuse = () => {
    const { topic, ref } = scene.request;
    scene.world.socket.say({
      type: 'error',
      code: 'forbidden',
      message: 'not yours',
      topic,
      ref,
      ended: true,
    });
  };
  refuse();
  expect(first.status(TOPIC)).toEqual({ state: 'refused', code: 'forbidden', message: 'not yours' });
  first.subscribe(TOPIC);
  scene.wait(25_000);
  expect(scene.requests).toHaveLength(1);
  scene.tab();
  expect(scene.requests).toHaveLength(2);
  refuse();
  scene.reconnect();
  expect(scene.requests).toHaveLength(1);
  scene.answer({ offset: 3 });
  expect(first.status(TOPIC)).toMatchObject({ state: 'live' });
});

test('an error that ends nothing, or that is about an older request, refuses nothing', () => {
  const scene = new TopicScene();
  const [tab] = scene.live(1, [], 5);
  const { ref } = scene.request;
  const error = { type: 'error', code: 'forbidden', message: 'no', topic: TOPIC } as const;
  scene.world.socket.say({ ...error, ref, ended: false });
  scene.event(line('hole'), { offset: 8 });
  scene.world.socket.say({ ...error, ref, ended: true });
  scene.answer({ offset: 8 });
  expect(tab?.status(TOPIC)).toMatchObject({ state: 'live', offset: 8 });
});

test.each([true, false])(
  'a rate-limited topic is asked for again, ever later, and a tab is told where it has ended (ended: %s)',
  (ended) => {
    const scene = new TopicScene();
    const tab = scene.tab();
    scene.world.socket.welcome();
    for (const wait of [1_000, 2_000, 4_000]) {
      const { topic, ref } = scene.request;
      const before = scene.requests.length;
      scene.world.socket.say({ type: 'error', code: 'rate_limited', message: 'slow', topic, ref, ended });
      scene.world.advance(wait - 1);
      expect(scene.requests).toHaveLength(before);
      const told = ended ? { state: 'refused', code: 'rate_limited', message: 'slow' } : { state: 'syncing' };
      expect(tab.status(TOPIC)).toEqual(told);
      scene.world.advance(1);
      expect(scene.requests).toHaveLength(before + 1);
    }
    scene.answer({ offset: 3 });
    expect(tab.status(TOPIC)).toMatchObject({ state: 'live', offset: 3 });
  },
);

test('frames about a topic that nobody has do nothing', () => {
  const scene = new TopicScene();
  scene.live(1);
  const written = scene.written.length;
  const at = { topic: 'nobody', ref: 1, epoch: 'e1', offset: 1 };
  scene.world.socket.say(
    { type: 'subscribed', ...at, recovered: false },
    { type: 'snapshot', ...at, ts: 1, part: 0, last: true, events: [] },
    { type: 'event', topic: 'nobody', offset: 2, ts: 2, event: line('x') },
    { type: 'error', code: 'forbidden', message: 'no', topic: 'nobody', ended: true },
  );
  expect(scene.written).toHaveLength(written);
});

test('on a slow line a topic is not asked for again while the parts of another one arrive, or a message of ours does', () => {
  const scene = new TopicScene();
  scene.tab();
  scene.tab(null, 'behind');
  scene.world.socket.welcome();
  const [first] = scene.requests;
  if (!first) throw new Error('nothing was asked for');
  const at = { topic: TOPIC, ref: first.ref, epoch: 'e1', offset: 1, ts: 1, last: false, events: [] };
  for (let part = 0; part < 20; part++) {
    scene.world.advance(9_000);
    scene.world.socket.say({ type: 'snapshot', ...at, part });
  }
  for (let second = 0; second < 100; second++) {
    scene.world.advance(1_000);
    scene.world.socket.say({ type: 'pong', id: -1 });
  }
  expect(scene.requests).toHaveLength(2);
  scene.world.advance(10_000);
  expect(scene.requests).toHaveLength(4);
});
