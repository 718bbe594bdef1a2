import { describe, expect, test } from 'vitest';
import { connect, DURABLE, decide, remark, start } from './ops.ts';

const UNCERTAIN = { status: 'uncertain' };
const decision = { command: { type: 'decide', gate: 'g' }, dedupeKey: 'g', priority: 'high' as const };

describe('a send that an earlier hub was offered', () => {
  test('is uncertain, and not sent, where another of its key is pending: either may have run', () => {
    const { world, tab } = start();
    const twin = decide(tab, 'g');
    const { id, pending } = tab.send({ ...decision, maybeSentMs: 1_000 });
    expect(pending.reply).toEqual(DURABLE);
    expect(tab.settled).toEqual([{ id, outcome: UNCERTAIN }]);
    expect(tab.outbox).toMatchObject([
      { id: twin.id, state: 'queued' },
      { id, state: 'uncertain', attempt: 0 },
    ]);
    expect(world.disk.entries.get(id)).toMatchObject({ maybeSent: true, fate: { state: 'uncertain' } });
    world.socket.welcome();
    expect(world.socket.sent('command').map((frame) => frame.id)).toEqual([twin.id]);
  });

  test('can be retried once the other one has ended, as one that may have run', () => {
    const { world, tab } = connect();
    const twin = decide(tab, 'g');
    const { id } = tab.send({ ...decision, maybeSentMs: 1_000 });
    expect(tab.call({ method: 'retry', id })).toMatchObject({ code: 'duplicate_command' });
    world.socket.say({ type: 'command_ack', id: twin.id });
    expect(tab.call({ method: 'retry', id })).toEqual(DURABLE);
    expect(world.socket.sent('command').at(-1)).toMatchObject({ id });
    expect(world.disk.entries.get(id)).toMatchObject({ maybeSent: true, fate: { state: 'pending' } });
  });

  test('that must be durable is not called "not stored" while the storage fails: perhaps it is', () => {
    const { world, tab } = start();
    world.disk.failure = 'full';
    remark(tab, 1);
    const first = tab.send({ ...decision, requireDurable: true });
    expect(first.pending.reply).toMatchObject({ ok: false, code: 'storage_unavailable' });
    const { id, pending } = tab.send({ ...decision, requireDurable: true, maybeSentMs: 1_000 });
    const again = tab.send({ ...decision, id, requireDurable: true, maybeSentMs: 2_000 });
    expect([pending.reply, again.pending.reply]).toEqual([undefined, undefined]);
    expect(tab.outbox.at(0)).toMatchObject({ id, state: 'sent' });
    world.disk.failure = null;
    world.advance(2_000);
    expect([pending.reply, again.pending.reply]).toEqual([DURABLE, DURABLE]);
    expect(world.disk.entries.has(id)).toBe(true);
  });

  test('a send that must be durable is not called "not stored" where the storage fails over it: an earlier hub may have it', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const { id, pending } = tab.send({ ...decision, requireDurable: true, maybeSentMs: 1_000 });
    world.commitNext('full');
    expect(pending.reply).toBeUndefined();
    expect(tab.outbox).toMatchObject([{ id, state: 'sent' }]);
    expect(world.socket.sent('command')).toMatchObject([{ id }]);
    // The server has it then, whatever becomes of the store.
    world.socket.say({ type: 'command_ack', id });
    expect(pending.reply).toEqual(DURABLE);
  });

  test('waits for the storage where no row could be read: one of it may say that it never was sent', () => {
    const before = start();
    const { id } = before.tab.send({ ...decision, requireDurable: true });
    const { disk } = before.world;
    disk.failure = 'failed';
    const { world, tab } = connect({ disk, ownershipId: 'hub-2' });
    const lenient = tab.send({ ...decision, id, maybeSentMs: 1_000 });
    expect(lenient.pending.reply).toEqual({ ok: true, value: { durable: false } });
    const strict = tab.send({ ...decision, id, requireDurable: true, maybeSentMs: 1_000 });
    expect(strict.pending.reply).toBeUndefined();
    const fresh = decide(tab, 'h', 'run:2');
    expect(world.socket.sent('command').map((frame) => frame.id)).toEqual([fresh.id]);
    disk.failure = null;
    world.advance(3_000);
    expect(strict.pending.reply).toEqual(DURABLE);
    // With the name that the storage had.
    expect(world.sockets).toHaveLength(2);
    world.socket.welcome();
    expect(world.socket.sent('command')).toContainEqual(expect.objectContaining({ id }));
    expect(disk.entries.get(id)).toMatchObject({ maybeSent: true });
  });

  test('a send that an earlier hub was offered is sent where the storage has it as never sent', () => {
    const before = start();
    const { id } = before.tab.send(decision);
    const { disk } = before.world;
    disk.failure = 'failed';
    const { world, tab } = start({ disk, ownershipId: 'hub-2' });
    tab.send({ ...decision, id, maybeSentMs: 60_000 });
    disk.failure = null;
    world.advance(3_000);
    // It began after the command was given.
    world.socket.welcome({ server_time: 100_000, dedupe_since: 99_000 });
    expect(tab.outbox).toMatchObject([{ id, state: 'sent' }]);
    expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 1 }]);
  });

  test('a send that an earlier hub was offered, and that was taken back, ends so when the storage knows it', () => {
    const { disk } = start().world;
    disk.failure = 'failed';
    const { world, tab } = start({ disk, ownershipId: 'hub-2' });
    const { id } = tab.send({ ...decision, maybeSentMs: 1_000 });
    world.socket.welcome({ capabilities: ['withdraw'] });
    tab.call({ method: 'cancel', id });
    expect(world.socket.sent('withdraw')).toMatchObject([{ id }]);
    world.socket.say({ type: 'command_nack', id, code: 'cancelled', message: '', retry: false, ran: false });
    expect(tab.settled).toEqual([]);
    disk.failure = null;
    world.advance(1_000);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'cancelled' } }]);
  });

  test('is taken over the limits', () => {
    const { tab } = start({ settings: { highLimit: 1 } });
    decide(tab, 'h');
    expect(tab.send({ ...decision, maybeSentMs: 1_000 }).pending.reply).toEqual(DURABLE);
  });
});

describe('a command that was sent, to a server that comes back with a smaller limit', () => {
  test('is uncertain, and not rejected: the server of before may have run it', () => {
    const { world, tab } = connect();
    const { id } = tab.send({ command: { type: 'decide', gate: 'x'.repeat(1_024) }, priority: 'high' });
    expect(world.socket.sent('command')).toMatchObject([{ id }]);
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ max_frame_bytes: 1_024 });
    expect(world.socket.sent('command')).toEqual([]);
    expect(tab.settled).toEqual([{ id, outcome: UNCERTAIN }]);
    expect(tab.outbox).toMatchObject([{ id, state: 'uncertain' }]);
    const reports = tab.batches
      .flatMap((batch) => batch.reports ?? [])
      .filter(({ kind }) => kind === 'error');
    expect(reports).toMatchObject([{ code: 'too_large', message: expect.stringContaining('1024') }]);
  });
});

test('a hub that hands over stores what came after it was asked to, too', () => {
  const { world, tab } = start();
  world.autoCommit = false;
  world.feed({ type: 'hand_over' });
  const { id } = decide(tab, 'late');
  world.commitNext();
  expect(world.ended).toBeNull();
  while (world.commits.length > 0) world.commitNext();
  expect([world.ended, [...world.disk.entries.keys()]]).toEqual(['handed_over', [id]]);
});

test('a server that puts an offered command off before its row is stored is given the time that it asked for', () => {
  const { world, tab } = connect();
  world.autoCommit = false;
  const { id, pending } = tab.send({ ...decision, requireDurable: true, maybeSentMs: 1_000 });
  const later = { code: 'busy', message: 'later', retry: true, retry_after_ms: 5_000 };
  world.socket.say({ type: 'command_nack', id, ...later });
  world.autoCommit = true;
  world.commitNext();
  expect([pending.reply, tab.outbox]).toMatchObject([DURABLE, [{ id, state: 'waiting' }]]);
  expect(world.socket.sent('command')).toEqual([]);
  world.advance(5_000);
  expect(world.socket.sent('command')).toMatchObject([{ id }]);
});
