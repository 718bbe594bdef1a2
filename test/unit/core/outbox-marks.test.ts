import { describe, expect, test } from 'vitest';
import type { Disk } from '../../../testing/fakes/disk.ts';
import type { StoredEntry } from '../../../worker/core/store.ts';
import { HubWorld } from '../../support/hub-world.ts';
import { connect, decide, ops, remark, start } from './ops.ts';

/** Whether the disk says so of every command for which a frame has left. */
function expectMarked(world: HubWorld): void {
  for (const socket of world.sockets) {
    for (const { id, attempt } of socket.sent('command')) {
      const row = world.disk.entries.get(id);
      if (row) expect(row).toMatchObject({ maybeSent: true, firstSentAt: expect.any(Number) });
      if (row) expect(row.attempt).toBeGreaterThanOrEqual(attempt);
    }
  }
}

describe('a row says `maybeSent` before its frame leaves', () => {
  test('one that waited: one transaction for the whole window, then the frames, and meanwhile one for the next', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    for (let n = 0; n < 150; n++) remark(tab, n);
    world.autoCommit = false;
    world.disk.principal = 'ann';
    const now = world.now;
    world.socket.welcome({ server_time: 777 });
    world.commitNext();
    expect(world.socket.sent('command')).toEqual([]);
    expect(world.commits).toHaveLength(1);
    expect(world.commits[0]?.content.ops).toHaveLength(128);
    world.commitNext();
    expect(world.socket.sent('command')).toHaveLength(128);
    expect(world.commits).toMatchObject([{ content: { ops: { length: 22 } } }]);
    expectMarked(world);
    const [row] = world.disk.entries.values();
    expect(row).toMatchObject({ maybeSent: true, attempt: 1, firstSentAt: 777, createdAt: now });
  });

  test('one that is marked while what memory held is still being stored: not where the mark fails', () => {
    const { world, tab } = start({ open: false });
    world.disk.failure = 'blocked';
    world.openStore();
    const { id } = decide(tab, 'g');
    world.disk.failure = null;
    world.disk.principal = 'ann';
    world.autoCommit = false;
    world.advance(1_000);
    // The next one is under the name that is stored.
    world.socket.close();
    world.socket.welcome();
    world.commitNext();
    expect(world.disk.entries.get(id)).toMatchObject({ maybeSent: false });
    world.commitNext('full');
    expect(world.socket.sent('command')).toEqual([]);
  });

  test('one that is sent again: its attempt is stored first, and when it was first sent stays', () => {
    const { world, tab } = start();
    decide(tab, 'g');
    world.socket.welcome({ server_time: 1_000 });
    world.socket.close();
    world.advance(1_000);
    world.autoCommit = false;
    world.socket.welcome({ server_time: 2_000 });
    expect(world.socket.sent('command')).toEqual([]);
    world.commitNext();
    expect(world.socket.sent('command')).toMatchObject([{ attempt: 2 }]);
    expect([...world.disk.entries.values()]).toMatchObject([{ attempt: 2, firstSentAt: 1_000 }]);
  });

  test('on an open connection: its first put says so', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const { id } = decide(tab, 'g');
    const put = world.effects.findIndex(({ type }) => type === 'commit' && world.commits.length > 0);
    expect(put).toBeGreaterThanOrEqual(0);
    expect(world.commits[0]?.content.ops).toMatchObject([
      { op: 'put', table: 'entries', row: { id, maybeSent: true, attempt: 1 } },
    ]);
  });

  test('what waits in a window does not say so', () => {
    const { world, tab } = connect({ settings: { inFlightLimit: 1 } });
    remark(tab, 1);
    const { id } = remark(tab, 2);
    expect(world.disk.entries.get(id)).toMatchObject({ maybeSent: false, attempt: 0 });
  });

  test('the connection is lost while a mark is under way: nothing leaves, and the next one sends', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.autoCommit = false;
    world.socket.welcome();
    world.commitNext();
    expect(world.commits).toHaveLength(1);
    world.socket.close();
    world.commitNext();
    expect(tab.outbox).toMatchObject([{ id, state: 'queued', attempt: 0 }]);
    world.advance(1_000);
    world.socket.welcome();
    expect(world.sockets.flatMap((socket) => socket.sent('command'))).toEqual([]);
    world.commitNext();
    expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 1 }]);
  });

  test('the next connection opens while a mark is under way: it is not sent with the old one’s mark', () => {
    const { world, tab } = start();
    decide(tab, 'g');
    world.autoCommit = false;
    world.socket.welcome({ server_time: 1_000 });
    world.commitNext();
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ server_time: 2_000, dedupe_since: 1_500 });
    world.commitNext();
    world.commitNext();
    expect(world.socket.sent('command')).toMatchObject([{ attempt: 1 }]);
    expect([...world.disk.entries.values()]).toMatchObject([{ firstSentAt: 2_000 }]);
  });
});

describe('what follows the window that leaves is marked behind it', () => {
  const sent = (world: HubWorld) => world.socket.sent('command').map(({ command }) => command['n']);
  const ack = (world: HubWorld, n: number) => {
    const { id } = world.socket.sent('command').find(({ command }) => command['n'] === n) ?? { id: '' };
    world.socket.say({ type: 'command_ack', id });
  };

  /** One to three wait; a window of them has left, and the next is marked. From here on the store answers when it is told to. */
  function standingBy(before: Parameters<typeof start>[0] = { settings: { inFlightLimit: 1 } }) {
    const { world, tab } = start(before);
    const ids = [1, 2, 3].map((n) => remark(tab, n).id);
    world.disk.principal = 'ann';
    world.socket.welcome({ server_time: 1_000 });
    world.autoCommit = false;
    return { world, tab, ids };
  }
  const rows = (world: HubWorld) => [...world.disk.entries.values()].map(({ maybeSent }) => maybeSent);

  test('a window of it, which leaves as soon as there is room, and waits for no store', () => {
    const { world, tab } = standingBy();
    expect(sent(world)).toEqual([1]);
    expect(rows(world)).toEqual([true, true, false]);
    expect(tab.outbox).toMatchObject([
      { state: 'sent' },
      { state: 'queued', attempt: 0 },
      { state: 'queued' },
    ]);
    ack(world, 1);
    expect(sent(world)).toEqual([1, 2]);
    expectMarked(world);
    expect(tab.outbox).toMatchObject([{}, { state: 'sent', attempt: 1 }, { state: 'queued' }]);
    // Of the third no store has heard.
    ack(world, 2);
    expect(sent(world)).toEqual([1, 2]);
    while (world.commits.length > 0) world.commitNext();
    expect(sent(world)).toEqual([1, 2, 3]);
    expectMarked(world);
  });

  test('not where the mark fails', () => {
    const { world, tab } = start({ settings: { inFlightLimit: 1 } });
    for (const n of [1, 2]) remark(tab, n);
    world.disk.principal = 'ann';
    world.autoCommit = false;
    world.socket.welcome();
    world.commitNext();
    world.disk.failure = 'failed';
    world.commitNext('failed');
    expect(sent(world)).toEqual([]);
    expect(rows(world)).toEqual([false, false]);
    world.advance(500);
    expect(sent(world)).toEqual([]);
  });

  test('of a connection that is lost meanwhile it leaves on none, and is marked anew for the next', () => {
    const { world } = standingBy();
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ server_time: 2_000 });
    expect(sent(world)).toEqual([]);
    while (world.commits.length > 0) world.commitNext();
    ack(world, 1);
    expect(world.socket.sent('command')).toMatchObject([{ attempt: 2 }, { command: { n: 2 }, attempt: 1 }]);
    expect([...world.disk.entries.values()][1]).toMatchObject({ firstSentAt: 2_000 });
    expectMarked(world);
  });

  test('of a connection that is lost before the store has answered, too', () => {
    const { world, tab } = start({ settings: { inFlightLimit: 1 } });
    for (const n of [1, 2]) remark(tab, n);
    world.disk.principal = 'ann';
    world.autoCommit = false;
    world.socket.welcome({ server_time: 1_000 });
    world.commitNext();
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ server_time: 2_000 });
    while (world.commits.length > 0) world.commitNext();
    ack(world, 1);
    while (world.commits.length > 0) world.commitNext();
    expect(world.socket.sent('command')).toMatchObject([{ attempt: 1 }, { command: { n: 2 }, attempt: 1 }]);
    expect([...world.disk.entries.values()]).toMatchObject([{ firstSentAt: 2_000 }]);
  });

  test('one that is cancelled has never left, and never does', () => {
    const { world, tab, ids } = standingBy();
    tab.call({ method: 'cancel', id: ids[1] ?? '' });
    while (world.commits.length > 0) world.commitNext();
    expect(tab.settled).toContainEqual(
      expect.objectContaining({ id: ids[1], outcome: { status: 'cancelled' } }),
    );
    ack(world, 1);
    while (world.commits.length > 0) world.commitNext();
    expect(sent(world)).toEqual([1, 3]);
  });

  test('one that is cancelled while it is marked never leaves', () => {
    const { world, tab } = start({ settings: { inFlightLimit: 1 } });
    const [, id] = [1, 2].map((n) => remark(tab, n).id);
    world.disk.principal = 'ann';
    world.autoCommit = false;
    world.socket.welcome();
    world.commitNext();
    tab.call({ method: 'cancel', id: id ?? '' });
    while (world.commits.length > 0) world.commitNext();
    ack(world, 1);
    while (world.commits.length > 0) world.commitNext();
    expect(sent(world)).toEqual([1]);
    expect(world.disk.entries.size).toBe(0);
  });

  test('one whose time is over has never left, and expires', () => {
    const { world, tab } = start({ settings: { inFlightLimit: 1 } });
    remark(tab, 1);
    const { id } = tab.send({ command: { type: 'probe', n: 2 }, topic: null });
    world.socket.welcome();
    expect(rows(world)).toEqual([true, true]);
    world.advance(5_000);
    expect(tab.outbox).toContainEqual(expect.objectContaining({ id, state: 'expired' }));
    expect(world.socket.sent('command')).toHaveLength(1);
  });

  test('a decision that comes later, and whose turn comes with its own, goes ahead of it', () => {
    const { world, tab } = standingBy({ settings: { inFlightLimit: 2 } });
    expect(sent(world)).toEqual([1, 2]);
    expect(rows(world)).toEqual([true, true, true]);
    const [first, second] = [decide(tab, 'a').id, decide(tab, 'b').id];
    ack(world, 1);
    expect(
      world.socket
        .sent('command')
        .map(({ id }) => id)
        .at(-1),
    ).toBe(first);
    world.socket.say({ type: 'command_ack', id: first });
    expect(
      world.socket
        .sent('command')
        .map(({ id }) => id)
        .at(-1),
    ).toBe(first);
    while (world.commits.length > 0) world.commitNext();
    const [behind, last] = world.socket.sent('command').slice(-2);
    expect(behind).toMatchObject({ id: second });
    expect(last).toMatchObject({ command: { n: 3 } });
  });

  test('the next hub cannot know that it never left, and sends it as a repeat', () => {
    const { world } = standingBy();
    const next = start({ disk: world.disk, settings: { inFlightLimit: 2 } });
    next.world.socket.welcome({ server_time: 2_000 });
    expect(next.world.socket.sent('command')).toMatchObject([{ attempt: 2 }, { attempt: 2 }]);
  });

  test('a newer command takes its place where the outbox is full', () => {
    const { world, tab, ids } = standingBy({ settings: { inFlightLimit: 2, normalLimit: 3 } });
    world.autoCommit = true;
    remark(tab, 4);
    expect(tab.outbox).toContainEqual(expect.objectContaining({ id: ids[2], state: 'dropped' }));
    expect(sent(world)).toEqual([1, 2]);
  });
});

describe('a failing store', () => {
  test('while a mark is under way: the command is held, since its row says "never sent"', () => {
    const { world, tab } = start();
    world.answersPings = true;
    const { id } = decide(tab, 'g');
    world.autoCommit = false;
    world.socket.welcome();
    world.commitNext();
    world.disk.failure = 'failed';
    world.commitNext('failed');
    expect(world.socket.sent('command')).toEqual([]);
    expect(tab.outbox).toMatchObject([{ id, state: 'queued', attempt: 0 }]);
    world.advance(20_000);
    expect(world.socket.sent('command')).toEqual([]);
    world.disk.failure = null;
    world.autoCommit = true;
    world.advance(20_000);
    expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 1 }]);
    expectMarked(world);
  });

  test('one that was never stored goes, and its row catches up when the store is back', () => {
    const { world, tab } = connect();
    world.disk.failure = 'failed';
    const { id } = decide(tab, 'g');
    expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 1 }]);
    expect(world.disk.entries.size).toBe(0);
    world.disk.failure = null;
    world.advance(1_000);
    expect(world.disk.entries.get(id)).toMatchObject({ maybeSent: true, attempt: 1 });
  });

  test('one whose row says `maybeSent` already is sent again', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.disk.failure = 'failed';
    remark(tab, 1);
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome();
    expect(world.socket.sent('command').map((frame) => frame.id)).toContain(id);
  });

  test('a held one does not hold up what can go', () => {
    const { world, tab } = start();
    world.answersPings = true;
    const held = decide(tab, 'held', 'run:1');
    world.disk.failure = 'failed';
    const behind = decide(tab, 'behind', 'run:1');
    const other = decide(tab, 'other', 'run:2');
    const normal = remark(tab, 1);
    world.socket.welcome();
    expect(world.socket.sent('command').map(({ id }) => id)).toEqual([other.id, normal.id]);
    world.disk.failure = null;
    world.advance(30_000);
    world.socket.say({ type: 'command_ack', id: held.id });
    expect(world.socket.sent('command').map(({ id }) => id)).toEqual([
      other.id,
      normal.id,
      held.id,
      behind.id,
    ]);
  });

  test('a retried one is held as well: its row says that it was refused', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, code: 'no', message: '', retry: false });
    world.disk.failure = 'failed';
    expect(tab.call({ method: 'retry', id })).toEqual({ ok: true, value: { durable: false } });
    expect(world.socket.sent('command')).toHaveLength(1);
    world.disk.failure = null;
    world.advance(1_000);
    expect(world.socket.sent('command')).toMatchObject([{ attempt: 1 }, { attempt: 2 }]);
    expect(world.disk.outcomes.has(id)).toBe(false);
    expect(tab.call({ method: 'settled', id })).toEqual({ ok: true, value: null });
  });
});

describe('what may have been sent', () => {
  function sentIn(disk: Disk): StoredEntry | undefined {
    return [...disk.entries.values()].find(({ maybeSent }) => maybeSent);
  }

  test('is known to the next hub, whenever this one dies', () => {
    const { world, tab } = start();
    decide(tab, 'g');
    world.autoCommit = false;
    world.socket.welcome();
    for (;;) {
      const left = world.socket.sent('command').length > 0;
      if (left) expect(sentIn(world.disk)).toBeDefined();
      if (world.commits.length === 0) break;
      world.commitNext();
    }
    expect(sentIn(world.disk)).toBeDefined();
  });

  test('cannot be dropped or expired by the next hub, and is withdrawn, not cancelled', () => {
    const { world, tab } = connect();
    const { id } = tab.send({ command: { type: 'probe', n: 1 } });
    const next = new HubWorld(ops, {
      disk: world.disk,
      ownershipId: 'hub-2',
      settings: { normalLimit: 1 },
      now: world.now + 60_000,
    });
    const after = next.attach();
    expect(after.outbox).toMatchObject([{ id, state: 'sent', attempt: 1 }]);
    expect(remark(after, 1).pending.reply).toMatchObject({ code: 'outbox_full' });
    expect(after.call({ method: 'cancel', id })).toEqual({ ok: true, value: false });
    expect(after.outbox).toMatchObject([{ id, state: 'withdrawing' }]);
    next.socket.welcome({ server_time: next.now, capabilities: ['withdraw'] });
    expect(next.socket.sent('command')).toEqual([]);
    expect(next.socket.sent('withdraw')).toMatchObject([{ id }]);
  });
});
