import { describe, expect, test } from 'vitest';
import type { WorldTab } from '../../support/hub-world.ts';
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
} from '../../support/topic-scene.ts';

const lines = (count: number, from = 1) => Array.from({ length: count }, (_, i) => line(`${from + i}`));
const nodes = (count: number, state: string) => Array.from({ length: count }, (_, i) => node(`k${i}`, state));
const droppedBy = (tab: WorldTab | undefined) => {
  const status = tab?.status(TOPIC);
  return status?.state === 'live' ? status.dropped : undefined;
};
const slow = (tab: WorldTab | undefined) => {
  if (tab) tab.autoCredit = false;
};
/** Credits until nothing comes any more. */
const drain = ({ world }: TopicScene, tab: WorldTab | undefined) => {
  while (tab && tab.owing > 0) {
    tab.credit();
    world.advance(16);
  }
};

describe('credit', () => {
  test('one batch is out at a time; the next one comes with the credit, and holds what queued', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1);
    slow(tab);
    for (const event of lines(4)) scene.event(event);
    expect([tab?.owing, texts(tab?.events(TOPIC) ?? [])]).toEqual([1, ['1']]);
    tab?.credit();
    expect([tab?.owing, texts(tab?.events(TOPIC) ?? [])]).toEqual([1, ['1', '2', '3', '4']]);
    tab?.credit();
    expect(tab?.owing).toBe(0);
  });

  test('a slow tab holds up no other', () => {
    const scene = new TopicScene();
    const [one, two] = scene.live(2);
    slow(one);
    for (const event of lines(4)) scene.event(event);
    expect(texts(two?.events(TOPIC) ?? [])).toEqual(['1', '2', '3', '4']);
  });

  test('each batch names its hub', () => {
    const scene = new TopicScene({ ownershipId: 'hub-7' });
    const [tab] = scene.live(1);
    expect(new Set(tab?.batches.map(({ hub }) => hub))).toEqual(new Set(['hub-7']));
  });

  test('while a batch is out, of each key only the newest waits', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1);
    slow(tab);
    scene.event(line('out'));
    for (const state of ['1', '2', '3']) for (const id of ['a', 'b']) scene.event(node(id, state));
    expect(scene.world.report.topics).toMatchObject([{ queued: 2 }]);
    tab?.credit();
    expect(tab?.events(TOPIC).map(({ event }) => event)).toEqual([
      line('out'),
      node('a', '3'),
      node('b', '3'),
    ]);
    expect(droppedBy(tab)).toBe(0);
  });

  test('what comes while a long batch is given in pieces conflates with what is still to be given', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1);
    slow(tab);
    scene.event(line('out'));
    scene.events(nodes(3_000, 'old'));
    tab?.credit();
    scene.world.advance(16);
    scene.events(nodes(3_000, 'new'));
    drain(scene, tab);
    const perKey = new Map<unknown, unknown[]>();
    for (const { event } of tab?.events(TOPIC) ?? [])
      perKey.set(event['id'], [...(perKey.get(event['id']) ?? []), event['state']]);
    expect([perKey.get('k0'), perKey.get('k1999'), perKey.get('k2000'), perKey.get('k2999')]).toEqual([
      ['old', 'new'],
      ['old', 'new'],
      ['new'],
      ['new'],
    ]);
  });

  test('no batch holds more than 2,000 events, of a snapshot either', () => {
    const scene = new TopicScene({ settings: { floodBuffer: 10_000 } });
    const tab = scene.tab();
    slow(tab);
    scene.world.socket.welcome();
    const state = Array.from({ length: 5_000 }, (_, i) => item(i + 1, node(`k${i}`, 'up')));
    scene.answer({ offset: 5_000, events: state, missed: state.slice(4_500) });
    scene.events(lines(4_000));
    drain(scene, tab);
    const sizes = tab.batches.map(({ topics = [] }) =>
      topics.reduce((sum, update) => {
        if (update.kind === 'events') return sum + update.items.length;
        return update.kind === 'snapshot' ? sum + update.events.length + update.missed.length : sum;
      }, 0),
    );
    expect(sizes.filter((size) => size > 0)).toEqual([2_000, 2_000, 2_000, 2_000, 1_500]);
    const parts = tab.snapshots(TOPIC);
    expect(parts.map(({ part, last }) => [part, last])).toEqual([
      [0, false],
      [1, false],
      [2, true],
    ]);
    expect(offsets(parts.flatMap(({ events }) => events))).toEqual(state.map(({ offset }) => offset));
    expect(offsets(parts.flatMap(({ missed }) => missed))).toEqual(offsets(state.slice(4_500)));
    expect(texts(tab.events(TOPIC))).toEqual(texts(lines(4_000).map((event) => ({ event }))));
  });

  test('no other update of the topic comes between the parts of a snapshot', () => {
    const scene = new TopicScene();
    const tab = scene.tab();
    slow(tab);
    scene.world.socket.welcome();
    tab.credit();
    tab.credit();
    const state = Array.from({ length: 3_000 }, (_, i) => item(i + 1, node(`k${i}`, 'up')));
    scene.answer({ offset: 3_000, events: state });
    tab.credit();
    scene.event(node('k0', 'down'));
    drain(scene, tab);
    const kinds = tab.updates(TOPIC).map(({ kind }) => kind);
    const first = kinds.indexOf('snapshot');
    expect(kinds.slice(first, first + 2)).toEqual(['snapshot', 'snapshot']);
    expect(stateOf(tab).get('k0')).toEqual(node('k0', 'down'));
  });

  test('a topic that always fills the batch does not starve another', () => {
    const scene = new TopicScene({ settings: { floodBuffer: 100_000 } });
    const [tab] = scene.live(1);
    tab?.subscribe('other');
    const { topic, ref } = scene.request;
    const at = { topic, ref, epoch: 'o1', offset: 0 };
    scene.world.socket.say({ type: 'snapshot', ...at, ts: 0, part: 0, last: true, events: [] });
    slow(tab);
    scene.events(lines(2_001));
    scene.world.socket.say({ type: 'event', topic, offset: 1, ts: 1, event: line('other') });
    for (let i = 0; i < 3; i++) {
      scene.events(lines(2_000));
      tab?.credit();
    }
    expect(texts(tab?.events('other') ?? [])).toEqual(['other']);
  });

  test('a tab that leaves in the middle takes its queue along, and the others go on', () => {
    const scene = new TopicScene();
    const [one, two] = scene.live(2);
    slow(one);
    scene.event(line('out'));
    scene.events(nodes(500, 'up'));
    scene.events(lines(500));
    expect(scene.world.report.topics).toMatchObject([{ queued: 1_000 }]);
    one?.leave();
    one?.credit();
    expect(scene.world.report.topics).toMatchObject([{ queued: 0, tabs: 1 }]);
    scene.event(line('on'));
    expect(texts(two?.events(TOPIC) ?? []).at(-1)).toBe('on');
  });

  test('a tab that unsubscribes in the middle of a snapshot begins anew when it comes back', () => {
    const scene = new TopicScene();
    const tab = scene.tab();
    slow(tab);
    scene.world.socket.welcome();
    tab.credit();
    tab.credit();
    const state = Array.from({ length: 3_000 }, (_, i) => item(i + 1, node(`k${i}`, 'up')));
    scene.answer({ offset: 3_000, events: state });
    tab.call({ method: 'unsubscribe', topic: TOPIC });
    tab.subscribe(TOPIC);
    drain(scene, tab);
    expect(tab.snapshots(TOPIC).map(({ part, last }) => [part, last])).toEqual([
      [0, false],
      [0, false],
      [1, true],
    ]);
    expect(stateOf(tab).size).toBe(3_000);
  });

  test('a topic without tabs keeps no journal while it lingers', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1);
    tab?.call({ method: 'unsubscribe', topic: TOPIC });
    scene.events(lines(500));
    scene.events(nodes(500, 'up'));
    expect(scene.world.report.topics).toMatchObject([{ queued: 0, keys: 500, tail: 500 }]);
  });
});

describe('the flood buffer', () => {
  test('beyond it the oldest events without a key fall off, and are counted for that tab', () => {
    const scene = new TopicScene({ settings: { floodBuffer: 10 } });
    const [one, two] = scene.live(2);
    slow(one);
    scene.event(line('out'));
    for (const event of lines(25)) scene.event(event);
    drain(scene, one);
    expect(texts(one?.events(TOPIC) ?? [])).toEqual([
      'out',
      ...lines(10, 16).map(({ text }) => (text as string) ?? ''),
    ]);
    expect([droppedBy(one), droppedBy(two)]).toEqual([15, 0]);
    expect(scene.world.report.counts.dropped).toBe(15);
  });

  test('of length 0, all of them fall off', () => {
    const scene = new TopicScene({ settings: { floodBuffer: 0 } });
    const [tab] = scene.live(1);
    scene.events([node('a', 'up'), line('1')]);
    scene.event(line('2'));
    scene.world.advance(16);
    expect(tab?.events(TOPIC)).toHaveLength(1);
    expect(droppedBy(tab)).toBe(2);
  });

  test('the count is exact also after the journal was cleared up many times', () => {
    const scene = new TopicScene({ settings: { floodBuffer: 100 } });
    const [one, two] = scene.live(2);
    slow(one);
    scene.event(line('out'));
    for (let i = 0; i < 100; i++) scene.events([...lines(50), ...nodes(50, `${i}`)]);
    drain(scene, one);
    const got = (one?.events(TOPIC) ?? []).filter(({ key }) => key === null).length;
    expect([got, droppedBy(one)]).toEqual([101, 4_900]);
    expect(one && stateOf(one)).toEqual(two && stateOf(two));
  });

  test('critical events always wait', () => {
    const scene = new TopicScene({ settings: { floodBuffer: 2 } });
    const [tab] = scene.live(1);
    slow(tab);
    scene.event(line('out'));
    for (let i = 0; i < 5; i++) {
      scene.event(alarm(`a${i}`), { ack: true });
      scene.event(line(`l${i}`));
    }
    tab?.credit();
    expect(texts(tab?.events(TOPIC) ?? [])).toEqual(['out', 'a0', 'a1', 'a2', 'a3', 'l3', 'a4', 'l4']);
    expect(droppedBy(tab)).toBe(3);
  });

  test('a replay always waits, however long, paced by credit', () => {
    const scene = new TopicScene({ settings: { floodBuffer: 2 } });
    const [tab] = scene.live(1, [], 1);
    scene.reconnect();
    slow(tab);
    scene.subscribed({ recovered: true, offset: 10_001 });
    scene.events(lines(5_000));
    scene.events(Array.from({ length: 5_000 }, (_, i) => node('same', `${i}`)));
    drain(scene, tab);
    expect(tab?.events(TOPIC)).toHaveLength(10_000);
    expect(tab?.events(TOPIC).every(({ replayed }) => replayed)).toBe(true);
    expect(droppedBy(tab)).toBe(0);
  });
});

describe('a tab without credit for 5 s', () => {
  test('holds nothing up: what waits for it is bounded by nothing that comes later', () => {
    const scene = new TopicScene({ settings: { floodBuffer: 100_000 } });
    const [frozen] = scene.live(2);
    slow(frozen);
    scene.event(line('out'));
    scene.world.advance(4_999);
    scene.events(lines(50));
    expect(scene.world.report.topics).toMatchObject([{ queued: 50 }]);
    scene.world.advance(1);
    expect(scene.world.report).toMatchObject({ tabs: [{ credit: 'stalled' }, { credit: 'ready' }] });
    expect(scene.world.report.topics).toMatchObject([{ queued: 0 }]);
    for (let i = 0; i < 20; i++) {
      scene.events(lines(100));
      scene.world.advance(16);
      expect(scene.world.report.topics).toMatchObject([{ queued: 0 }]);
    }
    expect(frozen?.owing).toBe(1);
  });

  test('gets a snapshot when it comes back, with what it missed, and knows exactly what it lost', () => {
    const scene = new TopicScene({ settings: { tailLimit: 20 } });
    const [frozen] = scene.live(2, [item(1, node('a', 'up'))]);
    slow(frozen);
    scene.event(line('out'));
    for (const event of lines(30)) scene.event(event);
    scene.world.advance(5_000);
    for (const event of lines(70, 31)) scene.event(event);
    scene.event(node('a', 'down'));
    scene.world.advance(100);
    frozen?.credit();
    const [, snapshot] = frozen?.snapshots(TOPIC) ?? [];
    expect(snapshot).toMatchObject({ ticket: null, part: 0, last: true, offset: 103 });
    expect(texts(snapshot?.missed ?? [])).toEqual([...lines(20, 81).map(({ text }) => text), undefined]);
    expect(frozen && stateOf(frozen)).toEqual(new Map([['a', node('a', 'down')]]));
    expect(droppedBy(frozen)).toBe(80);
    frozen?.credit();
    scene.event(line('on'));
    scene.world.advance(16);
    expect(texts(frozen?.events(TOPIC) ?? [])).toEqual(['out', 'on']);
    expect(droppedBy(frozen)).toBe(80);
  });

  test('what of a replay it lost is counted as well', () => {
    const scene = new TopicScene({ settings: { tailLimit: 10 } });
    const [frozen] = scene.live(2);
    slow(frozen);
    scene.event(line('out'));
    scene.reconnect();
    scene.subscribed({ recovered: true, offset: 51 });
    scene.events(lines(50));
    scene.world.advance(5_000);
    frozen?.credit();
    expect(frozen?.snapshots(TOPIC).at(-1)?.missed).toHaveLength(10);
    expect(droppedBy(frozen)).toBe(40);
  });

  test('what of a server’s snapshot it lost is counted as well', () => {
    const scene = new TopicScene({ settings: { tailLimit: 10 } });
    const [frozen] = scene.live(2);
    slow(frozen);
    scene.event(line('out'));
    scene.reconnect(40_000);
    const missed = lines(50).map((event, i) => item(2 + i, event));
    scene.answer({ offset: 51, events: missed.slice(-10), missed: [item(1, line('out')), ...missed] });
    scene.event(line('52'));
    frozen?.credit();
    expect(texts(frozen?.snapshots(TOPIC).at(-1)?.missed ?? [])).toEqual(
      [...lines(9, 42), line('52')].map(({ text }) => text),
    );
    expect(droppedBy(frozen)).toBe(41);
  });

  test('that froze between the parts of a snapshot begins anew', () => {
    const scene = new TopicScene();
    const frozen = scene.tab();
    scene.world.socket.welcome();
    const state = Array.from({ length: 3_000 }, (_, i) => item(i + 1, node(`k${i}`, 'up')));
    slow(frozen);
    scene.answer({ offset: 3_000, events: state });
    while (frozen.snapshots(TOPIC).length === 0) frozen.credit();
    scene.world.advance(5_000);
    scene.event(node('k0', 'down'));
    drain(scene, frozen);
    expect(frozen.snapshots(TOPIC).map(({ part, last }) => [part, last])).toEqual([
      [0, false],
      [0, false],
      [1, true],
    ]);
    expect([stateOf(frozen).size, stateOf(frozen).get('k0')]).toEqual([3_000, node('k0', 'down')]);
  });

  test('that subscribes while it is stalled costs nothing either', () => {
    const scene = new TopicScene({ settings: { floodBuffer: 100_000 } });
    scene.world.answersPings = true;
    scene.live(1);
    const frozen = scene.world.attach();
    slow(frozen);
    while (frozen.owing > 0) frozen.credit();
    frozen.send({ command: { type: 'note', text: 'n' } });
    scene.world.advance(5_000);
    frozen.subscribe(TOPIC);
    scene.events(lines(500));
    scene.world.advance(16);
    scene.events(lines(500));
    expect(scene.world.report.topics).toMatchObject([{ queued: 0, tabs: 2 }]);
    drain(scene, frozen);
    expect(frozen.snapshots(TOPIC)).toMatchObject([{ offset: 1_000 }]);
  });

  test('that stalled before there was a state gets it, with what it missed of its earlier life', () => {
    const scene = new TopicScene();
    const frozen = scene.tab({ epoch: 'e1', offset: 4 });
    frozen.autoCredit = false;
    scene.world.socket.welcome();
    scene.world.advance(5_000);
    scene.answer({ offset: 6, events: [item(5, line('5')), item(6, line('6'))] });
    drain(scene, frozen);
    expect(frozen.snapshots(TOPIC)).toMatchObject([{ ticket: null, missed: [{ offset: 5 }, { offset: 6 }] }]);
  });

  test('hears of its own commands’ ends however long it stalled, of others’ the newest 50', () => {
    const scene = new TopicScene();
    const [frozen, other] = scene.live(2);
    slow(frozen);
    scene.event(line('out'));
    const own = frozen?.send({ command: { type: 'note', text: 'own' } });
    scene.world.advance(5_000);
    const others = Array.from({ length: 80 }, () => {
      const sent = other?.send({ command: { type: 'note', text: 'other' } });
      return sent?.id ?? '';
    });
    const answer = (id: string) => scene.world.socket.say({ type: 'command_ack', id });
    if (own) answer(own.id);
    for (const id of others) answer(id);
    drain(scene, frozen);
    const settled = frozen?.settled.map(({ id }) => id);
    expect(settled).toContain(own?.id);
    expect(settled).toHaveLength(50);
    expect(settled?.slice(1)).toEqual(others.slice(-49));
    expect(other?.settled).toHaveLength(81);
  });

  test('a tab that credits in time is not stalled', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1);
    slow(tab);
    for (let i = 0; i < 3; i++) {
      scene.event(line(`${i}`));
      scene.world.advance(4_000);
      tab?.credit();
    }
    expect(tab?.snapshots(TOPIC)).toHaveLength(1);
    expect(texts(tab?.events(TOPIC) ?? [])).toEqual(['0', '1', '2']);
  });
});

describe('messages', () => {
  const reports = (tab: WorldTab) =>
    tab.batches.flatMap((batch) => batch.reports ?? []).filter(({ kind }) => kind === 'error');

  test('go to one tab, one that somebody sees', () => {
    const scene = new TopicScene();
    const hidden = scene.world.attach({ visible: false });
    const visible = scene.world.attach({ visible: true });
    hidden.subscribe(TOPIC);
    scene.world.socket.welcome();
    scene.answer();
    scene.event({ type: 'unheard_of' });
    expect([reports(hidden).length, reports(visible).length]).toEqual([0, 1]);
    hidden.call({ method: 'signal', signal: 'visible' });
    visible.call({ method: 'signal', signal: 'hidden' });
    scene.event({ type: 'another' });
    expect([reports(hidden).length, reports(visible).length]).toEqual([1, 1]);
  });

  test('wait where no tab can be told, and pass from a tab that left or stalled to the next', () => {
    const scene = new TopicScene();
    const [stalls] = scene.live(1);
    slow(stalls);
    scene.event(line('out'));
    scene.event({ type: 'first' });
    scene.world.advance(4_999);
    const leaves = scene.tab();
    slow(leaves);
    while (leaves.owing > 0) leaves.credit();
    scene.event(line('out'));
    scene.world.advance(1);
    scene.event({ type: 'second' });
    expect([reports(stalls as WorldTab), reports(leaves)]).toEqual([[], []]);
    leaves.leave();
    const fresh = scene.tab();
    expect(reports(fresh).map(({ message }) => message.match(/"(\w+)"/)?.[1])).toEqual(['first', 'second']);
  });
});
