import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { defineProtocol } from '../../../src/protocol/index.ts';
import type { AttachRequest } from '../../../src/protocol/port.ts';
import type { Disk } from '../../../testing/fakes/disk.ts';
import { browser } from '../../../worker/browser/platform.ts';
import { plainObjects } from '../../../worker/core/dialect/plain.ts';
import { type HubSettings, hubSettings } from '../../../worker/core/settings.ts';
import { Hubs } from '../../../worker/shell/hubs.ts';
import { pagePort } from '../../../worker/shell/port.ts';
import { HubWorld } from '../../support/hub-world.ts';
import { closedOf, DURABLE, decide, ops, remark } from './ops.ts';

type Plain = Exclude<AttachRequest['dialect'], string>['plain'];

function speak(
  plain: Plain = {},
  options: { settings?: Partial<HubSettings>; disk?: Disk; now?: number; ownershipId?: string } = {},
) {
  const world = new HubWorld(ops, options);
  const tab = world.attach({ dialect: { plain } });
  return { world, tab };
}

function connected(...args: Parameters<typeof speak>) {
  const started = speak(...args);
  started.tab.subscribe('default');
  started.world.socket.accept();
  return started;
}

const written = (world: HubWorld) => world.socket.texts.map((text) => JSON.parse(text) as object);
const node = (id: string, state: string, more: object = {}) =>
  JSON.stringify({ type: 'node', id, state, ...more });

describe('the connection', () => {
  test('has no subprotocol and no handshake: open is open, and nothing is written', () => {
    const { world, tab } = connected();
    expect(world.socket.subprotocol).toBeNull();
    expect(tab.connection).toMatchObject({ state: 'open', session: 'hub-1' });
    expect(world.socket.texts).toEqual([]);
    expect(tab.status('default')).toMatchObject({ state: 'live', epoch: 'hub-1', offset: 0 });
  });

  test('asks for no token: there is no place for it', () => {
    const world = new HubWorld(ops);
    const tab = world.attach({ dialect: { plain: {} }, hasToken: true });
    tab.subscribe('default');
    world.socket.accept();
    expect(tab.connection?.state).toBe('open');
    expect(tab.tokenRequest).toBe(-1);
  });

  test('pings only with `heartbeat: true`', () => {
    const without = connected();
    without.tab.call({ method: 'reconnect' });
    without.world.advance(600_000);
    expect(without.world.socket.texts).toEqual([]);
    expect(without.tab.connection?.state).toBe('open');
    const { world, tab } = connected({ heartbeat: true });
    world.advance(30_000);
    expect(written(world)).toEqual([{ type: 'ping' }]);
    world.advance(5);
    world.socket.text('{"type":"pong"}');
    expect(tab.connection).toMatchObject({ state: 'open', rttMs: 5 });
    tab.call({ method: 'reconnect' });
    expect(written(world)).toHaveLength(2);
    world.socket.text('{"type":"pong"}');
    world.advance(30_000);
    world.advance(10_000);
    expect(closedOf(tab).reason).toBe('heartbeat');
    expect(tab.events('default')).toEqual([]);
  });
});

describe('events', () => {
  test('every typed object is one of topic `default`, numbered, with the key of the protocol', () => {
    const { world, tab } = connected();
    world.socket.text(node('a', 'running', { timestamp: 1_700_000_000_000 }));
    world.socket.text('{"type":"note","text":"hi","ts":"2026-01-01T00:00:00Z"}');
    world.socket.text(node('a', 'done'));
    expect(tab.events('default')).toMatchObject([
      { offset: 1, key: 'a', ts: 1_700_000_000_000, event: { type: 'node', state: 'running' } },
      { offset: 2, key: null, ts: Date.UTC(2026, 0, 1) },
      { offset: 3, key: 'a', ts: Date.UTC(2026, 0, 1) },
    ]);
  });

  test('anything else is malformed, and what breaks its schema is skipped', () => {
    const { world, tab } = connected();
    for (const text of ['oops', '[]', '7', 'null', '{"type":1}', '[{"type":"note","text":"x"}]'])
      world.socket.text(text);
    world.socket.text('{"type":"node","id":1}');
    world.socket.text('{"type":"unheard of"}');
    world.socket.text(node('a', 'done'));
    expect(world.report.counts).toMatchObject({ malformedFrames: 6, invalidEvents: 1, unknownEvents: 1 });
    expect(tab.events('default')).toMatchObject([{ offset: 3 }]);
  });

  test('a tab that joins is given the state by the hub', () => {
    const { world } = connected();
    world.socket.text(node('a', 'running'));
    world.socket.text(node('a', 'done'));
    const other = world.attach({ dialect: { plain: {} } });
    other.subscribe('default');
    expect(other.snapshots('default')).toMatchObject([
      { offset: 2, events: [{ offset: 2, event: { state: 'done' } }] },
    ]);
    expect(world.socket.texts).toEqual([]);
  });

  test('the state and the numbers stay over a short outage', () => {
    const { world, tab } = connected();
    world.socket.text(node('a', 'running'));
    world.socket.close();
    world.advance(1_000);
    world.socket.accept();
    expect(world.socket.texts).toEqual([]);
    expect(tab.snapshots('default')).toHaveLength(1);
    world.socket.text(node('b', 'running'));
    expect(tab.events('default')).toMatchObject([{ offset: 1 }, { offset: 2 }]);
  });

  test('the numbers go on where the options change', () => {
    const { world, tab } = connected({ acks: false });
    world.socket.text(node('a', 'running'));
    world.attach({ dialect: { plain: { acks: true } }, appVersion: 2 });
    world.socket.close();
    world.advance(1_000);
    world.socket.accept();
    world.socket.text(node('b', 'running'));
    expect(tab.events('default')).toMatchObject([{ offset: 1 }, { offset: 2 }]);
  });

  test('a topic that was left begins anew, with what comes', () => {
    const { world, tab } = connected();
    world.socket.text(node('a', 'running'));
    tab.call({ method: 'unsubscribe', topic: 'default' });
    decide(tab, 'keeps the connection open');
    world.advance(5_000);
    world.socket.text(node('b', 'running'));
    tab.subscribe('default');
    expect(tab.snapshots('default').at(-1)).toMatchObject({ offset: 2, events: [] });
    world.socket.text(node('c', 'running'));
    expect(tab.events('default').at(-1)).toMatchObject({ offset: 3 });
  });

  test('there is no other topic', () => {
    const { world, tab } = connected();
    tab.subscribe('run:1');
    expect(tab.status('run:1')).toMatchObject({ state: 'refused', code: 'unknown_topic' });
    expect(world.socket.texts).toEqual([]);
  });
});

describe('resync_request', () => {
  test('after more than 30 s of silence around an outage, with the newest timestamp', () => {
    const { world, tab } = connected();
    world.socket.text(node('a', 'running', { timestamp: 5_000 }));
    world.socket.text(node('b', 'running', { timestamp: 4_000 }));
    world.advance(30_001);
    world.socket.close();
    world.advance(1_000);
    world.socket.accept();
    expect(written(world)).toEqual([{ type: 'resync_request', last_seen: 5_000 }]);
    // What the server sends then is all there is: the state stays until it says otherwise.
    expect(tab.snapshots('default')).toHaveLength(1);
    world.socket.text(node('a', 'done', { timestamp: 6_000 }));
    expect(tab.events('default').at(-1)).toMatchObject({ offset: 3, key: 'a' });
    world.socket.close();
    world.advance(2_000);
    world.socket.accept();
    expect(world.socket.texts).toEqual([]);
  });

  test('once, however often the topic is asked for', () => {
    const { world, tab } = connected({ acks: true });
    world.socket.text(node('a', 'running', { timestamp: 5_000 }));
    world.advance(31_000);
    world.socket.close();
    world.advance(1_000);
    world.socket.accept();
    decide(tab, 'keeps the connection open');
    tab.call({ method: 'unsubscribe', topic: 'default' });
    world.advance(5_000);
    tab.subscribe('default');
    expect(written(world)).toMatchObject([{ type: 'resync_request' }, { type: 'decide' }]);
  });

  test('with null where the server gives no timestamps', () => {
    const { world } = connected();
    world.socket.text(node('a', 'running'));
    world.advance(31_000);
    world.socket.close();
    world.advance(1_000);
    world.socket.accept();
    expect(written(world)).toEqual([{ type: 'resync_request', last_seen: null }]);
  });

  test.for([
    ['of at most 30 s', 29_000],
    ['that is no outage', null],
  ] as const)('not after a silence %s', ([, gap]) => {
    const { world } = connected();
    world.socket.text(node('a', 'running'));
    if (gap === null) world.advance(120_000);
    else {
      world.advance(gap);
      world.socket.close();
      world.advance(1_000);
      world.socket.accept();
    }
    expect(world.socket.texts).toEqual([]);
  });

  test('no resync_request is written at the first connection of all', () => {
    const { world, tab } = speak();
    tab.subscribe('default');
    world.socket.close();
    world.advance(1_000);
    world.advance(9_000);
    world.socket.accept();
    expect(world.socket.texts).toEqual([]);
  });

  test('a resync_request is written by the next hub, which knows when the last one heard the server', () => {
    const { world } = connected();
    world.socket.text(node('a', 'running', { timestamp: 5_000 }));
    world.advance(1_000);
    const sooner = connected({}, { disk: world.disk, ownershipId: 'hub-2', now: world.now + 10_000 });
    expect(sooner.world.socket.texts).toEqual([]);
    const later = connected({}, { disk: world.disk, ownershipId: 'hub-3', now: world.now + 60_000 });
    expect(written(later.world)).toEqual([{ type: 'resync_request', last_seen: 5_000 }]);
    expect(later.tab.snapshots('default')).toMatchObject([{ epoch: 'hub-3', events: [] }]);
  });

  test('a resync_request is written where the clock was set back meanwhile, and nobody knows how long the gap was', () => {
    const { world } = connected();
    world.socket.text(node('a', 'running', { timestamp: 5_000 }));
    world.socket.close();
    world.now -= 3_600_000;
    world.feed({ type: 'deadline' });
    world.advance(1_000);
    world.socket.accept();
    expect(written(world)).toEqual([{ type: 'resync_request', last_seen: 5_000 }]);
  });
});

describe('commands', () => {
  test('go out as their own object, with id, priority and timestamp', () => {
    const { world, tab } = connected({ acks: true });
    const { id } = decide(tab, 'g');
    expect(written(world)).toEqual([
      { type: 'decide', gate: 'g', id, priority: 'high', timestamp: world.now },
    ]);
  });

  test('with acks, the server answers for good: accepted or rejected', () => {
    const { world, tab } = connected({ acks: true });
    const [first, second, third] = [remark(tab, 1), remark(tab, 2), remark(tab, 3)];
    world.advance(60_000);
    expect(tab.settled).toEqual([]);
    world.socket.text(JSON.stringify({ type: 'ack', id: first?.id }));
    world.socket.text(JSON.stringify({ type: 'nack', id: second?.id, message: 'no' }));
    world.socket.text(JSON.stringify({ type: 'nack', id: third?.id }));
    world.socket.text('{"type":"ack"}');
    expect(tab.settled.map(({ outcome }) => outcome)).toMatchObject([
      { status: 'accepted', duplicate: false },
      { status: 'rejected', code: 'rejected', message: 'no' },
      { status: 'rejected' },
    ]);
    expect(tab.events('default')).toEqual([]);
    expect(world.report.counts.malformedFrames).toBe(1);
  });

  test('with acks, what is unanswered is sent again: at least once', () => {
    const { world, tab } = connected({ acks: true });
    const { id } = decide(tab, 'g');
    world.socket.close();
    world.advance(1_000);
    world.socket.accept();
    expect(written(world)).toMatchObject([{ type: 'decide', id }]);
    const next = connected({ acks: true }, { disk: world.disk, ownershipId: 'hub-2' });
    expect(written(next.world)).toMatchObject([{ type: 'decide', id }]);
  });

  test('with acks, what a page offers anew is sent, however long ago it may have been sent before', () => {
    const { world, tab } = connected({ acks: true });
    tab.send({ command: { type: 'remark', n: 1 }, maybeSentMs: 60_000 });
    expect(written(world)).toMatchObject([{ type: 'remark', n: 1 }]);
    expect(tab.outbox).toMatchObject([{ state: 'sent' }]);
  });

  test('without acks, they are written once the socket stayed open for 2 s with nothing left to send', () => {
    const { world, tab } = connected();
    const { id, pending } = decide(tab, 'g');
    expect(pending.reply).toEqual(DURABLE);
    world.advance(1_999);
    expect(tab.settled).toEqual([]);
    world.advance(1);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'written' } }]);
    expect(world.disk.entries.size).toBe(0);
    expect(tab.call({ method: 'settled', id })).toEqual({ ok: true, value: { status: 'written' } });
  });

  test('each by its own time', () => {
    const { world, tab } = connected();
    const first = remark(tab, 1);
    world.advance(1_500);
    const second = remark(tab, 2);
    world.advance(500);
    expect(tab.settled.map(({ id }) => id)).toEqual([first.id]);
    world.advance(1_500);
    expect(tab.settled.map(({ id }) => id)).toEqual([first.id, second.id]);
  });

  test('while something is left to send they are not', () => {
    const { world, tab } = connected();
    decide(tab, 'g');
    world.socket.bufferedBytes = 10;
    world.advance(5_000);
    expect(tab.settled).toEqual([]);
    world.socket.bufferedBytes = 0;
    world.advance(2_000);
    expect(tab.settled).toMatchObject([{ outcome: { status: 'written' } }]);
  });

  test('where the socket is lost before, they are sent again', () => {
    const { world, tab } = connected();
    const { id } = decide(tab, 'g');
    world.advance(1_999);
    world.socket.close();
    world.advance(1_000);
    world.socket.accept();
    expect(written(world)).toMatchObject([{ id }]);
    world.advance(1_999);
    expect(tab.settled).toEqual([]);
    world.advance(1);
    expect(tab.settled).toMatchObject([{ outcome: { status: 'written' } }]);
  });

  test('a clock that is set back does not hold them up', () => {
    const { world, tab } = connected();
    decide(tab, 'g');
    world.now -= 3_600_000;
    world.feed({ type: 'deadline' });
    world.advance(2_000);
    expect(tab.settled).toMatchObject([{ outcome: { status: 'written' } }]);
  });

  test('high ones keep their order also here', () => {
    const { world, tab } = connected();
    decide(tab, 'a', 'run:1');
    decide(tab, 'b', 'run:1');
    expect(written(world)).toMatchObject([{ gate: 'a' }]);
    world.advance(2_000);
    expect(written(world)).toMatchObject([{ gate: 'a' }, { gate: 'b' }]);
  });

  test('the socket stays until they are written', () => {
    const { world, tab } = connected();
    decide(tab, 'g');
    tab.leave();
    world.advance(1_999);
    expect(world.socket.state).toBe('open');
    world.advance(5_001);
    expect(world.socket.state).toBe('closing');
  });
});

describe('what cannot be spoken plainly is refused', () => {
  const base = { app: 'ops', version: 1 } as const;
  const none = z.object({});

  test('a protocol that fits is not', () => {
    expect(plainObjects.refusal(ops)).toBeNull();
  });

  test.for(['ack', 'nack', 'pong'])('an event of type `%s`', (type) => {
    const protocol = defineProtocol({ ...base, events: { [type]: { schema: none } }, commands: {} });
    expect(plainObjects.refusal(protocol)).toContain(`"${type}"`);
  });

  test.for(['id', 'priority', 'timestamp'])('a command with a field `%s`', (field) => {
    const schema = z.object({ [field]: z.string() });
    const protocol = defineProtocol({ ...base, events: {}, commands: { act: { schema } } });
    expect(plainObjects.refusal(protocol)).toMatch(new RegExp(`"${field}" of command "act"`));
  });

  test('when a page attaches', async () => {
    const schema = z.object({ id: z.string() });
    const protocol = defineProtocol({ ...base, events: {}, commands: { act: { schema } } });
    const port = pagePort(new Hubs(browser, protocol, hubSettings()));
    const sink = { deliver: async () => {} };
    const request: AttachRequest = {
      ...{ app: 'ops', appVersion: 1, identity: 'ann', url: 'ws://test/ws', lease: 'l' },
      ...{ visible: true, hasToken: false, dialect: { plain: {} } },
    };
    expect(await port.attach(request, sink)).toMatchObject({ ok: false, code: 'unsupported' });
  });
});
