import { expect, test } from 'vitest';
import { Device, saved } from '../../support/device.ts';
import { START } from '../../support/hub-world.ts';
import { line, node } from '../../support/topic-scene.ts';

const LATER = START + 3_600_000;
const PLAIN = 'default';

/** A hub that speaks plainly, and one tab. */
function plainly(device: Device, now = START) {
  const { world } = device.hub({}, { now });
  const tab = world.attach({ dialect: { plain: {} } });
  tab.subscribe(PLAIN);
  const say = (...events: object[]) => {
    for (const event of events) world.socket.text(JSON.stringify(event));
  };
  return { world, tab, say };
}
/** An earlier hub has heard these. */
function heard(device: Device, ...events: object[]) {
  const before = plainly(device);
  before.world.socket.accept();
  before.say(...events);
  before.world.advance(5_000);
}
const states = (device: Device) =>
  [...(device.stateDisk.items.get(PLAIN)?.values() ?? [])].map(({ slot, item: { event } }) => [
    slot,
    event['state'],
  ]);

test('in the plain dialect, whose servers send no state, it goes on from what was kept', () => {
  const device = new Device();
  heard(device, node('a', 'up'), node('b', 'up'));
  const { world, tab, say } = plainly(device, LATER);
  expect(saved(tab)).toEqual([]);
  world.socket.accept();
  const [snapshot] = tab.snapshots(PLAIN);
  expect(snapshot?.events.map(({ event }) => event)).toEqual([node('a', 'up'), node('b', 'up')]);
  expect(tab.status(PLAIN)).toMatchObject({ state: 'live', offset: 2, gaps: 0 });
  say(node('b', 'down'));
  world.advance(5_000);
  expect(states(device)).toEqual([
    ['a', 'up'],
    ['b', 'down'],
  ]);
});

test('what comes before it is read what was kept follows that, on page and disk', () => {
  const device = new Device();
  heard(device, node('a', 'up'), line('1'));
  const release = device.stateDisk.hold();
  const { world, tab, say } = plainly(device, LATER);
  world.socket.accept();
  say(line('2'), node('b', 'up'));
  world.advance(5_000);
  expect(tab.updates(PLAIN).filter(({ kind }) => kind !== 'status')).toEqual([]);
  release();
  expect(tab.snapshots(PLAIN)[0]?.events.map(({ event }) => event)).toEqual([node('a', 'up'), line('1')]);
  expect(tab.events(PLAIN).map(({ event }) => event)).toEqual([line('2'), node('b', 'up')]);
  expect(tab.status(PLAIN)).toMatchObject({ state: 'live', offset: 4 });
  say(node('c', 'up'));
  world.advance(5_000);
  const kept = [...(device.stateDisk.items.get(PLAIN)?.values() ?? [])].map(({ item }) => item);
  expect(kept.sort((a, b) => a.offset - b.offset).map(({ event }) => event)).toEqual([
    node('a', 'up'),
    line('1'),
    line('2'),
    node('b', 'up'),
    node('c', 'up'),
  ]);
});

test('a line that is lost while what was kept is read loses nothing of what it brought', () => {
  const device = new Device();
  heard(device, node('a', 'up'));
  const release = device.stateDisk.hold();
  const { world, tab, say } = plainly(device, LATER);
  world.socket.accept();
  say(node('b', 'up'));
  world.socket.close();
  world.advance(1_000);
  world.socket.accept();
  release();
  expect(tab.events(PLAIN).map(({ event }) => event)).toEqual([node('b', 'up')]);
});

test('what cannot be read stays as it is, and the topic goes on without it', () => {
  for (const failed of ['opening', 'loading'] as const) {
    const device = new Device();
    heard(device, node('a', 'up'));
    const queue: (() => void)[] = [];
    device.stateDisk.whenFree = (work) => void queue.push(work);
    const { world, tab, say } = plainly(device, LATER);
    world.socket.accept();
    say(node('b', 'up'));
    if (failed === 'loading') queue.shift()?.();
    device.stateDisk.failNext = 'failed';
    queue.shift()?.();
    expect(tab.events(PLAIN).map(({ event }) => event)).toEqual([node('b', 'up')]);
    device.stateDisk.whenFree = (work) => work();
    world.advance(60_000);
    say(node('c', 'up'));
    world.advance(5_000);
    expect(world.report.savedState).toMatchObject({ state: 'ready' });
    expect(states(device)).toEqual([['a', 'up']]);
  }
});

test('where the store that failed has nothing of it, it is kept once the store is back', () => {
  const device = new Device();
  device.stateDisk.failure = 'failed';
  const { world, say } = plainly(device);
  world.socket.accept();
  say(node('a', 'up'));
  device.stateDisk.failure = null;
  world.advance(60_000);
  expect(states(device)).toEqual([['a', 'up']]);
});

test('nobody waits for what is not looked for any more', () => {
  const device = new Device();
  heard(device, node('a', 'up'));
  for (const end of ['full', 'forget'] as const) {
    const release = device.stateDisk.hold();
    const { world, tab, say } = plainly(device, LATER);
    world.socket.accept();
    say(node('b', 'up'));
    expect(tab.events(PLAIN)).toEqual([]);
    if (end === 'forget') world.call(tab.id, { method: 'forget', topic: PLAIN });
    else {
      world.autoCommit = false;
      tab.send({ command: { type: 'note', text: 'now' } });
      world.commitNext('full');
    }
    expect(tab.events(PLAIN).map(({ event }) => event)).toEqual([node('b', 'up')]);
    release();
  }
});

/** Nobody listens for longer than a topic stays, on a line that stays open. */
function away(ms: number) {
  const device = new Device();
  const scene = plainly(device);
  const { world, tab, say } = scene;
  world.socket.accept();
  const other = world.attach({ dialect: { plain: {} } });
  other.subscribe('another');
  say(node('a', 'up'), line('1'));
  world.advance(5_000);
  tab.leave();
  world.advance(ms);
  expect(world.sockets).toHaveLength(1);
  return { device, ...scene };
}

test('who returns to a topic on a line that stayed open begins with what was kept of it', () => {
  for (const ms of [6_000, 60_000]) {
    const { device, world, say } = away(ms);
    const tab = world.attach({ dialect: { plain: {} } });
    tab.subscribe(PLAIN);
    expect(tab.snapshots(PLAIN)[0]?.events.map(({ event }) => event)).toEqual([node('a', 'up'), line('1')]);
    expect(tab.status(PLAIN)).toMatchObject({ state: 'live' });
    say(node('b', 'up'));
    world.advance(5_000);
    expect(states(device)).toEqual([
      ['a', 'up'],
      [2, undefined],
      ['b', 'up'],
    ]);
  }
});

test('a page that returns with its place there is given nothing twice', () => {
  const { world } = away(60_000);
  const tab = world.attach({ dialect: { plain: {} } });
  tab.subscribe(PLAIN, { epoch: 'hub-1', offset: 2 });
  expect(tab.snapshots(PLAIN)).toMatchObject([{ offset: 2, events: [{}, {}], missed: [] }]);
});
