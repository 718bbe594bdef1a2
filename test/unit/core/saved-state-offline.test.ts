import { expect, test } from 'vitest';
import { Device, known, shown } from '../../support/device.ts';
import { START } from '../../support/hub-world.ts';
import { item, node, TOPIC, TopicScene } from '../../support/topic-scene.ts';

const LATER = START + 3_600_000;

test('a topic of which nothing was ever known is unavailable once the hub knows that there is no line', () => {
  for (const scene of [new TopicScene(), new Device().hub()]) {
    const tab = scene.tab();
    expect(tab.status(TOPIC)).toEqual({ state: 'syncing' });
    scene.world.socket.close();
    expect(tab.status(TOPIC)).toEqual({ state: 'unavailable' });
    scene.world.advance(1_000);
    expect(scene.world.socket.state).toBe('connecting');
    // One more attempt is no line.
    expect(tab.status(TOPIC)).toEqual({ state: 'unavailable' });
    expect(scene.tab(null, 'run:2').status('run:2')).toEqual({ state: 'unavailable' });
    scene.world.socket.welcome();
    expect(tab.status(TOPIC)).toEqual({ state: 'syncing' });
  }
});

test('a topic is not called unavailable while it is looked for on the device', () => {
  const device = new Device();
  known(device);
  const release = device.stateDisk.hold();
  const scene = device.hub({}, { now: LATER });
  const tab = scene.tab();
  const other = scene.tab(null, 'run:2');
  scene.world.socket.close();
  expect(tab.status(TOPIC)).toEqual({ state: 'syncing' });
  release();
  expect(tab.status(TOPIC)).toMatchObject({ state: 'stale', offset: 6 });
  expect(other.status('run:2')).toEqual({ state: 'unavailable' });
});

test('where the store of the state fails, a topic is unavailable, and not looked for without end', () => {
  const device = new Device();
  known(device);
  device.stateDisk.failure = 'failed';
  const scene = device.hub({}, { now: LATER });
  const tab = scene.tab();
  scene.world.socket.close();
  expect(tab.status(TOPIC)).toEqual({ state: 'unavailable' });
});

test('a page is told how far the server’s clock was ahead when something was kept', () => {
  const device = new Device();
  const before = device.hub();
  before.tab();
  before.world.socket.welcome({ server_time: before.world.now + 90_000 });
  before.answer({ offset: 1, events: [item(1, node('a', 'up'))] });
  before.world.advance(5_000);
  const tab = device.hub({}, { now: LATER }).tab();
  const clock = tab.batches.findLast(({ keptClock }) => keptClock)?.keptClock;
  expect(clock).toEqual({ browser: LATER, server: LATER + 90_000 });
  expect(tab.batches.some((batch) => batch.clock)).toBe(false);
});

test('of a clock that was not known when something was kept nothing is told', () => {
  const device = new Device();
  known(device);
  for (const [topic, { clockAheadMs, ...head }] of device.stateDisk.heads)
    device.stateDisk.heads.set(topic, head);
  const tab = device.hub({}, { now: LATER }).tab();
  expect(shown(tab)).toHaveLength(3);
  expect(tab.batches.some((batch) => batch.keptClock)).toBe(false);
});

test('where what is kept cannot be looked for any more, a topic is unavailable', () => {
  for (const failure of ['newer_format', 'fenced', 'full'] as const)
    for (const asked of [1, 2]) {
      const device = new Device();
      known(device);
      const queue: (() => void)[] = [];
      device.stateDisk.whenFree = (work) => void queue.push(work);
      const scene = device.hub({}, { now: LATER });
      const tab = scene.tab();
      scene.world.socket.close();
      for (let i = 1; i < asked; i++) queue.shift()?.();
      expect(tab.status(TOPIC)).toEqual({ state: 'syncing' });
      device.stateDisk.failNext = failure;
      queue.shift()?.();
      expect(tab.status(TOPIC)).toEqual({ state: 'unavailable' });
    }
});
