import { expect, test, vi } from 'vitest';
import type { Delivered } from '../../../src/index.ts';
import { type FakeHub, item, snapshot } from './fake-hub.ts';
import { type P, type Scene, scene, until, untilEqual } from './setup.ts';

const node = (offset: number, id: string, state: string, more = {}) =>
  item(offset, { type: 'node', id, state }, { key: `node:${id}`, ...more });
const gate = (offset: number, id: string, more = {}) =>
  item(offset, { type: 'gate', id }, { key: `gate:${id}`, critical: true, ...more });
const line = (offset: number, text: string, more = {}) => item(offset, { type: 'line', text }, more);
const events = (...items: ReturnType<typeof item>[]) => ({
  kind: 'events' as const,
  topic: 'run',
  epoch: 'e1',
  items,
});

/** The ticket of the newest `subscribe`, once there are so many. */
async function ticketOf(hub: FakeHub, count = 1): Promise<number> {
  return until(() => {
    const calls = hub.called('subscribe');
    const last = calls.at(-1);
    if (!last || calls.length < count) throw new Error(`only ${calls.length} subscribe calls`);
    return last[1];
  });
}

/** Everything that the tab posted before has arrived. */
const heard = ({ client }: Scene) => client.inspect();

test('a topic, a view and a client cost nothing until somebody listens', async () => {
  const { client, hubs } = scene();
  const topic = client.topic('run');
  const view = topic.view(0, (count) => count + 1);
  topic.latest('node').at('node:a').get();
  expect(view.get()).toBe(0);
  expect(topic.status.get()).toEqual({ state: 'idle' });
  expect(client.topic('run')).toBe(topic);
  await Promise.resolve();
  expect(hubs).toHaveLength(0);
});

test('consumers that come together ask for one snapshot, and the last one that leaves gives the topic up', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const offs = [
    topic.on('line', () => {}),
    topic.view(0, (n) => n + 1).subscribe(() => {}),
    topic.subscribe({}),
  ];
  const hub = await s.attached();
  await ticketOf(hub);
  await heard(s);
  expect(hub.called('subscribe')).toHaveLength(1);
  offs[0]?.();
  offs[0]?.();
  offs[2]?.();
  topic.on('line', () => {})();
  await heard(s);
  expect(hub.called('unsubscribe')).toEqual([]);
});

test('a topic is called live when its views have the state, and not before', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const a = topic.latest('node').at('node:a');
  a.subscribe(() => {});
  const seen: unknown[] = [];
  topic.status.subscribe(({ state }) => seen.push([state, a.get()?.state]));
  const hub = await s.attached();
  const ticket = await ticketOf(hub);
  const live = { state: 'live', epoch: 'e1', offset: 4, lastSeen: 1_004, dropped: 0, gaps: 0 } as const;
  await hub.deliver({
    topics: [
      snapshot('run', ticket, 4, { events: [node(3, 'a', 'on')] }),
      { kind: 'status', topic: 'run', status: live },
    ],
  });
  await untilEqual(
    () => seen,
    [
      ['idle', undefined],
      ['live', 'on'],
    ],
  );
});

test('a topic that is left and taken up again in one turn is not given up', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const off = topic.on('line', () => {});
  const hub = await s.attached();
  await ticketOf(hub);
  off();
  const offAgain = topic.on('line', () => {});
  await heard(s);
  expect(hub.called('unsubscribe')).toHaveLength(0);
  offAgain();
  await untilEqual(() => hub.called('unsubscribe'), [['run']]);
});

test('a listener gets live events of its types alone, with their meta', async () => {
  const s = scene();
  const seen: unknown[] = [];
  s.client.topic('run').on(['node', 'line'], (event, meta) => seen.push([event, meta]));
  const hub = await s.attached();
  const ticket = await ticketOf(hub);
  await hub.deliver({ topics: [snapshot('run', ticket, 4, { events: [node(3, 'a', 'on')] })] });
  expect(seen).toEqual([]);
  await hub.deliver({ topics: [events(node(5, 'a', 'off'), gate(6, 'g'))] });
  expect(seen).toEqual([
    [
      { type: 'node', id: 'a', state: 'off' },
      { topic: 'run', offset: 5, ts: 1_005, key: 'node:a', critical: false, replayed: false },
    ],
  ]);
});

test('replay: none hears live events, missed what was missed as well, state the state too; no offset twice', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const seen = { none: [] as string[], missed: [] as string[], state: [] as string[] };
  for (const replay of ['none', 'missed', 'state'] as const) {
    topic.on(
      ['node', 'line'],
      (event, { offset, replayed }) => seen[replay].push(`${offset}${event.type}${replayed ? ' again' : ''}`),
      { replay },
    );
  }
  const hub = await s.attached();
  const ticket = await ticketOf(hub);
  const state = [node(2, 'a', 'x'), node(5, 'b', 'y')];
  await hub.deliver({
    topics: [
      snapshot('run', ticket, 5, { events: state, missed: [node(4, 'b', 'x'), node(5, 'b', 'y')] }),
      events(line(6, 'live')),
    ],
  });
  await hub.deliver({
    topics: [
      snapshot('run', null, 9, { events: state, missed: [line(6, 'live'), line(8, 'gap')] }),
      events(line(10, 'live')),
    ],
  });
  expect(seen).toEqual({
    none: ['6line', '10line'],
    missed: ['4node again', '5node again', '6line', '8line again', '10line'],
    state: ['2node again', '4node again', '5node again', '6line', '8line again', '10line'],
  });
});

test('a listener that comes to a live topic hears only what comes after it', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  topic.on('line', () => {});
  const hub = await s.attached();
  const ticket = await ticketOf(hub);
  await hub.deliver({ topics: [snapshot('run', ticket, 5), events(line(6, 'before'))] });
  const seen: number[] = [];
  topic.on('line', (_, { offset }) => seen.push(offset));
  // Another consumer's snapshot, which says again what this tab has had.
  topic.subscribe({ snapshot: () => {} });
  const second = await ticketOf(hub, 2);
  expect(hub.called('subscribe')[1]).toEqual(['run', second, { epoch: 'e1', offset: 6, ts: 1_006 }]);
  await hub.deliver({
    topics: [
      snapshot('run', second, 7, { missed: [line(6, 'before'), line(7, 'after')] }),
      events(line(8, 'live')),
    ],
  });
  expect(seen).toEqual([7, 8]);
});

test('the event ahead of which others are missing for good says so', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const seen: [number, boolean][] = [];
  topic.on('line', (_, { offset, gap }) => seen.push([offset, gap === true]));
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 5)] });
  const missed = [line(8, 'x'), line(9, 'y')];
  await hub.deliver({ topics: [snapshot('run', null, 9, { missed, gap: true }), events(line(10, 'z'))] });
  // Nothing of what was missed came: what comes next says it.
  await hub.deliver({ topics: [snapshot('run', null, 20, { gap: true })] });
  topic.on('line', () => {}, { replay: 'state' });
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub, 2), 20), events(line(21, 'a'))] });
  await hub.deliver({ topics: [events(line(22, 'b'))] });
  expect(seen).toEqual([
    [8, true],
    [9, false],
    [10, false],
    [21, true],
    [22, false],
  ]);
});

test('a new epoch begins the offsets again', async () => {
  const s = scene();
  const seen: string[] = [];
  s.client.topic('run').on('line', (event) => seen.push(event.text));
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 50), events(line(51, 'old'))] });
  await hub.deliver({
    topics: [
      snapshot('run', null, 2, { epoch: 'e2', missed: [line(2, 'missed')] }),
      { ...events(line(3, 'new')), epoch: 'e2' },
    ],
  });
  expect(seen).toEqual(['old', 'missed', 'new']);
});

test('what a new hub gives at offsets that this tab knows is new where its time is later, and known where it is not', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const seen: string[] = [];
  topic.on('line', ({ text }) => seen.push(text));
  const hub = await s.attached();
  const ticket = await ticketOf(hub);
  await hub.deliver({ topics: [snapshot('run', null, 4)] });
  await hub.deliver({ topics: [events(line(5, '5'), line(6, '6'), line(7, '7'))] });
  // As by a hub that begins where the server was restored, or lags behind the one before it.
  await hub.deliver({ topics: [snapshot('run', ticket, 5)] });
  await hub.deliver({ topics: [events(line(6, '6'))] });
  expect(seen).toEqual(['5', '6', '7']);
  const ts = 2_000;
  await hub.deliver({ topics: [events(line(6, 'new 6', { ts }))] });
  await hub.deliver({ topics: [events(line(7, 'new 7', { ts }), line(8, '8', { ts }))] });
  expect(seen).toEqual(['5', '6', '7', 'new 6', 'new 7', '8']);
});

test('what a new hub says was missed is new to a listener where its time is later than all that this tab knows', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const seen: string[] = [];
  topic.on('line', ({ text }) => seen.push(text));
  const hub = await s.attached();
  const ticket = await ticketOf(hub);
  await hub.deliver({ topics: [snapshot('run', null, 4), events(line(5, '5'), line(6, '6'), line(7, '7'))] });
  const ts = 2_000;
  const missed = [line(5, '5'), line(6, 'new 6', { ts }), line(7, 'new 7', { ts })];
  await hub.deliver({ topics: [snapshot('run', ticket, 7, { ts, missed })] });
  await hub.deliver({ topics: [events(line(8, 'new 8', { ts }))] });
  expect(seen).toEqual(['5', '6', '7', 'new 6', 'new 7', 'new 8']);
});

test('what was missed is given once by a state that is later than what this tab knows and lies before it', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const seen: string[] = [];
  topic.on('line', ({ text }) => seen.push(text));
  const hub = await s.attached();
  const ticket = await ticketOf(hub);
  await hub.deliver({ topics: [snapshot('run', null, 4), events(line(5, '5'), line(6, '6'), line(7, '7'))] });
  const missed = [line(6, 'new 6', { ts: 2_001 })];
  await hub.deliver({ topics: [snapshot('run', ticket, 6, { ts: 2_001, missed })] });
  await hub.deliver({ topics: [snapshot('run', ticket, 6, { ts: 2_001, missed })] });
  await hub.deliver({ topics: [events(line(7, 'new 7', { ts: 2_002 }))] });
  expect(seen).toEqual(['5', '6', '7', 'new 6', 'new 7']);
});

test('the parts of a snapshot are applied as one, over several batches', async () => {
  const s = scene();
  const got: [Delivered<P>[], Delivered<P>[]][] = [];
  s.client.topic('run').subscribe({
    snapshot: (state, missed) => got.push([[...state], [...missed]]),
    events: (batch) => got.push([[...batch], []]),
  });
  const hub = await s.attached();
  const ticket = await ticketOf(hub);
  await hub.deliver({ topics: [snapshot('run', ticket, 9, { last: false, events: [line(1, 'a')] })] });
  expect(got).toEqual([]);
  await hub.deliver({
    topics: [
      snapshot('run', ticket, 9, { part: 1, missed: [line(2, 'b')] }),
      events(line(10, 'c'), line(11, 'd')),
    ],
  });
  expect(got.map(([a, b]) => [a.map(({ meta }) => meta.offset), b.map(({ meta }) => meta.offset)])).toEqual([
    [[1], [2]],
    [[10, 11], []],
  ]);
  expect(got[0]?.[0][0]).toMatchObject({ epoch: 'e1', gone: false, meta: { replayed: true } });
});

test('a listener that throws, or rejects, is reported, and the others and the credit go on', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const seen: string[] = [];
  topic.on('line', () => {
    throw new Error('boom');
  });
  topic.on('line', () => Promise.reject(new Error('later')));
  topic.on('line', () => new Promise(() => {}));
  topic.on('line', (event) => seen.push(event.text));
  const hub = await s.attached();
  await hub.deliver({
    topics: [snapshot('run', await ticketOf(hub), 0), events(line(1, 'a'), line(2, 'b'))],
  });
  expect(seen).toEqual(['a', 'b']);
  await untilEqual(
    () => s.errors.map(({ code, cause }) => [code, (cause as Error).message]),
    [
      ['listener', 'boom'],
      ['listener', 'boom'],
      ['listener', 'later'],
      ['listener', 'later'],
    ],
  );
});

test('a signal ends a listener, and an aborted one begins none', async () => {
  const s = scene();
  const controller = new AbortController();
  const seen: string[] = [];
  const topic = s.client.topic('run');
  topic.on('line', ({ text }) => seen.push(`1${text}`), { signal: controller.signal });
  topic.on('line', ({ text }) => seen.push(`2${text}`));
  topic.on('line', ({ text }) => seen.push(`3${text}`), { signal: AbortSignal.abort() });
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 0), events(line(1, 'a'))] });
  controller.abort();
  await hub.deliver({ topics: [events(line(2, 'b'))] });
  expect(seen).toEqual(['1a', '2a', '2b']);
});

test('a listener that leaves in mid-batch hears no more of it', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const seen: number[] = [];
  const off = topic.on(['line', 'gate'], (_, { offset }) => {
    seen.push(offset);
    off();
    topic.on('line', (event) => seen.push(-event.text.length));
  });
  topic.on('gate', () => {});
  const hub = await s.attached();
  await hub.deliver({
    topics: [snapshot('run', await ticketOf(hub), 0), events(line(1, 'a'), line(2, 'b'), gate(3, 'g'))],
  });
  await untilEqual(() => hub.called('took'), [['run', 'e1', [3], [], [1_003]]]);
  expect(seen).toEqual([1]);
});

test('a critical event is taken when all handlers have fulfilled, in this tab', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  let finish = () => {};
  topic.on('gate', () => {});
  topic.on('gate', () => new Promise<void>((resolve) => (finish = resolve)));
  topic.view(0, (n) => n + 1).subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 0), events(gate(1, 'g'))] });
  await heard(s);
  expect(hub.called('took')).toEqual([]);
  finish();
  await untilEqual(() => hub.called('took'), [['run', 'e1', [1], [], [1_001]]]);
});

test('after a snapshot of a lower offset, a critical event at a used one is another, and is given', async () => {
  const s = scene();
  const seen: string[] = [];
  s.client.topic('run').on('gate', (event) => seen.push(event.id));
  const hub = await s.attached();
  const ticket = await ticketOf(hub);
  await hub.deliver({ topics: [snapshot('run', ticket, 5), events(gate(7, 'before'))] });
  await hub.deliver({ topics: [snapshot('run', null, 6), events(gate(7, 'after'))] });
  await untilEqual(() => seen, ['before', 'after']);
});

test('a handler that ends after a snapshot of a lower offset has taken nothing that came since at the same offset', async () => {
  const s = scene();
  const finish: (() => void)[] = [];
  s.client.topic('run').on('gate', () => new Promise<void>((resolve) => finish.push(resolve)));
  const hub = await s.attached();
  const ticket = await ticketOf(hub);
  await hub.deliver({ topics: [snapshot('run', ticket, 5), events(gate(7, 'before'))] });
  await hub.deliver({ topics: [snapshot('run', null, 6), events(gate(7, 'after'))] });
  await untilEqual(() => finish.length, 2);
  finish[0]?.();
  await heard(s);
  expect(hub.called('took')).toEqual([]);
  finish[1]?.();
  await untilEqual(() => hub.called('took'), [['run', 'e1', [7], [], [1_007]]]);
});

test('a critical event of another time than the one that was taken at its offset is another one, also where no snapshot says so', async () => {
  const s = scene();
  const seen: string[] = [];
  s.client.topic('run').on('gate', ({ id }) => seen.push(id));
  const hub = await s.attached();
  const ticket = await ticketOf(hub);
  await hub.deliver({ topics: [snapshot('run', ticket, 5), events(gate(7, 'before'))] });
  await untilEqual(() => hub.called('took'), [['run', 'e1', [7], [], [1_007]]]);
  await hub.deliver({ topics: [events(gate(7, 'after', { ts: 2_007 }))] });
  await untilEqual(() => hub.called('took').at(-1), ['run', 'e1', [7], [], [2_007]]);
  expect(seen).toEqual(['before', 'after']);
});

test('a failed critical event comes again, and only to the handler that failed', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const seen: string[] = [];
  let fails = true;
  topic.on('gate', (_, { replayed }) => {
    seen.push(`one${replayed}`);
    if (fails) throw new Error('not yet');
  });
  topic.on('gate', () => seen.push('two'));
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 0), events(gate(1, 'g'))] });
  await untilEqual(() => hub.called('took'), [['run', 'e1', [], [1], []]]);
  fails = false;
  await hub.deliver({ topics: [events(line(2, 'x'), gate(1, 'g', { replayed: true, repeat: true }))] });
  await untilEqual(() => hub.called('took').at(-1), ['run', 'e1', [1], [], [1_001]]);
  expect(seen).toEqual(['onefalse', 'two', 'onetrue']);
  await hub.deliver({ topics: [events(gate(1, 'g', { replayed: true, repeat: true }))] });
  await untilEqual(() => hub.called('took').length, 3);
  expect(hub.called('took').at(-1)).toEqual(['run', 'e1', [1], [], [1_001]]);
  expect(seen).toHaveLength(3);
});

test('a critical event that comes again while its handler is at work is not given twice', async () => {
  const s = scene();
  let count = 0;
  let finish = () => {};
  s.client.topic('run').on('gate', () => {
    count++;
    return new Promise<void>((resolve) => (finish = resolve));
  });
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 0), events(gate(1, 'g'))] });
  await hub.deliver({ topics: [events(gate(1, 'g', { replayed: true, repeat: true }))] });
  expect(count).toBe(1);
  finish();
  await untilEqual(() => hub.called('took'), [['run', 'e1', [1], [], [1_001]]]);
});

test('a handler that failed and left no longer holds a critical event back', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const off = topic.on('gate', () => Promise.reject(new Error('no')));
  topic.on('gate', () => {});
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 0), events(gate(1, 'g'))] });
  await untilEqual(() => hub.called('took'), [['run', 'e1', [], [1], []]]);
  off();
  await untilEqual(() => hub.called('took').at(-1), ['run', 'e1', [1], [], [1_001]]);
});

test('a critical event without a handler is held for the next one that may have it', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  topic.on('line', () => {});
  const hub = await s.attached();
  await hub.deliver({
    topics: [snapshot('run', await ticketOf(hub), 0), events(gate(1, 'g'), line(2, 'x'))],
  });
  const seen: string[] = [];
  topic.on('gate', () => seen.push('none'), { replay: 'none' });
  await heard(s);
  expect(hub.called('took')).toEqual([]);
  topic.on('gate', (_, { replayed }) => seen.push(`missed ${replayed}`));
  await untilEqual(() => hub.called('took'), [['run', 'e1', [1], [], [1_001]]]);
  topic.on('gate', () => seen.push('late'));
  await heard(s);
  expect(seen).toEqual(['missed true']);
});

test('a critical event that is held is withdrawn by a state that has another event at its offset', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  topic.on('line', () => {});
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 0), events(gate(1, 'g'))] });
  await hub.deliver({
    topics: [snapshot('run', null, 1, { events: [node(1, 'a', 'x', { ts: 2_001 })] })],
  });
  const seen: string[] = [];
  topic.on('gate', ({ id }) => seen.push(id));
  await heard(s);
  expect(seen).toEqual([]);
});

test('a low-level subscriber takes critical events of a batch by its promise', async () => {
  const s = scene();
  const batches: number[][] = [];
  let fail = true;
  s.client.topic('run').subscribe({
    snapshot: () => {},
    events: async (batch) => {
      batches.push(batch.map(({ meta }) => meta.offset));
      if (fail) throw new Error('no');
    },
  });
  const hub = await s.attached();
  await hub.deliver({
    topics: [snapshot('run', await ticketOf(hub), 0), events(line(1, 'x'), gate(2, 'g'), gate(3, 'h'))],
  });
  await untilEqual(() => hub.called('took'), [['run', 'e1', [], [2, 3], []]]);
  fail = false;
  await hub.deliver({ topics: [events(gate(2, 'g', { replayed: true, repeat: true }))] });
  await untilEqual(() => hub.called('took').at(-1), ['run', 'e1', [2], [], [1_002]]);
  expect(batches).toEqual([[1, 2, 3], [2]]);
});

test('a repeat of an early critical event before the first snapshot hides nothing that was missed', async () => {
  const s = scene();
  const seen: number[] = [];
  s.client.topic('run').on(['gate', 'line'], (_, { offset }) => seen.push(offset));
  const hub = await s.attached();
  const ticket = await ticketOf(hub);
  await hub.deliver({ topics: [events(gate(3, 'g', { replayed: true, repeat: true }))] });
  await hub.deliver({
    topics: [snapshot('run', ticket, 5, { missed: [line(2, 'a'), gate(3, 'g'), line(4, 'b')] })],
  });
  expect(seen).toEqual([3, 2, 4]);
});

test('a critical event that was taken ahead of the state is not given again with the state, though an older one came between', async () => {
  const s = scene();
  const seen: number[] = [];
  s.client.topic('run').on('gate', (_, { offset }) => seen.push(offset));
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 1)] });
  await hub.deliver({ topics: [events(gate(6, 'g', { replayed: true, repeat: true }))] });
  await untilEqual(() => hub.called('took'), [['run', 'e1', [6], [], [1_006]]]);
  await hub.deliver({ topics: [snapshot('run', null, 1)] });
  await hub.deliver({ topics: [snapshot('run', null, 6, { missed: [gate(5, 'f'), gate(6, 'g')] })] });
  await untilEqual(() => hub.called('took').at(-1), ['run', 'e1', [6, 5], [], [1_006, 1_005]]);
  expect(seen).toEqual([6, 5]);
});

test('a view folds the union of state and missed by offset, and changes at most once a batch', async () => {
  const s = scene();
  const view = s.client
    .topic('run')
    .view<string[]>([], (state, event, { offset }) => [...state, `${offset}${event.type}`]);
  const values: string[][] = [];
  view.subscribe((value) => values.push(value));
  const hub = await s.attached();
  const ticket = await ticketOf(hub);
  await hub.deliver({ topics: [events(line(1, 'before its snapshot'))] });
  await hub.deliver({
    topics: [
      snapshot('run', ticket, 3, {
        events: [node(1, 'a', 'x'), line(3, 'z')],
        missed: [line(2, 'y'), line(3, 'z')],
      }),
    ],
  });
  await hub.deliver({ topics: [events(line(4, 'p')), events(line(5, 'q'))] });
  await hub.deliver({ topics: [snapshot('run', null, 7, { events: [node(7, 'a', 'y')] })] });
  expect(values).toEqual([
    [],
    ['1node', '2line', '3line'],
    ['1node', '2line', '3line', '4line', '5line'],
    ['7node'],
  ]);
});

test('a second view begins with its own snapshot, which leaves the first one alone', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const first = topic.view<number[]>([], (state, _, { offset }) => [...state, offset]);
  first.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 1, { events: [line(1, 'a')] })] });
  const held = first.get();
  const second = topic.view<number[]>([], (state, _, { offset }) => [...state, offset]);
  second.subscribe(() => {});
  const ticket = await ticketOf(hub, 2);
  await hub.deliver({ topics: [snapshot('run', ticket, 1, { events: [line(1, 'a')] })] });
  expect(first.get()).toBe(held);
  expect(second.get()).toEqual([1]);
});

test('a reducer that throws skips that event', async () => {
  const s = scene();
  const view = s.client.topic('run').view('', (state, event) => {
    if (event.type !== 'line' || event.text === 'bad') throw new Error('cannot');
    return state + event.text;
  });
  view.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({
    topics: [snapshot('run', await ticketOf(hub), 0), events(line(1, 'a'), line(2, 'bad'), line(3, 'c'))],
  });
  expect(view.get()).toBe('ac');
  expect(s.errors.map(({ code }) => code)).toEqual(['listener']);
});

test('latest shows what a snapshot has, also where another event is known of its offset', async () => {
  const s = scene();
  const latest = s.client.topic('run').latest('node');
  latest.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({
    topics: [snapshot('run', await ticketOf(hub), 1, { events: [node(1, 'a', 'lost by the server')] })],
  });
  await untilEqual(() => latest.get().get('node:a'), { type: 'node', id: 'a', state: 'lost by the server' });

  const events = [node(1, 'a', 'written since', { ts: 9_000 })];
  await hub.deliver({ topics: [snapshot('run', null, 1, { events })] });

  await untilEqual(() => latest.get().get('node:a'), { type: 'node', id: 'a', state: 'written since' });
});

test('latest keeps one event for each key, whatever its type, and unchanged ones stay the same objects', async () => {
  const s = scene();
  const latest = s.client.topic('run').latest('node');
  const a: unknown[] = [];
  latest.at('node:a').subscribe((event) => a.push(event?.state));
  const hub = await s.attached();
  const state = { events: [node(1, 'a', 'x'), node(2, 'b', 'x'), line(3, 'no key')] };
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 3, state)] });
  const before = latest.get();
  const b = before.get('node:b');
  await hub.deliver({ topics: [events(line(4, 'z'))] });
  expect(latest.get()).toBe(before);
  await hub.deliver({ topics: [snapshot('run', null, 4, state)] });
  expect(latest.get()).toBe(before);
  await hub.deliver({ topics: [events(node(5, 'a', 'y'))] });
  expect(latest.get()).not.toBe(before);
  expect(latest.get().get('node:b')).toBe(b);
  await hub.deliver({
    topics: [events(gate(6, 'g'), item(7, { type: 'line', text: 'takes over' }, { key: 'node:b' }))],
  });
  expect([...latest.get().keys()]).toEqual(['node:a']);
  await hub.deliver({ topics: [events(node(8, 'a', 'z', { gone: true }))] });
  expect(latest.get().size).toBe(0);
  expect(a).toEqual([undefined, 'x', 'y', undefined]);
});

test('a repeat that comes in one batch with what followed it does not bring the older state back', async () => {
  const s = scene();
  const latest = s.client.topic('run').latest('gate');
  latest.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 0)] });
  const key = { key: 'the gate' };
  await hub.deliver({
    topics: [
      events(
        gate(1, 'old', key),
        gate(2, 'new', key),
        gate(1, 'old', { ...key, replayed: true, repeat: true }),
      ),
    ],
  });
  expect(latest.get().get('the gate')).toMatchObject({ id: 'new' });
});

test("the topic's status is the hub's, until the last consumer leaves", async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const off = topic.on('line', () => {});
  const hub = await s.attached();
  await ticketOf(hub);
  const status = { state: 'live', epoch: 'e1', offset: 1, lastSeen: 2, dropped: 0, gaps: 0 } as const;
  await hub.deliver({ topics: [{ kind: 'status', topic: 'run', status }] });
  expect(topic.status.get()).toEqual(status);
  off();
  await untilEqual(() => topic.status.get(), { state: 'idle' });
});

test('what was under way when the last consumer left changes nothing any more', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const off = topic.on('line', () => {});
  const hub = await s.attached();
  await ticketOf(hub);
  off();
  await untilEqual(() => hub.called('unsubscribe'), [['run']]);
  const status = { state: 'live', epoch: 'e1', offset: 1, lastSeen: 2, dropped: 0, gaps: 0 } as const;
  await hub.deliver({ topics: [{ kind: 'status', topic: 'run', status }] });
  expect(topic.status.get()).toEqual({ state: 'idle' });
});

test('a topic is live no longer than its client, nor while the page is in the back/forward cache', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  topic.on('line', () => {});
  const live = { state: 'live', epoch: 'e1', offset: 1, lastSeen: 2, dropped: 0, gaps: 0 } as const;
  const first = await s.attached();
  await ticketOf(first);
  await first.deliver({ topics: [{ kind: 'status', topic: 'run', status: live }] });
  s.page.window.dispatchEvent(new Event('pagehide'));
  expect(topic.status.get()).toEqual({ ...live, state: 'stale' });
  s.page.window.dispatchEvent(new Event('pageshow'));
  await until(() => expect(s.hubs).toHaveLength(2));
  const second = await s.attached();
  await ticketOf(second);
  await second.deliver({ topics: [{ kind: 'status', topic: 'run', status: live }] });
  expect(topic.status.get()).toEqual(live);
  await s.client.close();
  expect(topic.status.get()).toEqual({ ...live, state: 'stale' });
});

test('a handler that left and never ends holds no critical event back that another one took', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  const off = topic.on('gate', () => new Promise(() => {}));
  topic.on('gate', () => {});
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 0), events(gate(1, 'g'))] });
  await heard(s);
  expect(hub.called('took')).toEqual([]);
  off();
  await untilEqual(() => hub.called('took'), [['run', 'e1', [1], [], [1_001]]]);
});

test('a critical event whose only handler left at work is taken when that ends well', async () => {
  const s = scene();
  const topic = s.client.topic('run');
  let finish = () => {};
  const off = topic.on('gate', () => new Promise<void>((resolve) => (finish = resolve)));
  topic.on('line', () => {});
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 0), events(gate(1, 'g'))] });
  off();
  await heard(s);
  expect(hub.called('took')).toEqual([]);
  finish();
  await untilEqual(() => hub.called('took'), [['run', 'e1', [1], [], [1_001]]]);
});

test('a view lives on for 5 s after its last listener, and a new one within them costs nothing', async () => {
  const s = scene();
  const view = s.client.topic('run').view(0, (count) => count + 1);
  const off = view.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({ topics: [snapshot('run', await ticketOf(hub), 0), events(line(1, 'x'))] });
  expect(view.get()).toBe(1);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    off();
    vi.advanceTimersByTime(4_999);
    const again = view.subscribe(() => {});
    vi.advanceTimersByTime(60_000);
    await hub.deliver({ topics: [events(line(2, 'y'))] });
    expect(view.get()).toBe(2);
    again();
    vi.advanceTimersByTime(4_999);
    await heard(s);
    expect(hub.called('unsubscribe')).toEqual([]);
    vi.advanceTimersByTime(1);
    await heard(s);
    expect(hub.called('unsubscribe')).toEqual([['run']]);
    expect(hub.called('subscribe')).toHaveLength(1);
    expect(view.get()).toBe(2);
  } finally {
    vi.useRealTimers();
  }
});
