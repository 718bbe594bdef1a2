import { describe, expect, test } from 'vitest';
import type { AttachRequest } from '../../../src/protocol/port.ts';
import { Disk } from '../../../testing/fakes/disk.ts';
import { StateDisk } from '../../../testing/fakes/state-store.ts';
import { Pace } from '../../../worker/core/pace.ts';
import type { WorldTab } from '../../support/hub-world.ts';
import {
  alarm,
  item,
  keptProtocol,
  line,
  node,
  TOPIC,
  TopicScene,
  texts,
} from '../../support/topic-scene.ts';

const lines = (count: number) => Array.from({ length: count }, (_, i) => line(`${i + 1}`));
const batchesWithEvents = (tab: WorldTab) =>
  tab.batches.filter(({ topics }) => topics?.some(({ kind }) => kind === 'events')).length;

/** A hub with a tab that is seen, and is given its state; one more as the test wants it, at the beginning of a round. */
function besides(request: Partial<AttachRequest>, settings = {}) {
  const scene = new TopicScene({ settings });
  const [seen] = scene.live(1);
  const tab = scene.world.attach(request);
  tab.subscribe(TOPIC);
  if (!seen) throw new Error('no tab');
  // Rounds are counted from the hub's beginning.
  scene.world.advance(500);
  return { scene, seen, tab };
}
const hiddenTab = (settings = {}) => {
  const { scene, seen, tab } = besides({ visible: false }, settings);
  // The first event of a round goes at once: the next ones wait.
  scene.event(line('first'));
  return { scene, seen, hidden: tab };
};

describe('a tab that is seen', () => {
  test('is given each event at once, however many there are, while handing out costs little', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1);
    for (let i = 1; i <= 1_000; i++) {
      scene.event(line(`${i}`));
      expect(tab && batchesWithEvents(tab)).toBe(i);
    }
  });

  test('waits after a round as long as that one took', () => {
    const scene = new TopicScene();
    const tabs = scene.live(3);
    scene.world.handOutMs = 4;
    scene.event(line('1'));
    scene.event(line('2'));
    scene.world.advance(11);
    expect(tabs.map(batchesWithEvents)).toEqual([1, 1, 1]);
    expect(scene.world.report.topics).toMatchObject([{ queued: 1 }]);
    scene.world.advance(1);
    expect(tabs.map(batchesWithEvents)).toEqual([2, 2, 2]);
  });

  test('waits for no less than a whole millisecond that is owed', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1);
    scene.world.handOutMs = 0.4;
    for (const event of lines(4)) scene.event(event);
    // After the third one 1.2 ms are owed.
    expect(tab && batchesWithEvents(tab)).toBe(3);
    scene.world.advance(1);
    expect(tab && batchesWithEvents(tab)).toBe(4);
  });

  test.each([0.3, 1, 2.5, 7, 40])('leaves the hub half of its time where a round takes %s ms', (costMs) => {
    const scene = new TopicScene();
    const [tab] = scene.live(1);
    if (!tab) throw new Error('no tab');
    const before = tab.batches.length;
    scene.world.handOutMs = costMs;
    const until = scene.world.now + 2_000;
    for (let i = 0; scene.world.now < until; i++) {
      const batches = tab.batches.length;
      scene.event(line(`${i}`));
      // The time that handing out takes passes as well.
      scene.world.advance(tab.batches.length > batches ? Math.ceil(costMs) : 1);
    }
    const spentMs = (tab.batches.length - before) * costMs;
    expect(spentMs).toBeLessThanOrEqual(1_000 + 2 * costMs);
    if (costMs >= 1) expect(spentMs).toBeGreaterThan(800);
    scene.world.advance(50);
    expect(scene.world.report.topics).toMatchObject([{ queued: 0 }]);
  });

  test('waits for no longer than 250 ms, however long a round has taken: the machine slept meanwhile', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1);
    scene.world.handOutMs = 8 * 3_600_000;
    scene.event(line('1'));
    scene.event(line('2'));
    scene.world.advance(250);
    expect(tab && batchesWithEvents(tab)).toBe(2);
  });

  test('waits no longer where the clock is set back, and not at all after a sleep', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1);
    scene.world.handOutMs = 20;
    scene.event(line('1'));
    scene.event(line('2'));
    scene.world.now -= 3_600_000;
    scene.world.advance(20);
    expect(texts(tab?.events(TOPIC) ?? [])).toEqual(['1', '2']);
    scene.event(line('3'));
    scene.world.now += 3_600_000;
    scene.event(line('4'));
    expect(texts(tab?.events(TOPIC) ?? []).at(-1)).toBe('4');
  });

  test('waits for no longer than 250 ms after any time of news, which waits for nothing', () => {
    const pace = new Pace();
    let uptime = 0;
    // Rounds of 10 ms, 1 ms apart.
    while (uptime < 30_000) {
      uptime += 11;
      pace.spent(10, uptime);
    }
    expect(pace.waitMs(uptime)).toBe(250);
  });

  test('is given each round ahead of those that nobody sees', () => {
    const scene = new TopicScene();
    const hidden = scene.world.attach({ visible: false });
    hidden.subscribe(TOPIC);
    const seen = scene.tab();
    scene.world.socket.welcome();
    scene.answer({ events: [], offset: 0 });
    scene.world.advance(500);
    const from = scene.world.effects.length;
    scene.event(line('a'));
    const round = scene.world.effects.slice(from);
    expect(round.flatMap((effect) => (effect.type === 'deliver' ? [effect.tab] : []))).toEqual([
      seen.id,
      hidden.id,
    ]);
  });

  test('hears of connection and outbox at once, and of what waits with it', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1);
    scene.world.handOutMs = 100;
    scene.events(lines(10));
    scene.event(line('waits'));
    expect(texts(tab?.events(TOPIC) ?? []).at(-1)).toBe('10');
    const sent = tab?.send({ command: { type: 'note', text: 'n' } });
    expect(tab?.outbox).toMatchObject([{ id: sent?.id }]);
    expect(texts(tab?.events(TOPIC) ?? []).at(-1)).toBe('waits');
    scene.event(line('more'));
    scene.world.socket.close();
    expect(tab?.connection).toMatchObject({ state: 'closed' });
    expect(texts(tab?.events(TOPIC) ?? []).at(-1)).toBe('more');
  });
});

describe('a tab that nobody sees', () => {
  test('is given what there is at most 4 times a second', () => {
    const { scene, seen, hidden } = hiddenTab();
    const before = hidden.batches.length;
    for (let ms = 0; ms < 2_000; ms += 2) {
      scene.event(node(`k${ms % 50}`, `${ms}`));
      scene.world.advance(2);
    }
    scene.world.advance(250);
    expect(batchesWithEvents(seen)).toBe(1_001);
    expect(hidden.batches.length - before).toBeLessThanOrEqual(9);
    expect(hidden.events(TOPIC).at(-1)?.event).toEqual(node(`k${1998 % 50}`, '1998'));
    expect(scene.world.report.topics).toMatchObject([{ queued: 0 }]);
  });

  test('is given the first event of a quiet time at once', () => {
    const { scene, hidden } = hiddenTab();
    expect(texts(hidden.events(TOPIC))).toEqual(['first']);
    scene.event(line('second'));
    expect(texts(hidden.events(TOPIC))).toEqual(['first']);
    scene.world.advance(250);
    expect(texts(hidden.events(TOPIC))).toEqual(['first', 'second']);
  });

  test('shares its rounds with all others, so that a hub wakes up 4 times a second for them', () => {
    const { scene, hidden } = hiddenTab();
    const other = scene.world.attach({ visible: false });
    other.subscribe(TOPIC);
    const at = (tab: WorldTab) => tab.batches.map(({ sentAt }) => sentAt?.now).slice(-4);
    for (let ms = 0; ms < 1_500; ms += 10) {
      scene.event(line(`${ms}`));
      scene.world.advance(10);
    }
    expect(at(hidden)).toEqual(at(other));
  });

  test('is given a critical event at once, and all that was before it', () => {
    const { scene, hidden } = hiddenTab();
    scene.event(line('before'));
    scene.event(alarm('fire'), { ack: true });
    expect(texts(hidden.events(TOPIC))).toEqual(['first', 'before', 'fire']);
  });

  test('is given critical events at once that it has missed', () => {
    const { scene, hidden } = hiddenTab();
    scene.reconnect();
    scene.subscribed({ offset: 9 });
    scene.snapshot({ offset: 9, events: [], missed: [item(8, line('8')), item(9, alarm('fire'))] });
    expect(hidden.snapshots(TOPIC).at(-1)).toMatchObject({ missed: [{ offset: 8 }, { offset: 9 }] });
  });

  test('is given the critical events at once that were before it came', () => {
    const { scene, seen } = hiddenTab();
    scene.event(alarm('fire'), { ack: true });
    const late = scene.world.attach({ visible: false });
    late.subscribe(TOPIC);
    expect(seen.events(TOPIC)).not.toEqual([]);
    expect(texts(late.events(TOPIC))).toEqual(['fire']);
  });

  test('hears of the end of its own command at once, and of another’s with the next round', () => {
    const { scene, seen, hidden } = hiddenTab();
    const other = seen.send({ command: { type: 'note', text: 'other' } });
    scene.world.socket.say({ type: 'command_ack', id: other.id });
    expect(hidden.settled).toEqual([]);
    const own = hidden.send({ command: { type: 'note', text: 'own' } });
    scene.event(line('before'));
    scene.world.socket.say({ type: 'command_ack', id: own.id });
    expect(hidden.settled.map(({ id }) => id)).toEqual([other.id, own.id]);
    expect(texts(hidden.events(TOPIC)).at(-1)).toBe('before');
  });

  test('is asked for a token at once', () => {
    const scene = new TopicScene();
    const hidden = scene.world.attach({ visible: false, hasToken: true });
    hidden.subscribe(TOPIC);
    expect(hidden.tokenRequest).toBeGreaterThan(0);
  });

  test('hears at once that it is signed out, and that nothing may be shown any more', () => {
    const { scene, seen, hidden } = hiddenTab();
    seen.call({ method: 'signOut', discard: false });
    expect(hidden.connection).toMatchObject({ state: 'closed', reason: 'signed_out' });
    expect(scene.world.ended).toBe('signed_out');
  });

  test('is given what waits once half of the buffer is used up, so that nothing falls off', () => {
    const { scene, hidden } = hiddenTab({ floodBuffer: 10 });
    for (const event of lines(4)) scene.event(event);
    expect(texts(hidden.events(TOPIC))).toEqual(['first']);
    scene.event(line('5'));
    expect(texts(hidden.events(TOPIC))).toEqual(['first', '1', '2', '3', '4', '5']);
    for (const event of lines(100)) scene.event(event);
    scene.world.advance(250);
    expect(hidden.events(TOPIC)).toHaveLength(106);
    expect(hidden.status(TOPIC)).toMatchObject({ dropped: 0 });
  });

  test('is given the rest of a snapshot as fast as it takes it', () => {
    const { scene } = hiddenTab();
    const state = Array.from({ length: 5_000 }, (_, i) => item(i + 1, node(`k${i}`, 'up')));
    scene.reconnect();
    scene.answer({ epoch: 'e2', offset: 5_000, events: state });
    scene.world.advance(250);
    const hidden = scene.world.attach({ visible: false });
    hidden.subscribe(TOPIC);
    scene.world.advance(250);
    expect(hidden.snapshots(TOPIC).map(({ part, last }) => [part, last])).toEqual([
      [0, false],
      [1, false],
      [2, true],
    ]);
  });

  test('loses nothing of a flood before it was given its first state', () => {
    const { scene } = besides({ visible: false }, { floodBuffer: 10 });
    const tab = scene.world.attach({ visible: false });
    tab.subscribe(TOPIC);
    for (const event of lines(40)) {
      scene.event(event);
      scene.world.advance(5);
    }
    scene.world.advance(500);
    expect(tab.status(TOPIC)).toMatchObject({ dropped: 0 });
  });

  test('loses nothing of a flood behind the first state of all', () => {
    const scene = new TopicScene({ settings: { floodBuffer: 10 } });
    scene.world.advance(500);
    const tab = scene.world.attach({ visible: false });
    tab.subscribe(TOPIC);
    scene.world.socket.welcome();
    scene.answer({ events: [], offset: 0 });
    for (const event of lines(40)) {
      scene.event(event);
      scene.world.advance(5);
    }
    scene.world.advance(500);
    expect(tab.status(TOPIC)).toMatchObject({ dropped: 0 });
    expect(texts(tab.events(TOPIC))).toHaveLength(40);
  });

  test('is given its first state at once', () => {
    const { scene } = hiddenTab();
    const tab = scene.world.attach({ visible: false });
    scene.world.advance(1);
    tab.subscribe(TOPIC);
    expect(tab.snapshots(TOPIC)).toHaveLength(1);
  });

  test('is given all of what was kept on the device as fast as it takes it', () => {
    const [disk, stateDisk] = [new Disk(), new StateDisk()];
    const kept = { disk, stateDisk, protocol: keptProtocol };
    const first = new TopicScene({ ...kept, settings: { stateSaveMs: 0 } });
    first.live(
      1,
      Array.from({ length: 9_000 }, (_, i) => item(i + 1, node(`k${i}`, 'x'))),
    );
    first.world.advance(10_000);
    const next = new TopicScene({ ...kept, ownershipId: 'hub-2', now: first.world.now + 1_000 });
    next.world.advance(500);
    const tab = next.world.attach({ visible: false });
    tab.subscribe(TOPIC);
    next.world.advance(1);
    const saved = tab.updates(TOPIC).filter((update) => update.kind === 'saved');
    expect(saved.flatMap(({ events }) => events)).toHaveLength(9_000);
  });

  test('is given what its batch could not carry as soon as it has taken that', () => {
    const { scene, hidden } = hiddenTab();
    const before = hidden.events(TOPIC).length;
    scene.events(Array.from({ length: 9_000 }, (_, i) => node(`k${i}`, 'x')));
    scene.world.advance(250);
    expect(hidden.events(TOPIC).length - before).toBe(9_000);
  });

  test('hears of the end of its own command not ahead of a state that is more than a batch', () => {
    const { scene, hidden } = hiddenTab();
    const { id } = hidden.send({ command: { type: 'note', text: 'own' } });
    scene.events(Array.from({ length: 3_000 }, (_, i) => node(`k${i}`, 'x')));
    scene.world.socket.say({ type: 'command_ack', id });
    expect(hidden.settled.map((settled) => settled.id)).toEqual([id]);
    expect(hidden.events(TOPIC).filter(({ event }) => event.type === 'node')).toHaveLength(3_000);
  });

  test('is given what waits before its hub hands over', () => {
    const { scene, hidden } = hiddenTab();
    for (const event of lines(2)) scene.event(event);
    expect(texts(hidden.events(TOPIC))).toEqual(['first']);
    scene.world.feed({ type: 'hand_over' });
    expect(scene.world.ended).toBe('handed_over');
    expect(texts(hidden.events(TOPIC))).toEqual(['first', '1', '2']);
  });

  test('is given all of it as soon as somebody sees it, and each event from then on', () => {
    const { scene, hidden } = hiddenTab();
    for (const event of lines(3)) scene.event(event);
    hidden.call({ method: 'signal', signal: 'visible' });
    expect(texts(hidden.events(TOPIC))).toEqual(['first', '1', '2', '3']);
    scene.event(line('4'));
    expect(texts(hidden.events(TOPIC)).at(-1)).toBe('4');
    hidden.call({ method: 'signal', signal: 'hidden' });
    scene.event(line('5'));
    expect(texts(hidden.events(TOPIC)).at(-1)).toBe('4');
    scene.world.advance(250);
    expect(texts(hidden.events(TOPIC)).at(-1)).toBe('5');
  });

  test('is given each event where it asks for that', () => {
    const { scene, tab } = besides({ visible: false, live: true });
    for (const [index, event] of lines(3).entries()) {
      scene.event(event);
      expect(batchesWithEvents(tab)).toBe(index + 1);
    }
    // Whether it is seen is another question.
    expect(scene.world.report.tabs).toMatchObject([{ visible: true }, { visible: false }]);
  });

  test('waits for the hub as well, which owes time', () => {
    const { scene, hidden } = hiddenTab();
    scene.world.handOutMs = 200;
    scene.event(alarm('1'), { ack: true });
    scene.event(alarm('2'), { ack: true });
    expect(texts(hidden.events(TOPIC))).toEqual(['first', '1']);
    scene.world.advance(400);
    expect(texts(hidden.events(TOPIC))).toEqual(['first', '1', '2']);
  });
});

test('the report’s rate is near the truth', () => {
  const scene = new TopicScene();
  scene.live(1);
  for (let ms = 0; ms < 2_500; ms += 5) {
    scene.event(line('x'));
    scene.world.advance(5);
  }
  expect(Math.abs(scene.world.report.rates.eventsPerSecond - 200)).toBeLessThan(10);
  scene.world.advance(3_000);
  expect(scene.world.report.rates.eventsPerSecond).toBe(0);
});

test.each(['floodEventsPerSecond', 'flushMs'])(
  'a hub that is given the former setting %s says so, and works',
  (name) => {
    const scene = new TopicScene({ settings: { [name]: 1 } });
    const [tab] = scene.live(1);
    scene.event(line('1'));
    expect(tab && batchesWithEvents(tab)).toBe(1);
    expect(tab?.batches.flatMap(({ reports = [] }) => reports)).toContainEqual({
      kind: 'log',
      level: 'warn',
      message: `setting \`${name}\` does nothing any more: remove it`,
    });
  },
);
