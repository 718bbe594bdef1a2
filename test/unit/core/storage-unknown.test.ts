import { describe, expect, test } from 'vitest';
import type { HubWorld, PendingCall, WorldTab } from '../../support/hub-world.ts';
import { connect, DURABLE, decide, IN_MEMORY, remark, start } from './ops.ts';

const REFUSED = { ok: false, code: 'storage_unavailable' };
const PERHAPS = { ok: false, code: 'unconfirmed' };
const LATE_MS = 8_000;

function decideDurably(tab: WorldTab, gate: string) {
  return tab.send({
    command: { type: 'decide', gate },
    priority: 'high',
    dedupeKey: gate,
    requireDurable: true,
  });
}

/** The oldest transaction ends, and the store does not know how; it cannot be read anew for now. */
function loseTrack(world: HubWorld, isWritten: boolean): void {
  if (isWritten) world.disk.apply(world.commits[0]?.content.ops ?? []);
  world.disk.failure = 'failed';
  world.commitNext('unknown');
}

/** The rows are read anew. */
function mend(world: HubWorld): void {
  world.disk.failure = null;
  world.autoCommit = true;
  while (world.commits.length > 0) world.commitNext();
  world.openStore();
}

function sentIds(world: HubWorld): string[] {
  return world.sockets.flatMap((socket) => socket.sent('command').map(({ id }) => id));
}

describe('a store that does not know whether it wrote', () => {
  test('is read anew at once', () => {
    const { world, tab } = start();
    world.autoCommit = false;
    decide(tab, 'g');
    world.commitNext('unknown');
    world.advance(0);
    expect(world.effects.filter(({ type }) => type === 'reopen_store')).toHaveLength(1);
  });

  test.for([true, false])(
    '(written: %s) a send that must be durable is answered by what the disk holds',
    (isWritten) => {
      const { world, tab } = connect();
      world.autoCommit = false;
      const { id, pending } = decideDurably(tab, 'g');
      loseTrack(world, isWritten);
      world.advance(1_000);
      expect([pending.reply, sentIds(world)]).toEqual([undefined, []]);
      mend(world);
      expect(pending.reply).toMatchObject(isWritten ? DURABLE : REFUSED);
      world.socket.welcome();
      expect(sentIds(world)).toEqual(isWritten ? [id] : []);
      expect([...world.disk.entries.keys()]).toEqual(isWritten ? [id] : []);
      expect(tab.outbox.map((entry) => entry.id)).toEqual(isWritten ? [id] : []);
    },
  );

  test('what is in doubt waits, however long; what comes meanwhile goes from memory', () => {
    const { world, tab } = start();
    world.answersPings = true;
    world.autoCommit = false;
    const unsent = remark(tab, 1);
    loseTrack(world, true);
    world.socket.welcome();
    const later = remark(tab, 2);
    world.advance(7_000);
    expect(sentIds(world)).toEqual([later.id]);
    expect(tab.outbox).toMatchObject([
      { id: unsent.id, state: 'queued' },
      { id: later.id, state: 'sent' },
    ]);
    mend(world);
    expect(sentIds(world)).toContain(unsent.id);
    expect(tab.outbox).toMatchObject([{ state: 'sent' }, { state: 'sent' }]);
  });

  test.for([true, false])(
    '(written: %s) a mark in doubt lets no frame out before the rows were read',
    (isWritten) => {
      const { world, tab } = start();
      const { id } = decide(tab, 'g');
      world.autoCommit = false;
      world.socket.welcome();
      world.commitNext();
      loseTrack(world, isWritten);
      world.advance(5_000);
      expect(sentIds(world)).toEqual([]);
      mend(world);
      expect(sentIds(world)).toEqual([id]);
      expect(world.disk.entries.get(id)).toMatchObject({ maybeSent: true });
    },
  );

  test.for([true, false])('(written: %s) a cancel in doubt is true only where it is stored', (isWritten) => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.autoCommit = false;
    const cancel = world.call(tab.id, { method: 'cancel', id });
    loseTrack(world, isWritten);
    world.advance(2_000);
    expect([cancel.reply, tab.settled]).toEqual([undefined, []]);
    mend(world);
    expect(cancel.reply).toMatchObject(isWritten ? { ok: true, value: true } : REFUSED);
    if (!isWritten) world.socket.welcome();
    expect(sentIds(world)).toEqual(isWritten ? [] : [id]);
    expect(tab.settled.map(({ outcome }) => outcome.status)).toEqual(isWritten ? ['cancelled'] : []);
  });

  test.for([true, false])('(written: %s) an expiry in doubt is told when it is stored', (isWritten) => {
    const { world, tab } = start();
    const { id } = tab.send({ command: { type: 'probe', n: 1 } });
    world.autoCommit = false;
    world.advance(5_000);
    loseTrack(world, isWritten);
    world.advance(5_000);
    expect(tab.settled).toEqual([]);
    mend(world);
    expect(tab.settled).toMatchObject([{ id, outcome: { status: 'expired' } }]);
    expect(world.disk.entries.get(id)?.fate.state).toBe('expired');
  });

  test('a refusal of the server is not told while the row may say that it is pending', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const { id } = decide(tab, 'g');
    loseTrack(world, true);
    world.socket.say({ type: 'command_nack', id, code: 'no', message: '', retry: false });
    expect(tab.settled).toEqual([]);
    mend(world);
    expect(tab.settled).toMatchObject([{ id, outcome: { status: 'rejected' } }]);
    expect(world.disk.entries.get(id)?.fate.state).toBe('rejected');
  });

  test('what the server accepted meanwhile is told, and its row goes', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const { id, pending } = decide(tab, 'g');
    loseTrack(world, true);
    world.socket.say({ type: 'command_ack', id });
    expect(pending.reply).toEqual(DURABLE);
    expect(tab.settled).toMatchObject([{ id, outcome: { status: 'accepted' } }]);
    mend(world);
    expect(world.disk.entries.size).toBe(0);
    expect(world.disk.outcomes.get(id)?.outcome.status).toBe('accepted');
  });

  test.for([true, false])('(written: %s) a dismissed entry is gone, or is seen again', (isWritten) => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, code: 'no', message: '', retry: false });
    world.autoCommit = false;
    const dismissal = world.call(tab.id, { method: 'dismiss', id });
    loseTrack(world, isWritten);
    expect(dismissal.reply).toBeUndefined();
    mend(world);
    expect(dismissal.reply).toMatchObject(isWritten ? { ok: true, value: null } : REFUSED);
    expect(tab.outbox.map((entry) => entry.id)).toEqual(isWritten ? [] : [id]);
  });

  test.for([true, false])('(written: %s) a sign-out in doubt is stored, and done', (isWritten) => {
    const { world, tab } = start();
    decide(tab, 'g');
    world.autoCommit = false;
    const signOut = world.call(tab.id, { method: 'signOut', discard: true });
    loseTrack(world, isWritten);
    world.advance(1_000);
    expect([signOut.reply, world.ended]).toEqual([undefined, null]);
    mend(world);
    expect(signOut.reply).toMatchObject({ ok: true });
    expect(world.ended).toBe('signed_out');
    expect(world.disk.entries.size).toBe(0);
  });

  test('a sign-out is answered with "perhaps" after 8 s', () => {
    const { world, tab } = start();
    world.autoCommit = false;
    const signOut = world.call(tab.id, { method: 'signOut', discard: false });
    world.advance(LATE_MS);
    expect(signOut.reply).toMatchObject(PERHAPS);
    expect(world.ended).toBeNull();
  });

  test('one that is lost while it writes does not know either', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const { id, pending } = decideDurably(tab, 'g');
    world.disk.apply(world.commits[0]?.content.ops ?? []);
    world.disk.failure = 'failed';
    world.feed({ type: 'store_failed', failure: 'failed', message: 'the browser closed it' });
    world.commitNext('failed');
    expect(pending.reply).toBeUndefined();
    mend(world);
    expect(pending.reply).toEqual(DURABLE);
    world.socket.welcome();
    expect(sentIds(world)).toEqual([id]);
  });

  test('in the middle of a hand-over: what is taken meanwhile is stored before the hub ends', () => {
    const { world, tab } = start();
    world.autoCommit = false;
    world.feed({ type: 'hand_over' });
    loseTrack(world, true);
    const { id, pending } = decide(tab, 'g');
    expect(pending.reply).toMatchObject(IN_MEMORY);
    mend(world);
    expect([...world.disk.entries.keys()]).toEqual([id]);
    expect(world.ended).toBe('handed_over');
  });

  test('a hub hands over only when it has stored the end of what was in doubt', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const { id } = decide(tab, 'g');
    loseTrack(world, false);
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ dedupe_since: world.now });
    world.feed({ type: 'hand_over' });
    expect([world.ended, tab.settled]).toEqual([null, []]);
    mend(world);
    expect(world.disk.entries.get(id)?.fate.state).toBe('uncertain');
    world.feed({ type: 'hand_over' });
    expect(world.ended).toBe('handed_over');
  });

  test('what it holds of a transaction is judged by the last word of each row', () => {
    const { world, tab } = start();
    world.autoCommit = false;
    remark(tab, 0);
    const sends = [1, 2, 3].map((n) => remark(tab, n));
    world.socket.welcome();
    world.commitNext();
    world.disk.apply(world.commits[0]?.content.ops ?? []);
    world.commitNext('unknown');
    world.advance(0);
    expect(sends.map(({ pending }) => pending.reply)).toEqual([DURABLE, DURABLE, DURABLE]);
  });
});

// A page hears the answers of one turn together, and offers to the next hub what it has not heard.
describe('while a send is not answered, no command of memory is called one that never ran', () => {
  /** The first of two commands is in doubt; the second one was taken in memory, and has not left. */
  function takenBehindDoubt(): { world: HubWorld; tab: WorldTab; doubtful: PendingCall; id: string } {
    const { world, tab } = start();
    world.autoCommit = false;
    const { pending } = decide(tab, 'g');
    const { id } = tab.send({ command: { type: 'probe', n: 1 } });
    loseTrack(world, false);
    return { world, tab, doubtful: pending, id };
  }

  test('a cancel is true only then, and holds the command until then', () => {
    const { world, tab, doubtful, id } = takenBehindDoubt();
    world.advance(1_000);
    const cancel = world.call(tab.id, { method: 'cancel', id });
    world.socket.welcome();
    expect([doubtful.reply, cancel.reply, tab.settled]).toEqual([undefined, undefined, []]);
    world.advance(LATE_MS - 1_000);
    expect([doubtful.reply, cancel.reply]).toEqual([IN_MEMORY, { ok: true, value: true }]);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'cancelled' } }]);
    mend(world);
    expect([sentIds(world).includes(id), world.disk.entries.has(id)]).toEqual([false, false]);
  });

  test('an expiry is told only then', () => {
    const { world, tab, doubtful, id } = takenBehindDoubt();
    world.advance(LATE_MS - 1);
    expect([doubtful.reply, tab.settled]).toEqual([undefined, []]);
    world.advance(1);
    expect(doubtful.reply).toEqual(IN_MEMORY);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'expired' } }]);
  });
});

describe('a store that takes its time', () => {
  test('nobody is told "perhaps" because the clock was set ahead, or the machine slept', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const { pending } = decideDurably(tab, 'g');
    world.now += 7_200_000;
    world.advance(LATE_MS - 1_000);
    expect(pending.reply).toBeUndefined();
    world.advance(1_000);
    expect(pending.reply).toMatchObject(PERHAPS);
  });

  test('what must be durable is answered with "perhaps" after 8 s, stays in sight, and goes once it is stored', () => {
    const { world, tab } = connect();
    world.answersPings = true;
    world.autoCommit = false;
    const { id, pending } = decideDurably(tab, 'g');
    world.advance(LATE_MS - 1);
    expect(pending.reply).toBeUndefined();
    world.advance(1);
    expect(pending.reply).toMatchObject(PERHAPS);
    expect(tab.outbox).toMatchObject([{ id, state: 'queued' }]);
    expect(decideDurably(tab, 'g').pending.reply).toMatchObject({ code: 'duplicate_command' });
    mend(world);
    expect(sentIds(world)).toEqual([id]);
  });

  test.for(['failed', 'unknown'] as const)(
    '(%s) who was told "perhaps" of a command that was not written finds it in the outbox, and it goes',
    (failure) => {
      const { world, tab } = connect();
      world.autoCommit = false;
      const { id } = decideDurably(tab, 'g');
      world.advance(LATE_MS);
      world.disk.failure = failure;
      world.commitNext(failure);
      expect(tab.outbox).toMatchObject([{ id }]);
      mend(world);
      world.socket.welcome();
      expect(new Set(sentIds(world))).toEqual(new Set([id]));
      expect(tab.outbox).toMatchObject([{ id, state: 'sent' }]);
      expect(world.disk.entries.has(id)).toBe(true);
    },
  );

  test('what need not be durable is answered as of memory, and so is a retry', () => {
    const { world, tab } = start();
    world.autoCommit = false;
    const { id, pending } = decide(tab, 'g');
    world.advance(LATE_MS);
    expect(pending.reply).toEqual(IN_MEMORY);
    mend(world);
    expect(tab.outbox).toMatchObject([{ id, state: 'queued' }]);
    expect(world.disk.entries.has(id)).toBe(true);
  });

  test('a cancel is answered with "perhaps", and holds: it is stored with a store that works', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.autoCommit = false;
    const cancel = world.call(tab.id, { method: 'cancel', id });
    world.advance(LATE_MS);
    expect(cancel.reply).toMatchObject(PERHAPS);
    world.disk.failure = 'failed';
    world.commitNext('failed');
    const again = world.call(tab.id, { method: 'cancel', id });
    mend(world);
    expect(again.reply).toEqual({ ok: true, value: true });
    expect(tab.settled).toEqual([{ id, outcome: { status: 'cancelled' } }]);
    expect([world.disk.entries.size, sentIds(world)]).toEqual([0, []]);
  });

  test('a dismissal is answered with "perhaps"', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, code: 'no', message: '', retry: false });
    world.autoCommit = false;
    const dismissal = world.call(tab.id, { method: 'dismiss', id });
    world.advance(LATE_MS);
    expect(dismissal.reply).toMatchObject(PERHAPS);
  });

  test('one that does not open: the hub works from memory after 8 s, and takes over what it holds later', () => {
    const before = start();
    const old = decide(before.tab, 'old');
    const { world, tab } = start({ disk: before.world.disk, ownershipId: 'hub-2', open: false });
    const fresh = decide(tab, 'fresh');
    const durable = decideDurably(tab, 'durable');
    world.disk.failure = 'blocked';
    world.advance(LATE_MS);
    expect(fresh.pending.reply).toEqual(IN_MEMORY);
    expect(durable.pending.reply).toMatchObject(REFUSED);
    world.disk.failure = null;
    world.openStore();
    expect(tab.outbox.map(({ id }) => id)).toEqual([old.id, fresh.id]);
  });
});
