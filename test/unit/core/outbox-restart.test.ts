import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { defineProtocol } from '../../../src/protocol/index.ts';
import type { AnyProtocol } from '../../../src/protocol/types.ts';
import type { Disk } from '../../../testing/fakes/disk.ts';
import { HubWorld, START } from '../../support/hub-world.ts';
import { connect, DURABLE, decide, giveEmpty, ops, remark, start } from './ops.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** The next hub on the same disk, with one tab. */
function restart(disk: Disk, options: { now?: number; protocol?: AnyProtocol } = {}) {
  const { protocol = ops, now = START + 60_000 } = options;
  const world = new HubWorld(protocol, { disk, now, ownershipId: `hub-${disk.term + 1}` });
  return { world, tab: world.attach() };
}

const RUN_B = { id: 'run b', from: 20_000 };

describe('a worker dies', () => {
  test('with commands unsent: the next one sends them, in order, without any tab', () => {
    const { world, tab } = start();
    const ids = [remark(tab, 1), decide(tab, 'a', 'r'), decide(tab, 'b', 'r')].map(({ id }) => id);
    const next = new HubWorld(ops, { disk: world.disk, ownershipId: 'hub-2' });
    expect(next.sockets).toHaveLength(0);
    const other = next.attach();
    other.leave();
    next.socket.welcome();
    next.socket.say({ type: 'command_ack', id: ids[1] ?? '' });
    next.socket.say({ type: 'command_ack', id: ids[2] ?? '' });
    expect(next.socket.sent('command').map(({ id }) => id)).toEqual([ids[1], ids[2], ids[0]]);
  });

  test('with a command unsent: the next one says nothing of the outbox before it has read it', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    const next = new HubWorld(ops, { disk: world.disk, ownershipId: 'hub-2', open: false });
    const page = next.attach();
    expect(page.batches).toHaveLength(1);
    next.openStore();
    const told = page.batches.flatMap(({ outbox }) => (outbox ? [outbox.map((entry) => entry.id)] : []));
    expect(told).toEqual([[id]]);
  });

  test('with a command sent and unanswered: the same id goes again, with the next attempt', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    const next = restart(world.disk);
    next.world.socket.welcome();
    expect(next.world.socket.sent('command')).toMatchObject([{ id, attempt: 2 }]);
  });

  test('with a command of a trace: each frame of it says of which, also where a person wants it again', () => {
    const { world, tab } = connect();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { id } = tab.send({ command: { type: 'decide', gate: 'g' }, traceparent });
    remark(tab, 1);
    expect(world.socket.sent('command').map((frame) => frame.traceparent)).toEqual([traceparent, undefined]);
    const next = restart(world.disk);
    next.world.socket.welcome();
    next.world.socket.say({ type: 'command_nack', id, code: 'no', message: '', retry: false });
    expect(next.tab.call({ method: 'retry', id })).toEqual(DURABLE);
    const again = next.world.socket.sent('command').filter((frame) => frame.id === id);
    expect(again).toMatchObject([
      { attempt: 2, traceparent },
      { attempt: 3, traceparent },
    ]);
  });

  test('after the store took a command and before its reply: the same send, offered again, is one command', () => {
    const { world, tab } = start();
    world.autoCommit = false;
    const sent = decide(tab, 'g');
    world.disk.apply(world.commits[0]?.content.ops ?? []);
    expect(sent.pending.reply).toBeUndefined();
    const next = restart(world.disk);
    const again = next.tab.send({
      id: sent.id,
      command: { type: 'decide', gate: 'g' },
      priority: 'high',
      dedupeKey: 'g',
    });
    expect(again.pending.reply).toEqual(DURABLE);
    next.world.socket.welcome();
    expect(next.world.socket.sent('command')).toHaveLength(1);
  });

  test('before the store took it: the send, offered again, is taken', () => {
    const { world, tab } = start();
    world.autoCommit = false;
    const sent = decide(tab, 'g');
    const next = restart(world.disk);
    const again = next.tab.send({ id: sent.id, command: { type: 'decide', gate: 'g' }, priority: 'high' });
    expect(again.pending.reply).toEqual(DURABLE);
    expect(next.tab.outbox).toHaveLength(1);
  });

  test('after the ack and before its outcome was stored: the command goes again, as a duplicate', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.autoCommit = false;
    world.socket.say({ type: 'command_ack', id, result: 1 });
    expect(tab.settled).toEqual([]);
    const next = restart(world.disk);
    next.world.socket.welcome();
    expect(next.world.socket.sent('command')).toMatchObject([{ id }]);
    next.world.socket.say({ type: 'command_ack', id, duplicate: true, result: 1 });
    const outcome = { status: 'accepted', duplicate: true, result: 1 };
    expect(next.tab.settled).toEqual([{ id, outcome }]);
  });

  test('after the outcome was stored and before a tab heard it: whoever asks is told', () => {
    const { world, tab } = connect();
    tab.autoCredit = false;
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_ack', id, result: 1 });
    expect(tab.settled).toEqual([]);
    const next = restart(world.disk);
    expect(next.tab.call({ method: 'settled', id })).toEqual({
      ok: true,
      value: { status: 'accepted', duplicate: false, result: 1 },
    });
    const again = next.tab.send({ id, command: { type: 'decide', gate: 'g' }, priority: 'high' });
    expect(again.pending.reply).toEqual(DURABLE);
    expect(next.world.sockets).toHaveLength(0);
  });

  test('after a cancel: it stays cancelled', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    tab.call({ method: 'cancel', id });
    const next = restart(world.disk);
    expect(next.tab.outbox).toEqual([]);
    expect(next.tab.call({ method: 'settled', id })).toMatchObject({ value: { status: 'cancelled' } });
  });

  test('what comes from the future, by a clock that was set back, has lived for too long', () => {
    const { world, tab } = start();
    const { id } = tab.send({ command: { type: 'probe', n: 1 } });
    const next = restart(world.disk, { now: START - 3_600_000 });
    expect(next.tab.outbox).toMatchObject([{ id, state: 'expired' }]);
  });

  test("what comes from the future is not taken for too old where the server's clock was known: that one tells", () => {
    const { world, tab } = connect();
    world.socket.close();
    const { id } = tab.send({ command: { type: 'probe', n: 1 } });
    const server_time = world.now + 4_000;
    const next = restart(world.disk, { now: START - 3_600_000 });
    expect(next.tab.outbox).toMatchObject([{ id, state: 'queued' }]);
    next.world.socket.welcome({ server_time });
    expect(next.world.socket.sent('command')).toMatchObject([{ id, expires_at: server_time + 1_000 }]);
    const later = restart(world.disk, { now: START - 3_600_000 });
    later.world.socket.welcome({ server_time: server_time + 1_000, capabilities: ['expires_at'] });
    expect(later.world.socket.sent('command')).toMatchObject([{ id, attempt: 2 }]);
  });

  test('what expired meanwhile is expired, and its expiry told', () => {
    const { world, tab } = start();
    const { id } = tab.send({ command: { type: 'probe', n: 1 } });
    const next = restart(world.disk, { now: START + 5_000 });
    expect(next.tab.outbox).toMatchObject([{ id, state: 'expired' }]);
    expect(world.disk.entries.get(id)?.fate.state).toBe('expired');
    expect(next.tab.call({ method: 'settled', id })).toMatchObject({ value: { status: 'expired' } });
  });

  test('a command that is asked for before the store is open waits for it, and keeps to what is stored', () => {
    const { world, tab } = start();
    decide(tab, 'g');
    const next = new HubWorld(ops, { disk: world.disk, ownershipId: 'hub-2', open: false });
    const early = next.attach();
    const twin = decide(early, 'g');
    const other = decide(early, 'h');
    const asked = next.call(early.id, { method: 'settled', id: twin.id });
    expect([twin.pending.reply, other.pending.reply, asked.reply]).toEqual([undefined, undefined, undefined]);
    next.openStore();
    expect(twin.pending.reply).toMatchObject({ ok: false, code: 'duplicate_command' });
    expect(other.pending.reply).toEqual(DURABLE);
    expect(asked.reply).toEqual({ ok: true, value: { status: 'forgotten' } });
    expect(early.outbox.map(({ dedupeKey }) => dedupeKey)).toEqual(['g', 'h']);
  });
});

describe('uncertain', () => {
  test.for(['offered again to this hub', 'stored by an earlier one'])(
    'a send that may have been sent, %s, is not taken for a younger one where the clock was set back',
    (how) => {
      const { world, tab } = start();
      const { id } = tab.send({ command: { type: 'remark', n: 1 }, maybeSentMs: 10_000 });
      world.now -= DAY_MS;
      const next =
        how === 'stored by an earlier one' ? restart(world.disk, { now: world.now }) : { world, tab };
      next.world.advance(1_000);
      next.tab.call({ method: 'reconnect' });
      // The server has forgotten what was before the last five seconds.
      next.world.socket.welcome({ server_time: START, dedupe_since: START - 5_000 });
      expect(next.world.socket.sent('command')).toEqual([]);
      expect(next.tab.outbox).toMatchObject([{ id, state: 'uncertain' }]);
    },
  );

  test('what was first sent before the server’s memory is never sent again by itself', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    const unsent = decide(tab, 'h', 'run:1');
    world.socket.welcome({ server_time: 1_000 });
    world.socket.close();
    world.advance(1_000);
    const third = remark(tab, 1);
    world.socket.welcome({ server_time: 5_000, dedupe_since: 1_001 });
    expect(world.socket.sent('command').map((frame) => frame.id)).toEqual([third.id]);
    expect(tab.outbox).toMatchObject([
      { id, state: 'uncertain' },
      { id: unsent.id, state: 'uncertain' },
      { id: third.id, state: 'sent' },
    ]);
    expect(tab.settled.map(({ outcome }) => outcome)).toEqual([
      { status: 'uncertain' },
      { status: 'uncertain' },
    ]);
  });

  test('what waited for the store to be opened may have been sent by that much longer ago', () => {
    const world = new HubWorld(ops, { open: false });
    const tab = world.attach();
    const { id } = tab.send({ command: { type: 'remark', n: 1 }, maybeSentMs: 10_000 });
    world.advance(30_000);
    world.openStore();
    world.socket.welcome({ dedupe_since: world.now - 20_000 });
    expect(tab.settled).toEqual([{ id, outcome: { status: 'uncertain' } }]);
    expect(world.socket.sent('command')).toEqual([]);
  });

  test('what was first sent since then is sent again', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.socket.welcome({ server_time: 1_000 });
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ server_time: 5_000, dedupe_since: 1_000 });
    expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 2 }]);
  });

  test('by when it was first sent, not by its last attempt', () => {
    const { world, tab } = start();
    decide(tab, 'g');
    world.socket.welcome({ server_time: 1_000 });
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ server_time: 2_000, dedupe_since: 500 });
    world.socket.close();
    world.advance(2_000);
    world.socket.welcome({ server_time: 3_000, dedupe_since: 1_500 });
    expect(world.socket.sent('command')).toEqual([]);
    expect(tab.outbox).toMatchObject([{ state: 'uncertain' }]);
  });

  test('what was first sent after the server’s present time is never sent again by itself: its clock was set back', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.socket.welcome({ server_time: 5_000, dedupe_since: 1_000 });
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ server_time: 4_999, dedupe_since: 4_990 });
    expect(world.socket.sent('command')).toEqual([]);
    expect(tab.outbox).toMatchObject([{ id, state: 'uncertain' }]);
  });

  /** Sent to `run a`, 5 s after its welcome, and unanswered, as is another one that was sent with it. */
  function sentLate() {
    const scene = start();
    decide(scene.tab, 'f', 'run:1');
    scene.world.socket.welcome({ server_time: 10_000, runs: [{ id: 'run a', from: 9_000 }] });
    scene.world.advance(5_000);
    const { id } = decide(scene.tab, 'g');
    return { ...scene, id };
  }

  test.each([
    ['to the same run', 'sent', [{ id: 'run a', from: 9_000 }]],
    ['to a run that is known for as long', 'sent', [{ id: 'run a', from: 9_000, until: 16_000 }, RUN_B]],
    ['after the backup, to its run', 'uncertain', [{ id: 'run a', from: 9_000, until: 14_000 }, RUN_B]],
    ['to an unknown run, at the time of another', 'uncertain', [{ id: 'run b', from: 8_000 }]],
    ['to a server that names no runs now', 'sent', undefined],
  ] as const)('what was last sent %s is %s', (_, state, runs) => {
    const { world, tab, id } = sentLate();
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ server_time: 30_000, dedupe_since: 500, ...(runs && { runs: [...runs] }) });
    expect(tab.outbox.find((entry) => entry.id === id)?.state).toBe(state);
  });

  test.each([
    ['had begun by then', 'sent', 15_500],
    ['has begun only since, and has the same times again', 'uncertain', 15_400],
    ['seems to have begun by then, by a clock that was set ahead since', 'uncertain', 30_000],
  ] as const)(
    'what was sent to a run that was over is known to the next one if that %s',
    (_, state, server_time) => {
      const { world, tab, id } = sentLate();
      world.socket.close();
      world.advance(1_000);
      const runs = [
        { id: 'run a', from: 9_000, until: 14_000 },
        { id: 'run b', from: 14_500 },
      ];
      world.socket.welcome({ server_time, dedupe_since: 500, runs });
      expect(tab.outbox.find((entry) => entry.id === id)?.state).toBe(state);
    },
  );

  test('what was sent after the next run had begun is known to it, though it was asked for before', () => {
    const { world, tab } = start();
    const [first, second] = ['g', 'h'].map((gate) => decide(tab, gate, 'run:1').id);
    world.socket.welcome({ server_time: 10_000, runs: [{ id: 'run a', from: 9_000 }] });
    world.advance(5_000);
    world.socket.say({ type: 'command_ack', id: first ?? '' });
    world.socket.close();
    world.advance(1_000);
    const runs = [
      { id: 'run a', from: 9_000, until: 14_000 },
      { id: 'run b', from: 14_500 },
    ];
    world.socket.welcome({ server_time: 16_000, dedupe_since: 500, runs });
    expect(tab.outbox).toMatchObject([{ id: second, state: 'sent', attempt: 2 }]);
  });

  test.each([
    ['is known to it', 'sent', 1_000],
    ["is not, where the browser's clock was set back since", 'uncertain', -1_000],
  ] as const)(
    'what an earlier hub marked after the next run had begun, and asked for before, %s',
    (_, state, passedMs) => {
      const { world, tab } = start();
      const [first, second] = ['g', 'h'].map((gate) => decide(tab, gate, 'run:1').id);
      world.socket.welcome({ server_time: 10_000, runs: [{ id: 'run a', from: 9_000 }] });
      // It stands still until then, and so does its line.
      world.advance(5_000);
      world.socket.say({ type: 'command_ack', id: first ?? '' });
      const next = restart(world.disk, { now: world.now + passedMs });
      const runs = [
        { id: 'run a', from: 9_000, until: 14_000 },
        { id: 'run b', from: 14_500 },
      ];
      next.world.socket.welcome({ server_time: 16_000, dedupe_since: 500, runs });
      expect(next.tab.outbox).toMatchObject([{ id: second, state }]);
    },
  );

  test('what was sent to the present run is known to it, also where its clock was set ahead since', () => {
    const { world, tab, id } = sentLate();
    world.socket.close();
    world.advance(1_000);
    const runs = [{ id: 'run a', from: 99_000 }];
    world.socket.welcome({ server_time: 106_000, dedupe_since: 500, runs });
    expect(tab.outbox.find((entry) => entry.id === id)?.state).toBe('sent');
  });

  test('a resend is what counts then, also for the hub after this one', () => {
    const { world, id } = sentLate();
    world.socket.close();
    world.advance(1_000);
    const runs = [{ id: 'run a', from: 9_000, until: 16_000 }, RUN_B];
    world.socket.welcome({ server_time: 30_000, dedupe_since: 500, runs });
    expect(world.socket.sent('command')).toMatchObject([{ attempt: 2 }, { id, attempt: 2 }]);
    const next = restart(world.disk);
    next.world.socket.welcome({
      server_time: 40_000,
      dedupe_since: 500,
      runs: [...runs.slice(0, 1), { id: 'run c', from: 35_000 }],
    });
    expect(next.world.socket.sent('command')).toEqual([]);
    expect(next.tab.outbox).toMatchObject([{ state: 'uncertain' }, { id, state: 'uncertain' }]);
  });

  test('what a page offers anew goes by the time at which it was offered first', () => {
    const { world, tab } = start();
    tab.send({ command: { type: 'remark', n: 1 }, maybeSentMs: 10_000 });
    tab.send({ command: { type: 'remark', n: 2 }, maybeSentMs: 60_000 });
    world.socket.welcome({ server_time: 100_000, dedupe_since: 500, runs: [{ id: 'run c', from: 80_000 }] });
    expect(tab.outbox).toMatchObject([{ state: 'sent' }, { state: 'uncertain' }]);
  });

  test.each([
    ['just before a run that begins', 'uncertain', [{ until: 85_000 }, { from: 92_000 }]],
    ['before a time at which no run is known', 'uncertain', [{ until: 95_000 }, { from: 98_000 }]],
    ['in a run, and another one came at once', 'sent', [{ until: 99_000 }, { from: 98_000 }]],
  ] as const)(
    'what a page offers anew may have left at any time since: offered %s, it is %s',
    (_, state, [a, c]) => {
      const { world, tab } = start();
      tab.send({ command: { type: 'remark', n: 1 }, maybeSentMs: 10_000 });
      const runs = [
        { id: 'run a', from: 9_000, ...a },
        { id: 'run c', ...c },
      ];
      world.socket.welcome({ server_time: 100_000, dedupe_since: 500, runs });
      expect(tab.outbox).toMatchObject([{ state }]);
    },
  );

  test.each([
    ['not later than it was', 'sent', 94_000],
    ['later than it can have been: its clock was set back', 'uncertain', 96_000],
  ] as const)(
    'what a page offers anew was asked for, by the clock of the server, %s: it is %s',
    (_, state, serverAskedAt) => {
      const { world, tab } = start();
      tab.send({ command: { type: 'remark', n: 1 }, maybeSentMs: 10_000, serverAskedAt });
      world.socket.welcome({ server_time: 100_000, dedupe_since: 500, runs: [{ id: 'run c', from: 9_000 }] });
      expect(tab.outbox).toMatchObject([{ state }]);
    },
  );

  test.each([1_000, 7_000])(
    'what a page offers anew to a hub that has long been connected may have left since it was offered, %i ms ago, not long before',
    (maybeSentMs) => {
      const { world, tab } = connect();
      world.socket.close();
      world.advance(1_000);
      const runs = [{ id: 'run c', from: 99_000 }];
      world.socket.welcome({ server_time: 100_000, dedupe_since: 500, runs });
      giveEmpty(world, 'run:1');
      world.advance(8_000);
      const serverAskedAt = 108_000 - maybeSentMs;
      const { id } = tab.send({ command: { type: 'remark', n: 1 }, maybeSentMs, serverAskedAt });
      expect(world.socket.sent('command')).toMatchObject([{ id }]);
    },
  );

  test('what the server put off on a long connection is sent again on it, though it was sent long after the welcome', () => {
    const { world, tab } = connect();
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ server_time: 100_000, dedupe_since: 500, runs: [{ id: 'run c', from: 99_000 }] });
    giveEmpty(world, 'run:1');
    world.advance(9_000);
    const { id } = decide(tab, 'g');
    world.socket.say({
      type: 'command_nack',
      id,
      code: 'later',
      message: '',
      retry: true,
      retry_after_ms: 10,
    });
    world.advance(1_000);
    expect(world.socket.sent('command')).toMatchObject([{ id }, { id, attempt: 2 }]);
  });

  test('what a page offers anew has left before this hub was welcomed, so that no later gap makes it uncertain', () => {
    const { world, tab } = start();
    world.advance(20_000);
    const [first, second] = [1, 2].map(() =>
      tab.send({ command: { type: 'halt', n: 1 }, priority: 'high', topic: 'run:1', maybeSentMs: 10_000 }),
    );
    const run = { id: 'run a', from: 9_000 };
    world.socket.welcome({ server_time: 100_000, dedupe_since: 500, runs: [run] });
    expect(world.socket.sent('command')).toMatchObject([{ id: first?.id }]);
    // Nor to the hub after this one.
    const next = restart(world.disk, { now: world.now });
    const runs = [
      { ...run, until: 105_000 },
      { id: 'run b', from: 150_000 },
    ];
    next.world.socket.welcome({ server_time: 150_000, dedupe_since: 500, runs });
    expect(next.tab.outbox).toMatchObject([
      { id: first?.id, state: 'sent', attempt: 3 },
      { id: second?.id, state: 'sent', attempt: 0 },
    ]);
  });

  test('what a page offers anew is no first attempt to a server that forgets while it is connected', () => {
    const { world, tab } = start();
    const { id } = tab.send({ command: { type: 'remark', n: 1 }, maybeSentMs: 10_000 });
    world.socket.welcome({ server_time: 100_000, dedupe_since: 500 });
    expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 2 }]);
  });

  test('what was sent later than it is now was sent to no run that is at work now: the clock was set back', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    world.socket.welcome({ server_time: 10_000, runs: [{ id: 'run a', from: 9_000 }] });
    world.advance(9_000);
    const { id } = decide(tab, 'g');
    world.socket.close();
    world.advance(1_000);
    const runs = [
      { id: 'run a', from: 9_000, until: 11_000 },
      { id: 'run b', from: 11_500 },
    ];
    world.socket.welcome({ server_time: 12_000, dedupe_since: 500, runs });
    expect(tab.outbox).toMatchObject([{ id, state: 'uncertain' }]);
  });

  test('a run that seems long since the clock was set ahead is not taken for one that was at work when it was sent', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    world.socket.welcome({ server_time: 10_000, runs: [{ id: 'run a', from: 9_000 }] });
    world.advance(9_000);
    const { id } = decide(tab, 'g');
    world.socket.close();
    world.advance(1_000);
    // Restored from a backup as of 15,000, at work for a moment before its clock was set, and started again.
    const runs = [
      { id: 'run a', from: 9_000, until: 15_000 },
      { id: 'run b', from: 15_000, until: DAY_MS },
      { id: 'run c', from: DAY_MS },
    ];
    world.socket.welcome({ server_time: DAY_MS, dedupe_since: 500, runs });
    expect(tab.outbox).toMatchObject([{ id, state: 'uncertain' }]);
  });

  test.for(['to this hub', 'to an earlier one, which stored it'])(
    'what a page offers anew %s may have left since it was asked for by the clock that the server had then',
    (how) => {
      const { world, tab } = start();
      const offered = { command: { type: 'remark', n: 1 }, maybeSentMs: 1_000, askedAt: world.now - 1_000 };
      // The server has forgotten, and its clock was set ahead since: few seeds have all of that in so short a time.
      const since = world.now - 500;
      tab.send({ ...offered, serverAskedAt: since - 500 });
      const { id } = tab.send({ ...offered, serverAskedAt: since + 500 });
      const next = how === 'to this hub' ? { world, tab } : restart(world.disk, { now: world.now });
      next.world.socket.welcome({ server_time: world.now + DAY_MS, dedupe_since: since });
      expect(next.tab.outbox).toMatchObject([{ state: 'uncertain' }, { id, state: 'sent' }]);
    },
  );

  test('a server whose memory begins with this connection remembers what is sent on it', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    // Read one after the other, the second is a millisecond later.
    world.socket.welcome({ server_time: 1_000, dedupe_since: 1_001 });
    world.socket.say({ type: 'command_nack', id, code: 'busy', message: '', retry: true });
    world.advance(1_000);
    expect(world.socket.sent('command')).toHaveLength(2);
  });

  test('a server whose memory begins with a connection remembers what was sent on it, also after a restart of the worker', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.socket.welcome({ server_time: 1_000 });
    const next = restart(world.disk);
    next.world.socket.welcome({ server_time: 9_000, dedupe_since: 8_000 });
    expect(next.world.socket.sent('command')).toEqual([]);
    expect(next.tab.outbox).toMatchObject([{ id, state: 'uncertain' }]);
    expect(world.disk.entries.get(id)?.fate.state).toBe('uncertain');
  });

  test('a server whose memory begins with a connection remembers what is sent on it when the store comes back', () => {
    const before = start();
    const { id } = decide(before.tab, 'g');
    before.world.socket.welcome({ server_time: 1_000 });
    const { disk } = before.world;
    disk.failure = 'blocked';
    const next = restart(disk);
    remark(next.tab, 1);
    next.world.socket.welcome({ server_time: 9_000, dedupe_since: 8_000 });
    disk.failure = null;
    next.world.advance(30_000);
    next.world.socket.welcome({ server_time: 9_000, dedupe_since: 8_000 });
    expect(next.tab.outbox).toMatchObject([{ id, state: 'uncertain' }, { state: 'sent' }]);
    expect(next.world.socket.sent('command')).toHaveLength(1);
  });

  test('a person may send it again, which is then final until the next loss of memory', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.socket.welcome({ server_time: 1_000 });
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ server_time: 5_000, dedupe_since: 4_000 });
    expect(tab.call({ method: 'retry', id })).toEqual(DURABLE);
    expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 2 }]);
    expect(world.disk.entries.get(id)).toMatchObject({ maybeSent: true, firstSentAt: 5_000 });
    world.socket.close();
    world.advance(2_000);
    world.socket.welcome({ server_time: 6_000, dedupe_since: 4_000 });
    expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 3 }]);
  });

  test('a retried one that waits offline cannot be called cancelled: it may have run', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.socket.welcome({ server_time: 1_000 });
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ server_time: 5_000, dedupe_since: 4_000 });
    world.socket.close();
    tab.call({ method: 'retry', id });
    expect(tab.call({ method: 'cancel', id })).toEqual({ ok: true, value: false });
  });

  test('a late answer of the old connection is no answer', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.socket.welcome({ server_time: 1_000 });
    const old = world.socket;
    old.close();
    world.advance(1_000);
    world.socket.welcome({ server_time: 5_000, dedupe_since: 4_000 });
    old.say({ type: 'command_ack', id });
    expect(tab.outbox).toMatchObject([{ id, state: 'uncertain' }]);
  });

  test('the key of an uncertain command is free: it is not pending', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.socket.welcome({ server_time: 1_000 });
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ server_time: 5_000, dedupe_since: 4_000 });
    expect(decide(tab, 'g').pending.reply).toEqual(DURABLE);
    expect(tab.call({ method: 'retry', id })).toMatchObject({ code: 'duplicate_command' });
    expect(tab.call({ method: 'dismiss', id })).toEqual({ ok: true, value: null });
  });
});

describe('outcomes', () => {
  function settleMany(count: number, everyMs: number) {
    const { world, tab } = connect();
    const ids: string[] = [];
    for (let n = 0; n < count; n++) {
      const { id } = remark(tab, n);
      world.socket.say({ type: 'command_ack', id });
      ids.push(id);
      world.advance(everyMs);
      if (everyMs > 0) world.socket.say({ type: 'pong', id: 1 });
    }
    return { world, tab, ids };
  }

  test('the last 50 are kept, however old', () => {
    const { world, ids } = settleMany(60, 20_000);
    const next = restart(world.disk, { now: world.now + 30 * DAY_MS });
    const known = ids.map((id) => next.tab.call({ method: 'settled', id }));
    expect(known.slice(-50)).toEqual(
      Array(50).fill({ ok: true, value: { status: 'accepted', duplicate: false } }),
    );
    expect(world.disk.outcomes.size).toBeLessThanOrEqual(51);
  });

  test('all of the last 10 minutes are kept, however many', () => {
    const { world, ids } = settleMany(200, 1_000);
    const next = restart(world.disk, { now: world.now });
    for (const id of ids)
      expect(next.tab.call({ method: 'settled', id })).toMatchObject({ value: { status: 'accepted' } });
  });

  test('older ones are forgotten, in memory and on the disk', () => {
    const { world, tab, ids } = settleMany(100, 0);
    world.advance(10_000);
    world.now += 600_000;
    const { id } = remark(tab, 1);
    world.advance(1_000);
    world.socket.welcome();
    world.socket.say({ type: 'command_ack', id });
    expect(world.disk.outcomes.size).toBeLessThanOrEqual(51);
    expect(tab.call({ method: 'settled', id: ids[0] ?? '' })).toMatchObject({
      value: { status: 'forgotten' },
    });
    expect(tab.call({ method: 'settled', id: ids[99] ?? '' })).toMatchObject({
      value: { status: 'accepted' },
    });
  });
});

describe('what ended', () => {
  function rejected() {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, code: 'no', message: '', retry: false });
    return { world, tab, id };
  }

  test('stays visible whatever the clock says, for a hub that starts and for one that lives on', () => {
    const { world, tab, id } = rejected();
    const ahead = restart(world.disk, { now: world.now + 365 * DAY_MS });
    expect(ahead.tab.outbox).toMatchObject([{ id, state: 'rejected' }]);
    world.socket.close();
    world.now += 8 * DAY_MS;
    const { id: next } = decide(tab, 'h');
    world.socket.welcome();
    world.socket.say({ type: 'command_ack', id: next });
    expect(tab.outbox).toMatchObject([{ id, state: 'rejected' }]);
    expect(world.disk.entries.has(id)).toBe(true);
  });

  test('makes room for what ended later beyond 200, what nobody has to decide about first, and says so', () => {
    const { world, tab, id } = rejected();
    world.socket.close();
    for (let n = 0; n < 201; n++) tab.send({ command: { type: 'probe', n } });
    world.advance(5_000);
    expect(tab.outbox).toHaveLength(200);
    expect(world.disk.entries.size).toBe(200);
    expect(tab.outbox).toContainEqual(expect.objectContaining({ id, state: 'rejected' }));
    expect(tab.outbox).not.toContainEqual(expect.objectContaining({ command: { type: 'probe', n: 1 } }));
    expect(tab.batches.flatMap(({ reports = [] }) => reports)).toContainEqual(
      expect.objectContaining({
        kind: 'error',
        code: 'outbox_full',
        message: expect.stringContaining('200'),
      }),
    );
  });

  test('while pending ones stay for ever', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    const next = restart(world.disk, { now: START + 365 * DAY_MS });
    expect(next.tab.outbox).toMatchObject([{ id, state: 'queued' }]);
  });

  test('a dismissed one does not come back', () => {
    const { world, tab, id } = rejected();
    tab.call({ method: 'dismiss', id });
    expect(restart(world.disk).tab.outbox).toEqual([]);
  });
});

describe('a newer version of the application', () => {
  const second = (upgrade?: (old: unknown, from: number) => unknown, version = 2) =>
    defineProtocol({
      app: 'ops',
      version,
      events: {},
      commands: {
        decide: {
          schema: z.object({ gate: z.string(), verdict: z.enum(['approve', 'reject']) }),
          priority: 'high',
          dedupe: (command) => `${command.gate}!`,
          ...(upgrade && { upgrade }),
        },
        remark: { schema: z.object({ n: z.number() }) },
      },
    });

  function waiting() {
    const { world, tab } = start();
    return { disk: world.disk, ...decide(tab, 'g') };
  }

  test('upgrades what waits, and sends it as of its own version', () => {
    const { disk, id } = waiting();
    const seen: unknown[] = [];
    const protocol = second((old, from) => {
      seen.push(old, from);
      return { ...(old as object), verdict: 'approve' };
    });
    const { world, tab } = restart(disk, { protocol });
    expect(seen).toEqual([{ gate: 'g' }, 1]);
    const command = { type: 'decide', gate: 'g', verdict: 'approve' };
    expect(disk.entries.get(id)).toMatchObject({ command, appVersion: 2, dedupeKey: 'g!' });
    expect(tab.outbox).toMatchObject([{ id, state: 'queued', command }]);
    world.socket.welcome();
    expect(world.socket.sent('command')).toMatchObject([{ id, app_version: 2, command }]);
  });

  test('sends what fits without an upgrade as of the version that it was made for', () => {
    const { world, tab } = start();
    const { id } = remark(tab, 1);
    const next = restart(world.disk, { protocol: second() });
    next.world.socket.welcome();
    expect(next.world.socket.sent('command')).toMatchObject([{ id, app_version: 1 }]);
  });

  const upgrading = () => second((old) => ({ ...(old as object), verdict: 'approve' }));

  test('takes what an older page sends as of that page’s version: upgraded, and by its new key', () => {
    const world = new HubWorld(upgrading());
    const tab = world.attach({ appVersion: 1 });
    const { id, pending } = decide(tab, 'g');
    expect(pending.reply).toEqual(DURABLE);
    const command = { type: 'decide', gate: 'g', verdict: 'approve' };
    expect(world.disk.entries.get(id)).toMatchObject({ command, appVersion: 2, dedupeKey: 'g!' });
    expect(tab.outbox).toMatchObject([{ id, command, appVersion: 2 }]);
    expect(decide(tab, 'g').pending.reply).toMatchObject({ code: 'duplicate_command' });
    world.socket.welcome();
    expect(world.socket.sent('command')).toMatchObject([{ id, app_version: 2, command }]);
  });

  test('what an older page sent is upgraded where that page has gone before the store was open', () => {
    const world = new HubWorld(upgrading(), { open: false });
    const tab = world.attach({ appVersion: 1 });
    const { id } = decide(tab, 'g');
    tab.leave();
    world.openStore();
    const command = { type: 'decide', gate: 'g', verdict: 'approve' };
    expect(world.disk.entries.get(id)).toMatchObject({ command, appVersion: 2 });
  });

  test('refuses what an older page sends and it cannot read; what may have been sent is quarantined', () => {
    const world = new HubWorld(second());
    const tab = world.attach({ appVersion: 1 });
    expect(decide(tab, 'g').pending.reply).toMatchObject({
      code: 'version_mismatch',
      message: expect.stringContaining('reload'),
    });
    const { id, pending } = tab.send({ command: { type: 'decide', gate: 'g' }, maybeSentMs: 1 });
    expect(pending.reply).toEqual(DURABLE);
    expect(tab.outbox).toMatchObject([{ id, state: 'quarantined', appVersion: 1 }]);
    expect(world.sockets).toEqual([]);
  });

  const unfit: [string, ((old: unknown) => unknown) | undefined][] = [
    ['no longer fits', undefined],
    ['is upgraded to what does not fit', () => ({ gate: 'g', verdict: 'perhaps' })],
    ['is upgraded to nothing', () => null],
    ['is upgraded to what JSON would change', () => ({ gate: 'g', verdict: 'approve', at: new Date(0) })],
    [
      'cannot be upgraded',
      () => {
        throw new Error('no way');
      },
    ],
  ];
  test.for(unfit)('quarantines what %s', ([, upgrade]) => {
    const { disk, id } = waiting();
    const { world, tab } = restart(disk, { protocol: second(upgrade) });
    expect(tab.outbox).toMatchObject([
      { id, state: 'quarantined', command: { type: 'decide', gate: 'g' }, error: { code: 'invalid' } },
    ]);
    expect(world.sockets).toHaveLength(0);
    expect(disk.entries.get(id)).toMatchObject({ fate: { state: 'quarantined' }, appVersion: 1 });
  });

  test('quarantines a command that it does not know', () => {
    const { world, tab } = start();
    const { id } = tab.send({ command: { type: 'halt', n: 1 }, priority: 'high' });
    const next = restart(world.disk, { protocol: second() });
    expect(next.tab.outbox).toMatchObject([{ id, state: 'quarantined', error: { code: 'unknown_type' } }]);
  });

  test('a quarantined one can be retried by a version that upgrades it, and dismissed by any', () => {
    const { disk, id } = waiting();
    const { tab } = restart(disk, { protocol: second() });
    expect(tab.call({ method: 'retry', id })).toMatchObject({ ok: false, code: 'invalid_command' });
    expect(tab.outbox).toMatchObject([{ id, state: 'quarantined' }]);
    const third = restart(disk, { protocol: second(() => ({ gate: 'g', verdict: 'reject' }), 3) });
    expect(third.tab.call({ method: 'retry', id })).toEqual(DURABLE);
    third.world.socket.welcome();
    expect(third.world.socket.sent('command')).toMatchObject([
      { id, app_version: 3, attempt: 1, command: { verdict: 'reject' } },
    ]);
  });

  test('a quarantined one that may have been sent may have run, also after a retry', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    restart(world.disk, { protocol: second() });
    const next = restart(world.disk, { protocol: second(() => ({ gate: 'g', verdict: 'reject' }), 3) });
    next.tab.call({ method: 'retry', id });
    expect(next.tab.call({ method: 'cancel', id })).toEqual({ ok: true, value: false });
  });
});

test('no end is stored that a clock named which may have been set ahead since the server was heard', () => {
  const { world, tab } = connect();
  const serverTime = world.now;
  world.socket.close();
  world.now += 36_000_000;
  const { id } = tab.send({ command: { type: 'probe', n: 1 } });
  const next = restart(world.disk, { now: START + 32_400_000 });
  next.tab.subscribe('run:1');
  next.world.socket.welcome({ server_time: serverTime + 60_000 });
  expect(next.world.socket.sent('command')).toEqual([]);
  expect(next.tab.outbox).toMatchObject([{ id, state: 'expired' }]);
});

describe('how commands ended', () => {
  test('is told to a tab that comes from another hub by the number of the ending, whatever the clock said', () => {
    const { world, tab } = connect();
    const ids = [1, 2].map((n) => remark(tab, n).id);
    world.socket.say({ type: 'command_ack', id: ids[0] ?? '' });
    // Set back by an hour.
    world.now -= 3_600_000;
    world.socket.say({ type: 'command_ack', id: ids[1] ?? '' });
    const numbers = tab.batches.flatMap(({ settled = [] }) => settled.map(({ n }) => n));
    expect(numbers).toEqual([1, 2]);
    const next = new HubWorld(ops, { disk: world.disk, ownershipId: 'hub-2' });
    expect(next.attach({ settledSince: 2 }).settled.map(({ id }) => id)).toEqual(ids);
    // The store was lost, and counts anew.
    expect(next.attach({ settledSince: 9_000 }).settled.map(({ id }) => id)).toEqual(ids);
    const third = next.attach();
    expect(third.settled).toEqual([]);
    const { id } = remark(third, 3);
    next.socket.welcome();
    next.socket.say({ type: 'command_ack', id });
    expect(third.batches.flatMap(({ settled = [] }) => settled.map(({ n }) => n))).toEqual([3]);
  });

  test('is told to whoever asked, however many others end while it is frozen', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    const frozen = world.attach();
    expect(frozen.call({ method: 'settled', id })).toEqual({ ok: true, value: null });
    frozen.autoCredit = false;
    const others = Array.from({ length: 80 }, (_, n) => remark(tab, n).id);
    world.advance(6_000);
    for (const one of [id, ...others]) tab.call({ method: 'cancel', id: one });
    frozen.autoCredit = true;
    while (frozen.owing > 0) frozen.credit();
    expect(frozen.settled).toHaveLength(50);
    expect(frozen.settled.map((settled) => settled.id)).toContain(id);
  });

  test('is read of the entry where only that is left, and forgotten where nothing is', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, code: 'no', message: 'never', retry: false });
    world.disk.outcomes.clear();
    const next = restart(world.disk);
    const ask = (of: string) => next.tab.call({ method: 'settled', id: of });
    expect(ask(id)).toEqual({ ok: true, value: { status: 'rejected', code: 'no', message: 'never' } });
    expect(ask(world.uuid())).toEqual({ ok: true, value: { status: 'forgotten' } });
  });

  test('may be known to a store that cannot be read', () => {
    const { world, tab } = start();
    world.disk.failure = 'unavailable';
    const next = restart(world.disk);
    expect(next.tab.call({ method: 'settled', id: decide(tab, 'g').id })).toEqual({ ok: true, value: null });
  });
});
