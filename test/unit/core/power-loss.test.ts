import { describe, expect, test } from 'vitest';
import type { StoreTransaction } from '../../../worker/core/store.ts';
import { awaitRetry, connect, decide, remark, type Started } from './ops.ts';

/** The last transaction, which is still under way. */
function lastOf({ world }: Started): StoreTransaction {
  const commit = world.commits.at(-1);
  if (!commit) throw new Error('no transaction is under way');
  return commit.content;
}

/** Nothing else is still to be stored, and the line is away. */
function away(settings: Parameters<typeof connect>[0] = {}): Started {
  const started = connect(settings);
  started.world.advance(1_000);
  started.world.socket.close();
  return started;
}

/** The line is away, and so many normal commands are stored that never were sent. */
function offline(count: number): Started & { ids: string[] } {
  const started = away({ settings: { normalLimit: 2 } });
  const ids = Array.from({ length: count }, (_, n) => remark(started.tab, n).id);
  started.world.autoCommit = false;
  return { ...started, ids };
}

describe('a loss of power does not take back', () => {
  test('that a normal command may have been sent, whose row said that it never was', () => {
    const started = offline(1);
    awaitRetry(started);
    started.world.socket.welcome();
    expect(lastOf(started)).toMatchObject({ durability: 'strict', ops: [{ row: { maybeSent: true } }] });
  });

  test('that a normal command may have been sent, whose row is on the disk before this hub hears of it', () => {
    const started = away();
    const { world, tab } = started;
    const ids = [remark(tab, 1).id, remark(tab, 2).id];
    world.autoCommit = false;
    for (const id of ids) tab.call({ method: 'cancel', id });
    // Its row goes with the second cancel, which is heard of first and lets it leave.
    const { id } = remark(tab, 3);
    awaitRetry(started);
    world.socket.welcome();
    world.commitNext();
    expect(lastOf(started)).toMatchObject({
      durability: 'strict',
      ops: { 2: { row: { id, maybeSent: false } } },
    });
    world.commitNext();
    expect(world.disk.entries.get(id)).toMatchObject({ maybeSent: false });
    expect(lastOf(started)).toMatchObject({ durability: 'strict', ops: [{ row: { id, maybeSent: true } }] });
  });

  test('that a normal command was sent again, whose row says that it never ran, or is about to', () => {
    for (const isStored of [true, false]) {
      const started = connect({ settings: { backoffBaseMs: 1 } });
      const { world, tab } = started;
      const { id } = remark(tab, 1);
      world.autoCommit = isStored;
      world.socket.say({ type: 'command_nack', id, code: 'busy', message: '', retry: true, ran: false });
      world.autoCommit = false;
      world.advance(1);
      if (!isStored) world.commitNext();
      expect(lastOf(started)).toMatchObject({ durability: 'strict', ops: [{ row: { id, attempt: 2 } }] });
    }
  });

  test('that a normal command was cancelled', () => {
    const { ids, ...started } = offline(1);
    started.tab.call({ method: 'cancel', id: ids[0] ?? '' });
    expect(lastOf(started).durability).toBe('strict');
  });

  test('that a normal command was dropped', () => {
    const started = offline(2);
    remark(started.tab, 3);
    expect(lastOf(started).durability).toBe('strict');
  });

  test('that a normal command was refused: what is forbidden now may be allowed the next time', () => {
    const started = connect();
    const { id } = remark(started.tab, 1);
    started.world.autoCommit = false;
    started.world.socket.say({ type: 'command_nack', id, code: 'forbidden', message: '', retry: false });
    expect(lastOf(started).durability).toBe('strict');
  });

  test('that a normal command has expired', () => {
    const started = away();
    started.tab.send({ command: { type: 'probe', n: 1 } });
    started.world.autoCommit = false;
    started.world.advance(5_001);
    expect(lastOf(started).durability).toBe('strict');
  });
});

test('a retry takes out of the store, with the row that it changes, how the command had ended', () => {
  const started = connect();
  const { id } = decide(started.tab, 'g');
  started.world.socket.say({ type: 'command_nack', id, code: 'no', message: '', retry: false });
  expect(started.world.disk.outcomes.has(id)).toBe(true);
  started.world.autoCommit = false;
  started.tab.call({ method: 'retry', id });
  expect(started.world.commits[0]?.content.ops).toContainEqual({ op: 'delete', table: 'outcomes', key: id });
});

test('a command that waits for its time is uncertain, too, where the server has forgotten', () => {
  const started = connect();
  const { world, tab } = started;
  const { id } = decide(tab, 'g');
  world.socket.say({
    type: 'command_nack',
    id,
    code: 'busy',
    message: '',
    retry: true,
    retry_after_ms: 60_000,
  });
  world.socket.close();
  awaitRetry(started);
  world.socket.welcome({ dedupe_since: world.now });
  expect(tab.outbox).toMatchObject([{ id, state: 'uncertain' }]);
});
