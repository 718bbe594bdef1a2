/** What the hub checks of its server's word: a server that has lost something and does not know it must not go unnoticed. */
import { describe, expect, test } from 'vitest';
import type { WorldTab } from '../../support/hub-world.ts';
import { alarm, item, line, TOPIC, TopicScene, tsOf } from '../../support/topic-scene.ts';
import { decide, remark, start } from './ops.ts';

const reportsOf = (tab: WorldTab | undefined) =>
  (tab?.batches ?? [])
    .flatMap(({ reports }) => reports ?? [])
    .flatMap((report) => (report.kind === 'error' ? [report.code] : []));

describe('a server that says "recovered" below the cursor', () => {
  test('is asked for a snapshot, and reported once', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1, [], 5);
    for (let time = 1; time <= 2; time++) {
      scene.reconnect();
      expect(scene.request).toMatchObject({ type: 'subscribe', cursor: { epoch: 'e1', offset: 5 } });
      scene.subscribed({ offset: 4, recovered: true });
      expect(scene.request).toMatchObject({ type: 'resync_request', cursor: { epoch: 'e1', offset: 5 } });
      expect(tab?.status(TOPIC)).toMatchObject({ state: 'stale' });
      scene.answer({ offset: 4 });
      expect(tab?.status(TOPIC)).toMatchObject({ state: 'live', offset: 4 });
      scene.event(line('on'));
      expect(tab?.events(TOPIC).at(-1)).toMatchObject({ offset: 5 });
    }
    expect(reportsOf(tab)).toEqual(['server_inconsistent']);
  });

  test('is believed at the cursor', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1, [], 5);
    scene.reconnect();
    scene.subscribed({ offset: 5, recovered: true });
    expect(tab?.status(TOPIC)).toMatchObject({ state: 'live', offset: 5 });
    expect(reportsOf(tab)).toEqual([]);
  });
});

describe.each([
  ['whose time runs backwards', { server_time: 9_999, dedupe_since: 1_000 }],
  ['whose memory begins earlier than it told before', { server_time: 20_000, dedupe_since: 999 }],
])('a server %s', (_what, welcome) => {
  test('leaves what it may have run to a person, and sends what it never got', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    world.socket.welcome({ server_time: 10_000, dedupe_since: 1_000 });
    const { id } = decide(tab, 'g');
    world.socket.close();
    const late = remark(tab, 1);
    world.advance(1_000);
    world.socket.welcome(welcome);
    expect(world.socket.sent('command').map((frame) => frame.id)).toEqual([late.id]);
    expect(tab.outbox).toMatchObject([
      { id, state: 'uncertain' },
      { id: late.id, state: 'sent' },
    ]);
    expect(reportsOf(tab)).toEqual(['server_inconsistent']);
    // A person decides, and the server's word counts from there on.
    tab.call({ method: 'retry', id });
    expect(world.socket.sent('command').map((frame) => frame.id)).toEqual([late.id, id]);
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ ...welcome, server_time: welcome.server_time + 1_000 });
    expect(
      world.socket
        .sent('command')
        .map((frame) => frame.id)
        .sort(),
    ).toEqual([late.id, id].sort());
    expect(reportsOf(tab)).toEqual(['server_inconsistent']);
  });

  test('is asked for the state of every topic, however short the gap was', () => {
    const scene = new TopicScene();
    const tab = scene.tab();
    scene.world.socket.welcome({ server_time: 10_000, dedupe_since: 1_000 });
    scene.answer({ offset: 5 });
    scene.world.socket.close();
    scene.world.advance(1_000);
    scene.world.socket.welcome(welcome);
    expect(scene.request).toMatchObject({ type: 'resync_request', cursor: { offset: 5 } });
    expect(tab.status(TOPIC)).toMatchObject({ state: 'stale' });
  });
});

describe('critical events that no page has taken, when the epoch changes', () => {
  const held = () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1, [], 5);
    scene.event(alarm('fire'), { ack: true });
    return { scene, tab };
  };

  test('are told as lost where the server does not have them any more', () => {
    const { scene, tab } = held();
    scene.world.socket.say({
      type: 'subscribed',
      topic: TOPIC,
      ref: 0,
      epoch: 'e2',
      offset: 0,
      recovered: false,
    });
    scene.snapshot({ ref: 0, epoch: 'e2', offset: 0 });
    expect(tab?.status(TOPIC)).toMatchObject({ state: 'live', epoch: 'e2', gaps: 1 });
    expect(tab?.snapshots(TOPIC).at(-1)).toMatchObject({ gap: true });
    expect(reportsOf(tab)).toEqual(['events_missing']);
  });

  test('are not told as lost where it has them, and are given when it repeats them', () => {
    const { scene, tab } = held();
    scene.world.socket.say({
      type: 'subscribed',
      topic: TOPIC,
      ref: 0,
      epoch: 'e2',
      offset: 6,
      recovered: false,
    });
    scene.snapshot({ ref: 0, epoch: 'e2', offset: 6, events: [item(6, alarm('fire'))], missed: [] });
    expect(tab?.status(TOPIC)).toMatchObject({ gaps: 0 });
    scene.event(alarm('fire'), { offset: 6, ts: tsOf(6), ack: true, redelivery: true });
    expect(tab?.events(TOPIC).at(-1)).toMatchObject({ offset: 6, repeat: true });
  });

  test('are no loss where a page has taken them', () => {
    const { scene, tab } = held();
    tab?.call({ method: 'took', topic: TOPIC, epoch: 'e1', taken: [6], failed: [] });
    const at = { topic: TOPIC, ref: 0, epoch: 'e2', offset: 0 };
    scene.world.socket.say({ type: 'subscribed', ...at, recovered: false });
    scene.snapshot(at);
    expect(tab?.status(TOPIC)).toMatchObject({ epoch: 'e2', gaps: 0 });
  });
});
