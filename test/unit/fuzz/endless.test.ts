import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import { median } from '../../../bench/shared/quantile.ts';
import type { ServerFrame } from '../../../src/protocol/frames/index.ts';
import type { Dialect } from '../../../src/protocol/port.ts';
import { idOf } from '../../support/hostile-frames.ts';
import { HubWorld } from '../../support/hub-world.ts';
import { alarm, gate, gone, line, node, TOPIC, topicProtocol } from '../../support/topic-scene.ts';
import { HandWorld } from '../server/support/hand.ts';

// Garbage is collected for each.
vi.setConfig({ testTimeout: 60_000 });
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const WARM_UP = 50;
const COUNT = 200;
const FILL = 40_000;
/** A quarter of what is said, at most: nothing of it may be kept but what has a bound. */
const HELD_BYTES = (COUNT * FILL) / 4;

/** A name that was never there before, of a size that shows. */
const unique = (n: number) => `${n}`.padEnd(FILL, '.');

/** V8 keeps something for itself now and then, or lets go of much; what is kept of what was said is kept in each round. */
const ROUNDS = 3;

/** What a round left behind, in bytes: the median. */
async function heldAfter(say: (n: number) => unknown, count = COUNT): Promise<number> {
  for (let n = 1; n <= WARM_UP; n++) await say(n);
  const held: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const from = WARM_UP + round * count;
    for (let n = from + 1; n <= from + count; n++) await say(n);
    // V8 keeps the shapes of objects for a few collections.
    for (let i = 0; i < 3; i++) collectGarbage();
    held.push(process.memoryUsage().heapUsed - before);
  }
  return median(held);
}

/** A hub on a live topic, of which the test keeps nothing. */
function listening(dialect: Dialect = 'trunkline.v1') {
  const world = new HubWorld(topicProtocol, { settings: { tailLimit: 10, floodBuffer: 10 } });
  const tab = world.attach({ dialect });
  const topic = dialect === 'trunkline.v1' ? TOPIC : 'default';
  tab.subscribe(topic);
  if (dialect === 'trunkline.v1') world.socket.welcome();
  else world.socket.accept();
  const forget = () => {
    // So that nothing waits for the next flush of a flood.
    world.advance(20);
    world.effects.length = 0;
    tab.batches.length = 0;
    world.sockets.splice(0, world.sockets.length - 1);
    world.socket.texts.length = 0;
  };
  /** As the newest request wants it. */
  const ref = () => {
    const asked = world.socket.frames.findLast(
      ({ type }) => type === 'resync_request' || type === 'subscribe',
    );
    return asked && 'ref' in asked ? asked.ref : 0;
  };
  if (dialect === 'trunkline.v1') world.socket.say(...state(ref()));
  return { world, tab, forget, ref };
}

function state(ref: number, epoch = 'e1'): [ServerFrame, ServerFrame] {
  const at = { topic: TOPIC, ref, epoch, offset: 0 };
  return [
    { type: 'subscribed', ...at, recovered: false },
    { type: 'snapshot', ...at, ts: 0, part: 0, last: true, events: [] },
  ];
}

const event = (n: number, of: object, more: object = {}) => ({
  type: 'event',
  topic: TOPIC,
  offset: n,
  ts: n,
  event: of,
  ...more,
});

describe('a hub keeps nothing of', () => {
  test.for<[string, (n: number) => unknown]>([
    ['events of types that it does not know', (n) => event(n, { type: unique(n) })],
    ['events that break their schema', (n) => event(n, { type: 'node', id: n, state: unique(n) })],
    [
      'critical events that break their schema',
      (n) => event(n, { type: 'gate', is: unique(n) }, { ack: true }),
    ],
    ['critical events that a page took', (n) => event(n, { ...alarm(unique(n)) }, { ack: true })],
    ['events beyond the tail', (n) => event(n, line(unique(n)))],
    ['keys that come and go', (n) => [event(2 * n - 1, node(unique(n), '')), event(2 * n, gone(unique(n)))]],
    ['events out of their order', (n) => event(1_000_000 + n, node('a', unique(n)))],
    ['frames of types that it does not know', (n) => ({ type: unique(n) })],
    ['frames that are malformed', (n) => ({ type: 'event', topic: n, [unique(n)]: unique(n) })],
    ['text that is no JSON', unique],
    ['topics that nobody asked for', (n) => ({ ...event(n, line('')), topic: unique(n).slice(0, 1_024) })],
    ['answers that nobody waits for', (n) => ({ type: 'command_ack', id: unique(n) })],
    [
      'refusals that nobody waits for',
      (n) => ({ type: 'command_nack', id: unique(n), code: '', message: '', retry: true }),
    ],
    ['errors', (n) => ({ type: 'error', code: 'odd', message: unique(n), ended: false })],
    [
      'errors about a topic',
      (n) => ({ type: 'error', code: 'rate_limited', message: unique(n), topic: TOPIC, ended: true }),
    ],
    [
      'stale answers',
      (n) => ({
        type: 'subscribed',
        topic: TOPIC,
        ref: n + 10,
        epoch: unique(n),
        offset: 1,
        recovered: true,
      }),
    ],
    ['epochs that came and went', (n) => state(0, unique(n))],
  ])('%s', async ([, frame]) => {
    const { world, tab, forget } = listening();
    expect(
      await heldAfter((n) => {
        const said = frame(n);
        world.socket.text(typeof said === 'string' ? said : JSON.stringify(said));
        for (const { offset } of tab.events(TOPIC))
          tab.call({ method: 'took', topic: TOPIC, epoch: 'e1', taken: [offset], failed: [] });
        forget();
      }),
    ).toBeLessThan(HELD_BYTES);
  });

  test('what it has to tell a page that takes nothing', async () => {
    const { world, tab } = listening();
    tab.autoCredit = false;
    expect(
      // All at one moment: after some seconds it would count as stalled.
      await heldAfter((n) => {
        world.socket.say({ type: 'error', code: 'odd', message: `${n}`.padEnd(2_000), ended: false });
        world.effects.length = 0;
      }, 10 * COUNT),
    ).toBeLessThan(HELD_BYTES);
  });

  test('connections that ended', async () => {
    const { world, tab, forget } = listening();
    expect(
      await heldAfter((n) => {
        world.socket.say({ type: 'goodbye', code: unique(n), message: unique(n), retry: true });
        world.socket.close(1000);
        tab.call({ method: 'reconnect' });
        world.socket.welcome({ session: unique(n) });
        forget();
      }),
    ).toBeLessThan(HELD_BYTES);
  });

  test('a snapshot that never ends', () => {
    const { world, tab, ref } = listening();
    world.socket.say({ type: 'event', topic: TOPIC, offset: 9, ts: 1, event: node('a', '') });
    const asked = ref();
    const part = (n: number) => ({
      type: 'snapshot' as const,
      topic: TOPIC,
      ref: asked,
      epoch: 'e1',
      offset: 9,
      ts: 1,
      part: n,
      last: false,
      events: [{ offset: 1, ts: 1, event: node('a', 'x'.repeat(15_000_000)) }],
    });
    for (let n = 0; n < 4; n++) world.socket.say(part(n));
    expect(ref()).toBe(asked);
    world.socket.say(part(4));
    expect(ref()).toBeGreaterThan(asked);
    world.socket.say(...state(ref()));
    expect(tab.status(TOPIC)).toMatchObject({ state: 'live' });
  });

  test.for<[string, (n: number) => object]>([
    ['events of types that it does not know, plainly', (n) => ({ type: unique(n) })],
    ['events that break their schema, plainly', (n) => ({ type: 'node', id: n, state: unique(n) })],
    ['events beyond the tail, plainly', (n) => line(unique(n))],
    ['answers that nobody waits for, plainly', (n) => ({ type: 'nack', id: unique(n), message: unique(n) })],
  ])('%s', async ([, message]) => {
    const { world, forget } = listening({ plain: { acks: true } });
    expect(
      await heldAfter((n) => {
        world.socket.text(JSON.stringify(message(n)));
        forget();
      }),
    ).toBeLessThan(HELD_BYTES);
  });

  test('critical events that wait for a page, twice', () => {
    const { world } = listening();
    for (let n = 0; n < 100; n++)
      world.socket.text(
        JSON.stringify(event(1, gate('a', ''), { ack: true, redelivery: n > 0 || undefined })),
      );
    expect(world.report.topics).toMatchObject([{ unacknowledged: 1 }]);
  });
});

describe('a server keeps nothing of', () => {
  const topic = (n: number) => unique(n).slice(0, 1_024);
  const command = (n: number, of: object) => ({
    type: 'command',
    id: idOf(n),
    priority: 'normal',
    created_at: 1,
    attempt: 1,
    app_version: 3,
    command: of,
  });

  test.for<[string, (n: number, epoch: string) => Record<string, unknown>[]]>([
    ['frames of types that it does not know', (n) => [{ type: unique(n) }]],
    ['fields that it does not know', (n) => [{ type: 'ping', id: n, [unique(n)]: unique(n) }]],
    ['commands that it does not know', (n) => [command(n, { type: unique(n) })]],
    [
      'commands that break their schema',
      (n) => [command(n, { type: 'note', text: { [unique(n)]: unique(n) } })],
    ],
    [
      'topics that were left',
      (n) => [
        { type: 'subscribe', topic: topic(n), ref: n },
        { type: 'unsubscribe', topic: topic(n), ref: n },
      ],
    ],
    ['subscriptions beyond its limit', (n) => [{ type: 'subscribe', topic: topic(n), ref: n }]],
    [
      'topics that never held what a client saw of them',
      (n, epoch) => [
        { type: 'subscribe', topic: topic(n), ref: n, cursor: { epoch, offset: 7 } },
        { type: 'unsubscribe', topic: topic(n), ref: n },
      ],
    ],
    [
      'acknowledgements of what it never sent',
      (n, epoch) => [{ type: 'ack', topic: topic(n), epoch, offsets: [n] }],
    ],
  ])('%s', async ([, frames]) => {
    const world = new HandWorld({ limits: { subscriptionsPerConnection: 100 } });
    const peer = await world.join();
    const { epoch } = await world.broker.publish('t', { type: 'log', line: '' });
    const said = await heldAfter(async (n) => {
      for (const frame of frames(n, epoch)) {
        peer.say(frame);
        await setImmediate();
      }
      peer.frames.length = 0;
      peer.sizes.length = 0;
      // Now and then the server keeps house.
      if (n % 100 === 0) await world.clock.advance(60_000);
    }, 4 * COUNT);
    expect(peer.ended).toBeNull();
    expect(said).toBeLessThan(4 * COUNT * 500);
    expect(world.errors).toEqual([]);
  });

  test('connections that broke the protocol, and those that never said who they are', async () => {
    const world = new HandWorld();
    const held = await heldAfter(async (n) => {
      const peer = world.connect();
      if (n % 2 === 0) peer.hear(unique(n));
      else await world.clock.advance(10_000);
      expect(peer.ended).toEqual({ code: 1002 });
      peer.lose();
    });
    expect(held).toBeLessThan(HELD_BYTES);
    expect(world.broker.stats().connections).toBe(0);
  });
});
