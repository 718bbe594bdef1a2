import { describe, expect, test } from 'vitest';
import type { AttachRequest } from '../../../src/protocol/port.ts';
import { Disk } from '../../../testing/fakes/disk.ts';
import { Sessions } from '../../../worker/core/sessions.ts';
import { HubWorld, type WorldTab } from '../../support/hub-world.ts';
import { closedOf, decide, ops, start } from './ops.ts';

/** A disk on which a row waits, and that many have signed out of; the last time a minute after `START`. */
function diskAfter(signOuts: number, ids: readonly string[] = []): Disk {
  const disk = new Disk();
  const { world, tab } = start({ disk });
  decide(tab, 'waits');
  disk.endedSessions = { signOuts, at: world.now + 60_000, ids };
  return disk;
}

const isTurnedAway = (disk: Disk, request: Partial<AttachRequest>): boolean => {
  const world = new HubWorld(ops, { disk, ownershipId: 'hub-2', now: Date.UTC(2026, 0, 2) });
  const tab = world.attach(request);
  return tab.connection?.state === 'closed' && tab.connection.reason === 'signed_out';
};

describe('a client that attaches', () => {
  const whenItWas = { before: Date.UTC(2026, 0, 1), after: Date.UTC(2026, 0, 1, 1) };
  test.for<[string, Partial<AttachRequest>, boolean]>([
    ['is new', { session: 'new' }, false],
    ['is of an older build, and says nothing', {}, false],
    ['has heard of as many sign-outs as there were', { session: 'x', signOuts: 3 }, false],
    ['has heard of fewer', { session: 'x', signOuts: 2, askedAt: whenItWas.after }, true],
    ['was known by its name', { session: 'ended' }, true],
    ['was never told, and asked first before it', { session: 'x', askedAt: whenItWas.before }, true],
    ['was never told, and asked first after it', { session: 'x', askedAt: whenItWas.after }, false],
    ['was told by a store that is gone', { session: 'x', signOuts: 9 }, false],
  ])('and %s', ([, request, turnedAway]) => {
    expect(isTurnedAway(diskAfter(3, ['ended']), request)).toBe(turnedAway);
  });

  test('a client that was never told is let in where the clock was set back since the last sign-out', () => {
    const world = new HubWorld(ops, { disk: diskAfter(3), now: Date.UTC(2025, 11, 31) });
    const tab = world.attach({ session: 'new', askedAt: world.now - 1_000 });
    expect(tab.connection).toMatchObject({ state: 'connecting' });
  });

  test.for<[number | undefined, number, boolean]>([
    [7, 7, false],
    [7, 6, true],
    [undefined, 7, true],
  ])(
    'and has heard of fewer, where the last sign-out has the number %s, and began after that of %s',
    ([number, begunAfter, turnedAway]) => {
      const disk = diskAfter(3);
      disk.endedSessions = { signOuts: 3, at: Date.UTC(2026, 0, 1), ids: [], ...(number && { number }) };
      expect(isTurnedAway(disk, { session: 'x', signOuts: 2, begunAfter })).toBe(turnedAway);
    },
  );

  test('is told how often the identity has signed out, as soon as that is known', () => {
    const world = new HubWorld(ops, { disk: diskAfter(3), open: false });
    const early = world.attach({ session: 'a' });
    expect(early.batches.map(({ signOuts }) => signOuts)).toEqual([undefined]);
    world.openStore();
    const late = world.attach({ session: 'b' });
    expect([early, late].map(({ batches }) => batches.at(-1)?.signOuts)).toEqual([3, 3]);
  });
});

test('a client that signs in while the store fails is told no number of sign-outs that is older than the last one', () => {
  const sessions = new Sessions();
  const disk = diskAfter(3);
  const before = new HubWorld(ops, { disk, sessions });
  expect(before.attach({ session: 'a' }).batches.at(-1)?.signOuts).toBe(3);
  // By a hub of another worker.
  disk.endedSessions = { signOuts: 4, at: before.now, ids: ['a'] };
  disk.failure = 'full';
  const world = new HubWorld(ops, { disk, sessions, ownershipId: 'hub-2' });
  const tab = world.attach({ session: 'b' });
  const told = () => tab.batches.flatMap(({ signOuts }) => signOuts ?? []);
  expect(told()).toEqual([]);
  disk.failure = null;
  world.advance(3_000);
  expect(told()).toEqual([4]);
});

describe('a client whose session is over', () => {
  const OVER = { session: 'x', signOuts: 0, url: 'ws://elsewhere/ws', hasToken: true };

  test('has no connection opened, though rows wait; what it asks is refused, what it asked of another hub is in doubt', () => {
    const world = new HubWorld(ops, { disk: diskAfter(1), open: false });
    const tab = world.attach(OVER);
    const fresh = decide(tab, 'fresh');
    const again = tab.send({ command: { type: 'remark', n: 1 }, maybeSentMs: 1_000 });
    tab.subscribe('run:1');
    world.openStore();
    world.advance(60_000);
    expect(closedOf(tab)).toMatchObject({ reason: 'signed_out', retryAt: null });
    expect(fresh.pending.reply).toMatchObject({ code: 'closed' });
    expect(again.pending.reply).toMatchObject({ code: 'unconfirmed' });
    expect(tab.call({ method: 'signOut', discard: true })).toMatchObject({ code: 'closed' });
    expect([world.sockets, world.disk.entries.size, world.ended]).toEqual([[], 1, null]);
  });

  test('does not disturb the ones that are welcome: neither its url nor its token is asked for', () => {
    const world = new HubWorld(ops, { disk: diskAfter(1), open: false });
    const over = world.attach(OVER);
    const tab = world.attach({ session: 'y' });
    world.openStore();
    expect(world.socket.url).toBe('ws://test/ws');
    world.socket.welcome();
    expect(world.socket.sent('command')).toHaveLength(1);
    expect([over.tokenRequest, tab.connection?.state]).toEqual([-1, 'open']);
    expect(over.batches.flatMap(({ outbox }) => outbox ?? [])).toEqual([]);
  });

  test('is let in while the store fails, and turned away as soon as it is back', () => {
    const disk = diskAfter(1);
    disk.failure = 'failed';
    const world = new HubWorld(ops, { disk });
    const tab = world.attach(OVER);
    tab.subscribe('run:1');
    expect(tab.connection).toMatchObject({ state: 'connecting' });
    const other = world.attach({ session: 'y' });
    disk.failure = null;
    world.advance(10_000);
    expect(closedOf(tab)).toMatchObject({ reason: 'signed_out' });
    expect(closedOf(other).reason).not.toBe('signed_out');
    expect(world.ended).toBeNull();
  });

  test('a client whose session is over, and that is alone, has its connection ended with it; what it sent meanwhile is stored, and not sent', () => {
    const disk = diskAfter(1);
    disk.failure = 'failed';
    const world = new HubWorld(ops, { disk });
    const tab = world.attach(OVER);
    tab.subscribe('run:1');
    tab.call({ method: 'token', request: tab.tokenRequest, answer: { token: 't' } });
    world.socket.accept();
    const { id } = decide(tab, 'meanwhile');
    disk.failure = null;
    world.advance(10_000);
    expect(closedOf(tab)).toMatchObject({ reason: 'signed_out' });
    expect([world.ended, world.liveSockets]).toEqual(['signed_out', []]);
    expect(world.sockets.flatMap((socket) => socket.sent('command'))).toEqual([]);
    expect([...disk.entries.keys()]).toContain(id);
  });
});

test('a tab that left before the store was open has no say in where the trunk leads', () => {
  const world = new HubWorld(ops, { open: false });
  world.attach({ appVersion: 9, url: 'ws://gone/ws' }).leave();
  world.attach({ url: 'ws://here/ws' }).subscribe('run:1');
  world.openStore();
  expect(world.socket.url).toBe('ws://here/ws');
});

describe('a sign-out that the store did not take', () => {
  const isOut = (tab: WorldTab) =>
    tab.connection?.state === 'closed' && tab.connection.reason === 'signed_out';

  test('is known to the next hub of the worker, which brings it to the store', () => {
    const sessions = new Sessions();
    const disk = diskAfter(3);
    const world = new HubWorld(ops, { disk, sessions });
    const tab = world.attach({ session: 'x' });
    disk.failure = 'full';
    tab.call({ method: 'signOut', discard: false });
    expect([world.ended, disk.endedSessions?.signOuts]).toEqual(['signed_out', 3]);
    const next = new HubWorld(ops, { disk, sessions, ownershipId: 'hub-2' });
    expect(isOut(next.attach({ session: 'x', signOuts: 3 }))).toBe(true);
    expect(isOut(next.attach({ session: 'y' }))).toBe(false);
    disk.failure = null;
    next.advance(10_000);
    expect(disk.endedSessions?.signOuts).toBe(4);
    expect(isTurnedAway(disk, { session: 'z', signOuts: 3 })).toBe(true);
  });

  test('is known by name where there never was a store, and counted as soon as there is one', () => {
    const sessions = new Sessions();
    const disk = diskAfter(3);
    disk.failure = 'unavailable';
    const world = new HubWorld(ops, { disk, sessions });
    world.attach({ session: 'cached' }).leave();
    world.attach({ session: 'x' }).call({ method: 'signOut', discard: false });
    const next = new HubWorld(ops, { disk, sessions, ownershipId: 'hub-2' });
    expect(isOut(next.attach({ session: 'cached' }))).toBe(true);
    disk.failure = null;
    next.advance(10_000);
    expect(disk.endedSessions).toMatchObject({ signOuts: 4, ids: ['cached', 'x'] });
  });

  test('is brought to a store that was deleted since, and not counted twice', () => {
    const sessions = new Sessions();
    const disk = diskAfter(3);
    const world = new HubWorld(ops, { disk, sessions });
    world.attach({ session: 'x' }).call({ method: 'signOut', discard: true });
    disk.erase();
    const next = new HubWorld(ops, { disk, sessions, ownershipId: 'hub-2' });
    expect(isOut(next.attach({ session: 'away', signOuts: 3 }))).toBe(true);
    expect(disk.endedSessions?.signOuts).toBe(4);
    new HubWorld(ops, { disk, sessions, ownershipId: 'hub-3' });
    expect(disk.endedSessions?.signOuts).toBe(4);
  });
});

test.for([false, true])(
  'the end of the sessions and of the rows is one transaction: a worker that dies before it has ended none, after it all; discard: %s',
  (discard) => {
    const { world, tab } = start();
    const there = { session: 'there', askedAt: world.now };
    world.attach({ session: 'there' });
    decide(tab, 'waits');
    world.autoCommit = false;
    world.call(tab.id, { method: 'signOut', discard });
    expect(isTurnedAway(world.disk, there)).toBe(false);
    expect(world.disk.entries.size).toBe(1);
    expect(world.commits.at(-1)?.content.durability).toBe('strict');
    world.commitNext();
    expect(isTurnedAway(world.disk, there)).toBe(true);
    expect(isTurnedAway(world.disk, { session: 'new' })).toBe(false);
    expect(world.disk.entries.size).toBe(discard ? 0 : 1);
  },
);

test('nobody hears that it is signed out before all that were asked for are over: who signs in then finds a new hub', () => {
  const { world, tab } = start();
  world.autoCommit = false;
  const first = world.call(tab.id, { method: 'signOut', discard: false });
  world.disk.failure = 'unknown';
  world.commitNext('unknown');
  const second = world.call(tab.id, { method: 'signOut', discard: false });
  expect([first.reply, second.reply, world.ended]).toEqual([undefined, undefined, null]);
  world.disk.failure = null;
  world.autoCommit = true;
  world.advance(3_000);
  expect(first.reply).toEqual({ ok: true, value: [] });
  expect([second.reply, world.ended]).toEqual([first.reply, 'signed_out']);
});

test('of sessions that were ended by name the newest 200 are kept, and a hub counts on from what is stored', () => {
  const world = new HubWorld(ops, { disk: diskAfter(4, ['old']) });
  for (let n = 1; n <= 250; n++) world.attach({ session: `s${n}` }).leave();
  world.call(world.attach({ session: 'last' }).id, { method: 'signOut', discard: false });
  expect(world.disk.endedSessions).toMatchObject({ signOuts: 5, at: world.now });
  expect(world.disk.endedSessions?.ids).toHaveLength(200);
  expect(world.disk.endedSessions?.ids.at(-1)).toBe('last');
});

describe('a sign-out of which the store does not know whether it was written', () => {
  test.for([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ] as const)(
    '(written: %s, discard: %s) takes place once the rows were read anew, and nothing leaves or is taken before',
    ([isWritten, discard]) => {
      const { world, tab } = start();
      const { id } = decide(tab, 'waits');
      world.autoCommit = false;
      const out = world.call(tab.id, { method: 'signOut', discard });
      if (isWritten) world.disk.apply(world.commits[0]?.content.ops ?? []);
      world.disk.failure = 'failed';
      world.commitNext('unknown');
      world.socket.welcome();
      const late = decide(tab, 'late');
      world.advance(9_000);
      expect(out.reply).toMatchObject({ code: 'unconfirmed' });
      expect(late.pending.reply).toMatchObject({ code: 'closed' });
      expect([world.ended, world.sockets.flatMap((socket) => socket.sent('command'))]).toEqual([null, []]);
      world.disk.failure = null;
      world.autoCommit = true;
      world.advance(30_000);
      expect([world.ended, world.liveSockets]).toEqual(['signed_out', []]);
      expect([...world.disk.entries.keys()]).toEqual(discard ? [] : [id]);
      expect(world.disk.endedSessions?.signOuts).toBe(1);
      const errors = tab.batches.flatMap(({ reports }) => reports ?? []).map(({ message }) => message);
      expect(errors.filter((message) => message.includes('signed out while'))).toEqual([]);
    },
  );
});

describe('whether somebody has signed in since the last sign-out', () => {
  const isNoted = ({ endedSessions }: Disk) => endedSessions?.isSignedInSince === true;

  test('is noted when a page comes that was not ended, and taken back by the next sign-out', () => {
    const disk = diskAfter(3, ['ended']);
    const world = new HubWorld(ops, { disk });
    world.attach({ session: 'ended' });
    expect(isNoted(disk)).toBe(false);
    const tab = world.attach({ session: 'new' });
    expect([isNoted(disk), disk.endedSessions]).toMatchObject([true, { signOuts: 3, ids: ['ended'] }]);
    tab.call({ method: 'signOut', discard: false });
    expect([isNoted(disk), disk.endedSessions?.signOuts]).toEqual([false, 4]);
  });

  test('is noted for a page that came while there was no store', () => {
    const disk = diskAfter(3);
    disk.failure = 'blocked';
    const world = new HubWorld(ops, { disk });
    world.attach({ session: 'new' });
    disk.failure = null;
    world.advance(10_000);
    expect(isNoted(disk)).toBe(true);
  });

  test('a page that comes while one of two sign-outs is still stored does not take them back', () => {
    const disk = diskAfter(3);
    const world = new HubWorld(ops, { disk });
    const tabs = ['x', 'y'].map((session) => world.attach({ session }));
    world.autoCommit = false;
    for (const tab of tabs) tab.call({ method: 'signOut', discard: false });
    // One of the two took place, and the hub ends with the other.
    world.commitNext();
    world.attach({ session: 'new' });
    while (world.commits.length > 0) world.commitNext();
    expect([world.ended, isNoted(disk), disk.endedSessions?.signOuts]).toEqual(['signed_out', false, 4]);
  });
});
