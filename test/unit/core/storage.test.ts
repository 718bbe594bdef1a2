import { describe, expect, test } from 'vitest';
import { Disk } from '../../../testing/fakes/disk.ts';
import type { StoreFailure } from '../../../worker/core/store.ts';
import { HubWorld, type WorldTab } from '../../support/hub-world.ts';
import { connect, DURABLE, decide, IN_MEMORY, ops, remark, start } from './ops.ts';

function storageOf(tab: WorldTab) {
  return tab.batches.findLast(({ storage }) => storage)?.storage;
}

function reportsOf(tab: WorldTab) {
  return tab.batches.flatMap(({ reports }) => reports ?? []).filter(({ kind }) => kind === 'error');
}

function failing(failure: StoreFailure) {
  const disk = new Disk();
  disk.failure = failure;
  return start({ disk });
}

describe('a store that cannot be opened', () => {
  test.for(['unavailable', 'blocked', 'full', 'failed'] as const)(
    '(%s) the hub works from memory, and says so',
    (failure) => {
      const { world, tab } = failing(failure);
      expect(storageOf(tab)).toMatchObject({ state: 'degraded', reason: `${failure}: as the test wants` });
      expect(reportsOf(tab)).toMatchObject([{ code: 'storage_unavailable' }]);
      const { id, pending } = decide(tab, 'g');
      expect(pending.reply).toEqual(IN_MEMORY);
      world.socket.welcome();
      expect(world.socket.sent('hello')[0]).toMatchObject({
        client_id: '00000000-0000-4000-8000-00000000ffff',
        term: 0,
      });
      expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 1 }]);
      world.socket.say({ type: 'command_ack', id });
      expect(tab.settled).toMatchObject([{ id, outcome: { status: 'accepted' } }]);
      expect(tab.call({ method: 'settled', id })).toMatchObject({ value: { status: 'accepted' } });
    },
  );

  test('is opened again, with backoff, and reported once', () => {
    const { world, tab } = failing('blocked');
    const openings = () => world.effects.filter(({ type }) => type === 'reopen_store').length;
    for (const [index, wait] of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000].entries()) {
      world.advance(wait - 1);
      expect(openings()).toBe(index);
      world.advance(1);
      expect(openings()).toBe(index + 1);
    }
    expect(reportsOf(tab)).toHaveLength(1);
  });

  test('of a newer format ends the hub: it must not own what it cannot read', () => {
    const { world, tab } = start({ open: false });
    tab.subscribe('run:1');
    world.disk.failure = 'newer_format';
    world.openStore();
    expect(world.ended).toBe('newer_format');
    expect(world.sockets).toHaveLength(0);
  });
});

describe('a store that is back', () => {
  test('gives the connection its stored name: critical events are owed to that one', () => {
    const { world, tab } = failing('blocked');
    decide(tab, 'g');
    world.socket.welcome();
    world.disk.failure = null;
    world.advance(1_000);
    expect(world.socket.state).toBe('closing');
    world.socket.close(1000);
    world.socket.accept();
    expect(world.sockets).toHaveLength(2);
    expect(world.socket.sent('hello')[0]).toMatchObject({
      client_id: world.disk.clientId,
      term: world.disk.term,
    });
  });

  test('takes what memory holds, behind its own rows', () => {
    const before = start();
    const old = decide(before.tab, 'old', 'run:1');
    const { disk } = before.world;
    disk.failure = 'blocked';
    const world = new HubWorld(ops, { disk, ownershipId: 'hub-2' });
    const tab = world.attach();
    const fresh = decide(tab, 'fresh', 'run:1');
    expect(fresh.pending.reply).toEqual(IN_MEMORY);
    disk.failure = null;
    world.advance(1_000);
    expect(storageOf(tab)).toMatchObject({ state: 'ok' });
    expect(tab.outbox.map(({ id }) => id)).toEqual([old.id, fresh.id]);
    expect([...disk.entries.keys()]).toEqual([old.id, fresh.id]);
    expect(decide(tab, 'next').pending.reply).toEqual(DURABLE);
    world.socket.close();
    world.socket.welcome();
    world.socket.say({ type: 'command_ack', id: old.id });
    expect(world.socket.sent('command').map(({ id }) => id)).toMatchObject([old.id, {}, fresh.id]);
  });

  test('its commands go first, on a new connection, and those of memory again', () => {
    const before = start();
    const old = decide(before.tab, 'old', 'run:1');
    const { disk } = before.world;
    disk.failure = 'blocked';
    const { world, tab } = start({ disk, ownershipId: 'hub-2' });
    const fresh = decide(tab, 'fresh', 'run:1');
    world.socket.welcome();
    expect(world.socket.sent('command').map(({ id }) => id)).toEqual([fresh.id]);
    disk.failure = null;
    world.advance(3_000);
    expect(world.sockets).toHaveLength(2);
    world.socket.welcome();
    expect(world.socket.sent('command').map(({ id }) => id)).toEqual([old.id]);
    world.socket.say({ type: 'command_ack', id: old.id });
    expect(world.socket.sent('command').map(({ id }) => id)).toEqual([old.id, fresh.id]);
  });

  test('gives the hub its name and term for the next connection', () => {
    const { world, tab } = failing('blocked');
    tab.subscribe('run:1');
    world.disk.failure = null;
    world.advance(1_000);
    world.socket.close();
    world.advance(1_000);
    world.socket.accept();
    expect(world.socket.sent('hello')[0]).toMatchObject({ client_id: world.disk.clientId, term: 1 });
  });

  test('hears of what ended meanwhile', () => {
    const { world, tab } = connect();
    const accepted = decide(tab, 'a', 'run:1');
    const rejected = decide(tab, 'b', 'run:2');
    world.disk.failure = 'failed';
    world.socket.say({ type: 'command_ack', id: accepted.id });
    world.socket.say({ type: 'command_nack', id: rejected.id, code: 'no', message: '', retry: false });
    expect(tab.settled.map(({ id }) => id)).toEqual([accepted.id]);
    world.disk.failure = null;
    world.advance(1_000);
    expect(tab.settled.map(({ id }) => id)).toEqual([accepted.id, rejected.id]);
    expect([...world.disk.entries.values()]).toMatchObject([
      { id: rejected.id, fate: { state: 'rejected' } },
    ]);
    expect([...world.disk.outcomes.keys()].sort()).toEqual([accepted.id, rejected.id].sort());
  });

  test('is degraded until what memory holds is stored, and failing at that is no new report', () => {
    const { world, tab } = connect();
    world.disk.failure = 'full';
    decide(tab, 'g');
    const states: string[] = [];
    for (let round = 0; round < 3; round++) {
      world.disk.failure = null;
      world.autoCommit = false;
      world.advance(30_000 * (round + 1));
      states.push(storageOf(tab)?.state ?? '');
      if (world.commits.length > 0) world.commitNext('full');
      world.socket.say({ type: 'pong', id: 1 });
    }
    expect(states).toEqual(['degraded', 'degraded', 'degraded']);
    expect(reportsOf(tab)).toHaveLength(1);
    world.autoCommit = true;
    world.advance(60_000);
    expect(storageOf(tab)).toMatchObject({ state: 'ok' });
    expect(world.disk.entries.size).toBe(1);
  });
});

describe('a store that is lost in mid-session', () => {
  test('gets back what it held, though nothing was to be written', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    world.socket.welcome();
    world.socket.say(
      { type: 'subscribed', topic: 'run:1', ref: 1, epoch: 'e1', offset: 7, recovered: false },
      {
        type: 'snapshot',
        topic: 'run:1',
        ref: 1,
        epoch: 'e1',
        offset: 7,
        ts: 1,
        part: 0,
        last: true,
        events: [],
      },
    );
    world.socket.close();
    const { id, pending } = decide(tab, 'g');
    expect(pending.reply).toEqual(DURABLE);
    world.advance(500);
    expect([...world.disk.cursors.values()]).toMatchObject([{ topic: 'run:1', offset: 7 }]);
    world.disk.erase();
    world.feed({ type: 'store_failed', failure: 'failed', message: 'the browser closed it' });
    expect(storageOf(tab)).toMatchObject({ state: 'degraded', reason: 'failed: the browser closed it' });
    world.advance(1_000);
    expect(storageOf(tab)).toMatchObject({ state: 'ok' });
    expect([...world.disk.entries.keys()]).toEqual([id]);
    expect([...world.disk.cursors.values()]).toMatchObject([{ topic: 'run:1', offset: 7 }]);
    expect(world.disk.principal).toBe('ann');
  });

  test('the sends of its transaction are in memory, and go', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const sends = [1, 2, 3].map((n) => remark(tab, n));
    world.disk.failure = 'failed';
    world.commitNext('failed');
    expect(sends.map(({ pending }) => pending.reply)).toEqual([IN_MEMORY, IN_MEMORY, IN_MEMORY]);
    expect(world.socket.sent('command')).toHaveLength(3);
    expect(storageOf(tab)?.state).toBe('degraded');
    expect(reportsOf(tab)).toHaveLength(1);
  });

  test('a send that is offered again is answered, though nothing is under way for it', () => {
    const { world, tab } = connect();
    world.disk.failure = 'failed';
    const { id } = decide(tab, 'g');
    const again = tab.send({ id, command: { type: 'decide', gate: 'g' }, priority: 'high', dedupeKey: 'g' });
    expect(again.pending.reply).toEqual(IN_MEMORY);
    expect(world.socket.sent('command')).toHaveLength(1);
  });

  test('a cancel fails where the stored row would come back after a crash, and its place is kept', () => {
    const { world, tab } = start();
    const first = decide(tab, 'a', 'run:1');
    const second = decide(tab, 'b', 'run:1');
    world.autoCommit = false;
    const cancel = world.call(tab.id, { method: 'cancel', id: first.id });
    const again = world.call(tab.id, { method: 'cancel', id: first.id });
    world.disk.failure = 'failed';
    world.commitNext('failed');
    for (const { reply } of [cancel, again]) expect(reply).toMatchObject({ code: 'storage_unavailable' });
    expect(tab.settled).toEqual([]);
    world.disk.failure = null;
    world.autoCommit = true;
    world.advance(1_000);
    world.socket.welcome();
    world.socket.say({ type: 'command_ack', id: first.id });
    expect(world.socket.sent('command').map(({ id }) => id)).toEqual([first.id, second.id]);
  });

  test('what was never stored can be cancelled, also while its transaction fails', () => {
    const { world, tab } = start();
    world.autoCommit = false;
    const { id, pending } = decide(tab, 'g');
    const cancel = world.call(tab.id, { method: 'cancel', id });
    world.disk.failure = 'failed';
    world.commitNext('failed');
    expect(pending.reply).toEqual(IN_MEMORY);
    expect(cancel.reply).toEqual({ ok: true, value: true });
    expect(tab.settled).toEqual([{ id, outcome: { status: 'cancelled' } }]);
    expect(tab.outbox).toEqual([]);
  });

  test('a dismissed entry is seen again where its row cannot be deleted', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, code: 'no', message: '', retry: false });
    world.disk.failure = 'failed';
    expect(tab.call({ method: 'dismiss', id })).toMatchObject({ code: 'storage_unavailable' });
    expect(tab.outbox).toMatchObject([{ id, state: 'rejected' }]);
    world.disk.failure = null;
    world.advance(1_000);
    expect(tab.call({ method: 'dismiss', id })).toEqual({ ok: true, value: null });
    expect(tab.outbox).toEqual([]);
  });

  test('a drop makes room at once, and is told when the store knows', () => {
    const { world, tab } = start({ settings: { normalLimit: 1 } });
    const { id } = remark(tab, 1);
    world.disk.failure = 'failed';
    expect(remark(tab, 2).pending.reply).toEqual(IN_MEMORY);
    expect(tab.settled).toEqual([]);
    world.socket.welcome();
    expect(world.socket.sent('command').map(({ command }) => command['n'])).toEqual([2]);
    world.disk.failure = null;
    world.advance(1_000);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'dropped' } }]);
  });

  test('a mark that the store reports failed and kept all the same is believed', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.autoCommit = false;
    world.socket.welcome();
    world.commitNext();
    world.disk.apply(world.commits[0]?.content.ops ?? []);
    world.commitNext('failed');
    expect(tab.outbox).toMatchObject([{ id, state: 'queued', attempt: 0 }]);
    world.socket.close();
    world.advance(999);
    world.autoCommit = true;
    world.advance(1);
    expect(tab.outbox).toMatchObject([{ id, state: 'sent', attempt: 1 }]);
    expect(tab.call({ method: 'cancel', id })).toEqual({ ok: true, value: false });
  });

  test('an outcome that the store reports failed and kept all the same is believed', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.autoCommit = false;
    const cancel = world.call(tab.id, { method: 'cancel', id });
    world.disk.apply(world.commits[0]?.content.ops ?? []);
    world.commitNext('failed');
    expect(cancel.reply).toMatchObject({ code: 'storage_unavailable' });
    world.advance(1_000);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'cancelled' } }]);
    expect(tab.outbox).toEqual([]);
    world.socket.welcome();
    while (world.commits.length > 0) world.commitNext();
    expect(world.socket.sent('command')).toEqual([]);
  });
});

describe('an owner that is to hand over', () => {
  test('ends when its transaction is complete, and its sends are answered', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const { pending } = decide(tab, 'g');
    world.feed({ type: 'hand_over' });
    expect([world.ended, pending.reply]).toEqual([null, undefined]);
    while (world.commits.length > 0) world.commitNext();
    expect(pending.reply).toEqual(DURABLE);
    expect(world.ended).toBe('handed_over');
    expect(world.liveSockets).toHaveLength(0);
  });

  test('stays while the store fails and commands are in its memory alone; goes when there are none', () => {
    const { world, tab } = failing('full');
    decide(tab, 'g');
    world.feed({ type: 'hand_over' });
    expect(world.ended).toBeNull();
    const { world: other } = failing('full');
    other.feed({ type: 'hand_over' });
    expect(other.ended).toBe('handed_over');
  });
});

describe('a store with rows that cannot be read', () => {
  test('is no failure, and they are counted, and reported once however often it is opened', () => {
    const disk = new Disk();
    disk.unreadable = [
      { table: 'entries', key: 'bad' },
      { table: 'cursors', key: 'bad' },
    ];
    const { world, tab } = start({ disk });
    world.openStore();
    expect(world.report).toMatchObject({ storage: { state: 'ok' }, unreadableRows: 2 });
    expect(reportsOf(tab)).toMatchObject([
      { code: 'storage_unavailable', message: expect.stringContaining('entries (bad)') },
      { code: 'storage_unavailable', message: expect.stringContaining('cursors (bad)') },
    ]);
    expect(decide(tab, 'g').pending.reply).toEqual(DURABLE);
  });
});

describe('a store that another hub has taken over', () => {
  test.for(['at a write', 'at opening'])('%s: this ownership is over, and its socket', (when) => {
    const { world, tab } = connect();
    world.disk.failure = 'fenced';
    if (when === 'at a write') remark(tab, 1);
    else world.feed({ type: 'store_failed', failure: 'fenced', message: '' });
    expect(world.ended).toBe('superseded');
    expect(world.liveSockets).toHaveLength(0);
    expect(world.hub.step({ type: 'deadline' }, world.now, world.ticks)).toEqual([]);
  });
});
