import { describe, expect, test } from 'vitest';
import { Disk } from '../../../testing/fakes/disk.ts';
import type { StoreOp } from '../../../worker/core/store.ts';
import { HubWorld } from '../../support/hub-world.ts';
import { aim, connect, DURABLE, IN_MEMORY, ops, remark, start } from './ops.ts';

const REPLACED = { status: 'replaced' };
const UNAVAILABLE = { ok: false, code: 'storage_unavailable' };

/** What the server was sent, as values of the knobs. */
function sentTo(world: HubWorld): unknown[] {
  return world.sockets.flatMap((socket) => socket.sent('command')).map(({ command }) => command['n']);
}

const namesOf = (ops: readonly StoreOp[] = []) =>
  ops.map(
    (op) =>
      `${op.op} ${'table' in op ? op.table : ''} ${'key' in op ? op.key : 'row' in op && 'id' in op.row ? op.row.id : ''}`,
  );

describe('a command that replaces those of its key', () => {
  test('takes the place of one that has not left, which ends as replaced in every tab, and leaves the outbox', () => {
    const { world, tab } = start();
    const other = world.attach();
    const first = aim(tab, 'gain', 1);
    const second = aim(other, 'gain', 2);
    expect(first.pending.reply).toEqual(DURABLE);
    expect(second.pending.reply).toEqual(DURABLE);
    for (const each of [tab, other]) {
      expect(each.settled).toEqual([{ id: first.id, outcome: REPLACED }]);
      expect(each.outbox.map(({ id }) => id)).toEqual([second.id]);
    }
    expect(tab.call({ method: 'settled', id: first.id })).toEqual({ ok: true, value: REPLACED });
    world.socket.welcome();
    expect(sentTo(world)).toEqual([2]);
  });

  test('goes to the end of the queue: what was sent between the two goes before it', () => {
    const { world, tab } = start();
    aim(tab, 'gain', 1);
    remark(tab, 7, 'run:1');
    aim(tab, 'gain', 2);
    world.socket.welcome();
    expect(sentTo(world)).toEqual([7, 2]);
  });

  test('replaces neither one of another key, type or topic, nor one without a key', () => {
    const { world, tab } = start();
    aim(tab, 'gain', 1);
    aim(tab, 'tone', 2);
    aim(tab, 'gain', 3, { topic: 'run:2' });
    remark(tab, 4, 'run:1');
    tab.send({ command: { type: 'remark', n: 5 }, topic: 'run:1', replaceKey: 'gain' });
    remark(tab, 6, 'run:1');
    world.socket.welcome();
    expect(sentTo(world)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('replaces one of another priority, which would go behind it', () => {
    const { world, tab } = start();
    aim(tab, 'gain', 1);
    aim(tab, 'gain', 2, { priority: 'high' });
    world.socket.welcome();
    expect(sentTo(world)).toEqual([2]);
  });

  test('does not replace what was sent, nor what the server has put off', () => {
    const { world, tab } = connect();
    const sent = aim(tab, 'gain', 1);
    aim(tab, 'gain', 2);
    world.socket.say({ type: 'command_nack', id: sent.id, code: 'busy', message: 'Later.', retry: true });
    aim(tab, 'gain', 3);
    expect(tab.settled).toEqual([]);
    expect(sentTo(world)).toEqual([1, 2, 3]);
  });

  test('does not replace what an earlier hub may have sent', () => {
    const disk = new Disk();
    const before = connect({ disk });
    aim(before.tab, 'gain', 1);
    const world = new HubWorld(ops, { disk, ownershipId: 'hub-2' });
    const tab = world.attach();
    aim(tab, 'gain', 2);
    expect(tab.settled).toEqual([]);
    expect(disk.entries.size).toBe(2);
  });

  test('replaces what an earlier hub has stored and not sent', () => {
    const disk = new Disk();
    const old = aim(start({ disk }).tab, 'gain', 1);
    const world = new HubWorld(ops, { disk, ownershipId: 'hub-2' });
    const tab = world.attach();
    const { id } = aim(tab, 'gain', 2);
    expect(tab.settled).toEqual([{ id: old.id, outcome: REPLACED }]);
    expect([...disk.entries.keys()]).toEqual([id]);
  });

  test('replaces what was stored by a build that knew no such key, all of it', () => {
    const disk = new Disk();
    const { tab: older } = start({ disk });
    for (const n of [1, 2, 3]) aim(older, 'gain', n, { replaceKey: undefined });
    expect(disk.entries.size).toBe(3);
    const world = new HubWorld(ops, { disk, ownershipId: 'hub-2' });
    const tab = world.attach();
    aim(tab, 'gain', 4);
    expect(tab.settled.map(({ outcome }) => outcome)).toEqual([REPLACED, REPLACED, REPLACED]);
    world.socket.welcome();
    expect(sentTo(world)).toEqual([4]);
  });

  test('is refused for no limit, and drops nothing, where it takes a place that is there', () => {
    const { world, tab } = start({ settings: { normalLimit: 2 } });
    remark(tab, 1);
    aim(tab, 'gain', 2);
    expect(aim(tab, 'gain', 3).pending.reply).toEqual(DURABLE);
    expect(tab.settled.map(({ outcome }) => outcome)).toEqual([REPLACED]);
    expect(tab.outbox).toHaveLength(2);
    world.socket.welcome();
    expect(sentTo(world)).toEqual([1, 3]);
  });

  test('where it is offered again, replaces nothing: nobody knows whether it is the newest', () => {
    const { world, tab } = start();
    aim(tab, 'gain', 2);
    aim(tab, 'gain', 1, { maybeSentMs: 1_000 });
    expect(tab.settled).toEqual([]);
    world.socket.welcome();
    expect(sentTo(world)).toEqual([2, 1]);
  });

  test('replaces what was marked ahead, and had not left', () => {
    const { world, tab } = connect({ settings: { inFlightLimit: 1 } });
    const out = remark(tab, 1);
    const ahead = aim(tab, 'gain', 2);
    aim(tab, 'gain', 3);
    world.socket.say({ type: 'command_ack', id: out.id });
    expect(tab.settled.find(({ id }) => id === ahead.id)?.outcome).toEqual(REPLACED);
    expect(sentTo(world)).toEqual([1, 3]);
  });

  test('may be cancelled or retried as any other, and a retry replaces nothing', () => {
    const { world, tab } = connect();
    const refused = aim(tab, 'gain', 1);
    world.socket.say({ type: 'command_nack', id: refused.id, code: 'no', message: 'No.', retry: false });
    world.socket.close();
    const { id } = aim(tab, 'gain', 2);
    expect(tab.call({ method: 'retry', id: refused.id })).toEqual(DURABLE);
    expect(tab.outbox.map((entry) => entry.id)).toEqual([id, refused.id]);
    expect(tab.call({ method: 'cancel', id })).toEqual({ ok: true, value: true });
    aim(tab, 'gain', 3);
    expect(tab.settled.at(-1)).toEqual({ id: refused.id, outcome: REPLACED });
  });

  test('leaves only once the store has it that those before it are over: the next hub would send them behind it', () => {
    const { world, tab } = connect({ settings: { inFlightLimit: 1 } });
    const out = remark(tab, 1);
    world.socket.say({ type: 'command_nack', id: out.id, code: 'busy', message: 'Later.', retry: true });
    remark(tab, 2);
    const old = aim(tab, 'gain', 3);
    world.autoCommit = false;
    aim(tab, 'gain', 4, { priority: 'high' });
    expect(sentTo(world)).toEqual([1, 2]);
    world.commitNext();
    expect(world.disk.entries.has(old.id)).toBe(false);
    expect(sentTo(world)).toEqual([1, 2]);
    world.commitNext();
    expect(sentTo(world)).toEqual([1, 2, 4]);
  });
});

describe('the store', () => {
  test('has the newer one and the end of the older one in one transaction, which is strict', () => {
    const { world, tab } = start();
    const { id: old } = aim(tab, 'gain', 1);
    world.autoCommit = false;
    const { id } = aim(tab, 'gain', 2);
    expect(world.commits).toHaveLength(1);
    expect(namesOf(world.commits[0]?.content.ops).sort()).toEqual([
      `delete entries ${old}`,
      `put entries ${id}`,
      `put outcomes ${old}`,
    ]);
    expect(world.commits[0]?.content.durability).toBe('strict');
    expect(tab.settled).toEqual([]);
    world.commitNext();
    expect(tab.settled).toEqual([{ id: old, outcome: REPLACED }]);
  });

  test('fails, and what had to be durable is refused: the older one goes on, and nobody is told that it was replaced', () => {
    const { world, tab } = start();
    const old = aim(tab, 'gain', 1);
    world.autoCommit = false;
    const { pending } = aim(tab, 'gain', 2, { requireDurable: true });
    // The simulation cannot tell: some other one of the key is nearly always there that may have replaced it.
    const cancelled = world.call(tab.id, { method: 'cancel', id: old.id });
    world.commitNext('failed');
    expect(pending.reply).toMatchObject(UNAVAILABLE);
    expect(cancelled.reply).toMatchObject(UNAVAILABLE);
    expect(tab.settled).toEqual([]);
    world.autoCommit = true;
    world.advance(30_000);
    world.socket.welcome();
    expect(sentTo(world)).toEqual([1]);
  });

  test('fails, and what is in memory alone is taken: the older one is told of once the store has it', () => {
    const { world, tab } = start();
    const old = aim(tab, 'gain', 1);
    world.autoCommit = false;
    const { pending } = aim(tab, 'gain', 2);
    world.commitNext('failed');
    expect(pending.reply).toEqual(IN_MEMORY);
    expect(tab.settled).toEqual([]);
    world.socket.welcome();
    expect(sentTo(world)).toEqual([2]);
    world.autoCommit = true;
    world.advance(30_000);
    expect(tab.settled).toContainEqual({ id: old.id, outcome: REPLACED });
    expect(world.disk.entries.has(old.id)).toBe(false);
  });

  test('fails all the time: one in memory alone replaces another one there', () => {
    const disk = new Disk();
    disk.failure = 'blocked';
    const { world, tab } = start({ disk });
    const old = aim(tab, 'gain', 1);
    expect(old.pending.reply).toEqual(IN_MEMORY);
    aim(tab, 'gain', 2);
    world.socket.welcome();
    expect(sentTo(world)).toEqual([2]);
    expect(tab.settled).toEqual([{ id: old.id, outcome: REPLACED }]);
  });

  test.for([true, false])(
    'does not say whether it has both (it does: %s): nothing is told before that is known',
    (isWritten) => {
      const { world, tab } = start();
      const old = aim(tab, 'gain', 1);
      world.autoCommit = false;
      const { pending, id } = aim(tab, 'gain', 2, { requireDurable: true });
      const commit = world.commits[0];
      if (isWritten) world.disk.apply(commit?.content.ops ?? []);
      world.disk.failure = 'blocked';
      world.commitNext('unknown');
      expect(pending.reply).toBeUndefined();
      expect(tab.settled).toEqual([]);
      world.disk.failure = null;
      world.autoCommit = true;
      world.advance(5_000);
      world.socket.welcome();
      expect(tab.settled).toEqual(isWritten ? [{ id: old.id, outcome: REPLACED }] : []);
      expect(pending.reply).toMatchObject(isWritten ? DURABLE : UNAVAILABLE);
      expect(sentTo(world)).toEqual([isWritten ? 2 : 1]);
      expect(world.disk.entries.has(isWritten ? id : old.id)).toBe(true);
    },
  );
});

test('a page that was away hears how it ended', () => {
  const { world, tab } = connect();
  world.socket.close();
  const { id } = aim(tab, 'gain', 1);
  tab.leave();
  const other = world.attach();
  aim(other, 'gain', 2);
  const back = world.attach({ settledSince: 0 });
  expect(back.settled).toContainEqual({ id, outcome: REPLACED });
});
