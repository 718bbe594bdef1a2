import { describe, expect, test } from 'vitest';
import { Disk } from '../../../testing/fakes/disk.ts';
import { HubWorld } from '../../support/hub-world.ts';
import { closedOf, connect, DURABLE, decide, ops, remark, start } from './ops.ts';

describe('the outbox belongs to the principal of its first welcome', () => {
  test('which is stored before any command leaves', () => {
    const { world, tab } = start();
    decide(tab, 'g');
    world.autoCommit = false;
    world.socket.welcome({ principal: 'ann' });
    remark(tab, 1);
    expect(world.socket.sent('command')).toEqual([]);
    expect(world.commits[0]?.content).toEqual({
      durability: 'strict',
      ops: [{ op: 'set', fields: { principal: 'ann' } }],
    });
    world.commitNext();
    expect(world.disk.principal).toBe('ann');
    while (world.commits.length > 0) world.commitNext();
    expect(world.socket.sent('command')).toHaveLength(2);
  });

  test('the principal is stored before a command leaves that comes when the connection is open already', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    world.autoCommit = false;
    world.socket.welcome({ principal: 'ann' });
    decide(tab, 'g');
    expect(world.socket.sent('command')).toEqual([]);
    while (world.commits.length > 0) world.commitNext();
    expect(world.socket.sent('command')).toHaveLength(1);
  });

  test('another one holds it, sends nothing, and says so', () => {
    const { world, tab } = connect();
    world.socket.close();
    const { id } = decide(tab, 'g');
    world.advance(1_000);
    world.socket.welcome({ principal: 'bob' });
    expect(world.socket.frames.map(({ type }) => type)).toEqual(['hello']);
    world.socket.close(1000);
    expect(closedOf(tab)).toMatchObject({ reason: 'identity_mismatch', retryAt: null });
    expect(tab.outbox).toMatchObject([{ id, state: 'queued' }]);
    expect(world.disk.principal).toBe('ann');
    world.advance(3_600_000);
    tab.call({ method: 'signal', signal: 'online' });
    expect(world.liveSockets).toHaveLength(0);
    expect(decide(tab, 'h').pending.reply).toEqual(DURABLE);
  });

  test('the next hub holds the outbox back from another principal, too', () => {
    const { world, tab } = connect();
    decide(tab, 'g');
    const next = start({ disk: world.disk, ownershipId: 'hub-2' });
    next.world.socket.welcome({ principal: 'bob' });
    expect(next.world.socket.sent('command')).toEqual([]);
    expect(next.tab.connection).toEqual({ state: 'closing' });
  });

  test('the right one gets it when the person is back', () => {
    const { world, tab } = connect();
    world.socket.close();
    decide(tab, 'g');
    world.advance(1_000);
    world.socket.welcome({ principal: 'bob' });
    world.socket.close(1000);
    tab.call({ method: 'reconnect' });
    world.socket.welcome({ principal: 'ann' });
    expect(world.socket.sent('command')).toHaveLength(1);
  });

  test('a server that says so itself is believed', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.socket.accept();
    world.socket.say({ type: 'goodbye', code: 'identity_mismatch', message: '', retry: false });
    world.socket.close(4403);
    expect(closedOf(tab)).toMatchObject({ reason: 'identity_mismatch', retryAt: null });
    expect(tab.outbox).toMatchObject([{ id, state: 'queued' }]);
  });

  test('another welcome while the first principal is being stored is refused', () => {
    const { world, tab } = start();
    decide(tab, 'g');
    world.autoCommit = false;
    world.socket.welcome({ principal: 'ann' });
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ principal: 'bob' });
    while (world.commits.length > 0) world.commitNext();
    expect(world.socket.sent('command')).toEqual([]);
    expect(world.disk.principal).toBe('ann');
  });

  test('where it cannot be stored, memory knows it, and the store learns it later', () => {
    const disk = new Disk();
    disk.failure = 'blocked';
    const { world, tab } = start({ disk });
    decide(tab, 'g');
    world.socket.welcome({ principal: 'ann' });
    expect(world.socket.sent('command')).toHaveLength(1);
    disk.failure = null;
    world.advance(1_000);
    expect(disk.principal).toBe('ann');
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ principal: 'bob' });
    expect(world.socket.sent('command')).toEqual([]);
  });

  test('a store that comes back with another owner ends a connection that is closing, and asks who it is now', () => {
    const disk = new Disk();
    disk.failure = 'blocked';
    disk.principal = 'ann';
    const { world, tab } = start({ disk });
    decide(tab, 'g');
    world.advance(500);
    world.socket.welcome({ principal: 'bob' });
    world.socket.say({ type: 'goodbye', code: 'draining', message: '', retry: true });
    disk.failure = null;
    world.advance(2_000);
    world.socket.welcome({ principal: 'ann' });
    expect(tab.connection).toMatchObject({ state: 'open' });
    expect(world.socket.sent('command')).toHaveLength(1);
  });

  test('a store that comes back with another owner ends the connection, and the tabs are told why', () => {
    const disk = new Disk();
    disk.failure = 'blocked';
    disk.principal = 'ann';
    const { world, tab } = start({ disk });
    const { id } = decide(tab, 'g');
    world.socket.welcome({ principal: 'bob' });
    world.socket.close();
    disk.failure = null;
    world.advance(500);
    world.advance(500);
    world.socket.close();
    world.socket.welcome({ principal: 'bob' });
    world.socket.close();
    expect(closedOf(tab)).toMatchObject({ reason: 'identity_mismatch', retryAt: null });
    expect(disk.principal).toBe('ann');
    expect(disk.entries.get(id)).toMatchObject({ maybeSent: true });
  });
});

test('a server that gave the client id to a stranger is told another one, so that the owner is let in again', () => {
  const { world, tab } = start();
  decide(tab, 'g');
  world.socket.welcome({ principal: 'ann' });
  world.socket.close();
  world.advance(1_000);
  world.socket.welcome({ principal: 'bob' });
  const [first] = world.socket.sent('hello');
  tab.call({ method: 'reconnect' });
  world.socket.accept();
  const [second] = world.socket.sent('hello');
  expect(second?.client_id).not.toBe(first?.client_id);
  expect(world.disk.clientId).toBe(second?.client_id);
  world.socket.welcome({ principal: 'ann' });
  expect(tab.connection).toMatchObject({ state: 'open' });
});

test('turned away twice under the stored client id, the hub tries another one, and keeps it if the owner is let in', () => {
  const { world, tab } = start();
  decide(tab, 'g');
  world.socket.welcome({ principal: 'ann' });
  world.socket.close();
  const turnAway = () => {
    world.socket.accept();
    world.socket.say({ type: 'goodbye', code: 'identity_mismatch', message: '', retry: false });
    world.socket.close(4403);
  };
  world.advance(1_000);
  turnAway();
  expect(closedOf(tab)).toMatchObject({ reason: 'identity_mismatch', retryAt: null });
  tab.call({ method: 'reconnect' });
  turnAway();
  world.socket.welcome({ principal: 'ann' });
  const [, second, third] = world.sockets.slice(1).map((socket) => socket.sent('hello')[0]?.client_id);
  expect(third).not.toBe(second);
  expect(world.disk.clientId).toBe(third);
  expect(tab.connection).toMatchObject({ state: 'open' });
});

describe('signOut', () => {
  test('ends the connection for every tab, and returns what waits, which stays', () => {
    const { world, tab } = start();
    const other = world.attach();
    const { id } = decide(tab, 'g');
    world.socket.welcome();
    const reply = tab.call({ method: 'signOut', discard: false });
    expect(reply).toMatchObject({ ok: true, value: [{ id, state: 'sent' }] });
    expect(world.ended).toBe('signed_out');
    for (const each of [tab, other])
      expect(closedOf(each)).toMatchObject({ reason: 'signed_out', retryAt: null });
    expect(world.liveSockets).toHaveLength(0);
    const next = start({ disk: world.disk, ownershipId: 'hub-2' });
    expect(next.tab.outbox).toMatchObject([{ id }]);
  });

  test('with `discard` empties the outbox, and returns what was in it', () => {
    const { world, tab } = connect();
    const first = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id: first.id, code: 'no', message: '', retry: false });
    const second = decide(tab, 'h');
    const reply = tab.call({ method: 'signOut', discard: true });
    expect(reply).toMatchObject({ ok: true, value: [{ id: first.id }, { id: second.id }] });
    expect(world.ended).toBe('signed_out');
    expect(world.disk.entries.size).toBe(0);
    expect(start({ disk: world.disk, ownershipId: 'hub-2' }).tab.outbox).toEqual([]);
  });

  test('waits for what was asked before, and answers it', () => {
    const { world, tab } = start();
    world.autoCommit = false;
    const { id, pending } = decide(tab, 'g');
    const out = world.call(tab.id, { method: 'signOut', discard: false });
    expect(world.ended).toBeNull();
    while (world.commits.length > 0) world.commitNext();
    expect(pending.reply).toEqual(DURABLE);
    expect(out.reply).toMatchObject({ ok: true, value: [{ id }] });
    expect(world.ended).toBe('signed_out');
  });

  test('nothing leaves while the outbox is emptied, also what was being marked', () => {
    const { world, tab } = start();
    decide(tab, 'g');
    world.autoCommit = false;
    world.socket.welcome();
    world.commitNext();
    world.call(tab.id, { method: 'signOut', discard: true });
    while (world.commits.length > 0) world.commitNext();
    expect(world.socket.sent('command')).toEqual([]);
    expect(world.disk.entries.size).toBe(0);
    expect(world.ended).toBe('signed_out');
  });

  test.for(['idle', 'connecting', 'waiting for a token', 'backing off', 'paused', 'closing'])(
    '%s',
    (state) => {
      const world = new HubWorld(ops, {});
      const tab = world.attach({ hasToken: state === 'waiting for a token' });
      if (state !== 'idle') tab.subscribe('run:1');
      if (state === 'backing off') world.socket.close();
      if (state === 'paused') world.socket.close(4409);
      if (state === 'closing') {
        world.socket.welcome();
        world.socket.say({ type: 'goodbye', code: 'draining', message: '', retry: true });
      }
      expect(tab.call({ method: 'signOut', discard: true })).toEqual({ ok: true, value: [] });
      expect(closedOf(tab)).toMatchObject({ reason: 'signed_out', retryAt: null });
      expect(world.liveSockets).toHaveLength(0);
      world.advance(3_600_000);
      expect(world.liveSockets).toHaveLength(0);
    },
  );

  test('before the store is open it waits for it', () => {
    const world = new HubWorld(ops, { open: false });
    const tab = world.attach();
    const out = world.call(tab.id, { method: 'signOut', discard: true });
    expect(out.reply).toBeUndefined();
    world.openStore();
    expect(out.reply).toEqual({ ok: true, value: [] });
    expect(world.ended).toBe('signed_out');
  });

  test('without a store works, since nothing is to be emptied', () => {
    const { world, tab } = connect();
    world.disk.failure = 'failed';
    const { id } = decide(tab, 'g');
    expect(tab.call({ method: 'signOut', discard: false })).toMatchObject({ ok: true, value: [{ id }] });
    expect(world.ended).toBe('signed_out');
  });

  test('with `discard` is refused where the store fails, and then nothing is lost', () => {
    const { world, tab } = connect();
    const stored = decide(tab, 'a', 'run:1');
    world.disk.failure = 'failed';
    const inMemory = decide(tab, 'b', 'run:1');
    expect(tab.call({ method: 'signOut', discard: true })).toMatchObject({ code: 'storage_unavailable' });
    expect(world.ended).toBeNull();
    expect(tab.outbox.map(({ id }) => id)).toEqual([stored.id, inMemory.id]);
    world.socket.say({ type: 'command_ack', id: stored.id });
    expect(world.socket.sent('command').map(({ id }) => id)).toEqual([stored.id, inMemory.id]);
  });

  test('what is sent, cancelled, retried or dismissed after it is refused before anything is written', () => {
    const { world, tab } = start();
    const other = world.attach();
    const { id } = decide(other, 'before');
    world.autoCommit = false;
    world.call(tab.id, { method: 'signOut', discard: false });
    const writes = world.commits.length;
    const fresh = decide(other, 'after');
    // An earlier hub was given it, and may have stored it.
    const again = other.send({ command: { type: 'remark', n: 1 }, maybeSentMs: 2_000 });
    expect(fresh.pending.reply).toMatchObject({ code: 'closed' });
    expect(again.pending.reply).toMatchObject({ code: 'unconfirmed' });
    for (const method of ['cancel', 'retry', 'dismiss'] as const)
      expect(other.call({ method, id })).toMatchObject({ code: 'closed' });
    expect(world.commits).toHaveLength(writes);
    while (world.commits.length > 0) world.commitNext();
    expect([...world.disk.entries.keys()]).toEqual([id]);
  });

  test('while the store fails says that it could not be stored, and what is lost by it', () => {
    const { world, tab } = connect();
    world.disk.failure = 'failed';
    world.socket.close();
    decide(tab, 'g');
    expect(tab.call({ method: 'signOut', discard: false })).toMatchObject({ ok: true, value: [{}] });
    const errors = tab.batches.flatMap(({ reports }) => reports ?? []).filter(({ kind }) => kind === 'error');
    expect(errors.at(-1)).toMatchObject({
      code: 'storage_unavailable',
      message: expect.stringMatching(/^signed out while .* 1 commands that were in memory alone are gone/),
    });
  });

  test('with `discard` takes rows that cannot be read, too', () => {
    const { world, tab } = start();
    world.call(tab.id, { method: 'signOut', discard: true });
    expect(world.effects.filter(({ type }) => type === 'commit').at(-1)).toMatchObject({
      content: { ops: [{ op: 'set' }, { op: 'clear', table: 'entries' }] },
    });
  });

  test('one that comes while another is being stored is done, too, before anybody hears of it and the hub ends', () => {
    const { world, tab } = connect();
    decide(tab, 'g');
    world.autoCommit = false;
    const first = world.call(tab.id, { method: 'signOut', discard: false });
    const second = world.call(tab.id, { method: 'signOut', discard: true });
    world.commitNext();
    expect([first.reply, second.reply, world.ended]).toEqual([undefined, undefined, null]);
    world.commitNext();
    for (const { reply } of [first, second]) expect(reply).toMatchObject({ ok: true, value: [{}] });
    expect([world.disk.entries.size, world.ended]).toEqual([0, 'signed_out']);
  });

  test('what the server accepts meanwhile is stored and told, and not listed', () => {
    const { world, tab } = connect();
    const [one, other] = [decide(tab, 'a', 'run:1'), decide(tab, 'b', 'run:2')];
    world.autoCommit = false;
    const out = world.call(tab.id, { method: 'signOut', discard: false });
    world.socket.say({ type: 'command_ack', id: one.id });
    while (world.commits.length > 0) world.commitNext();
    expect(out.reply).toMatchObject({ ok: true, value: [{ id: other.id, state: 'sent' }] });
    expect(tab.settled).toEqual([{ id: one.id, outcome: { status: 'accepted', duplicate: false } }]);
    expect([...world.disk.entries.keys()]).toEqual([other.id]);
    expect(world.ended).toBe('signed_out');
  });

  test('what the server refuses while the outbox is emptied leaves no row', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'a');
    decide(tab, 'b');
    world.autoCommit = false;
    // The answer shares the transaction, or comes in the next one.
    for (const shares of [true, false]) {
      if (shares) world.call(tab.id, { method: 'signOut', discard: true });
      world.socket.say({ type: 'command_nack', id, code: 'no', message: '', retry: false });
      if (!shares) while (world.commits.length > 0) world.commitNext();
    }
    expect([world.disk.entries.size, world.ended]).toEqual([0, 'signed_out']);
  });

  test('what the server puts off while the outbox is emptied leaves no row', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'a');
    world.autoCommit = false;
    world.call(tab.id, { method: 'signOut', discard: true });
    world.socket.say({ type: 'command_nack', id, code: 'busy', message: '', retry: true, ran: false });
    while (world.commits.length > 0) world.commitNext();
    expect([world.disk.entries.size, world.ended]).toEqual([0, 'signed_out']);
  });

  test('twice at once is one end', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    // Both wait for this one's transaction, and share the next.
    decide(tab, 'g');
    const first = world.call(tab.id, { method: 'signOut', discard: false });
    const second = world.call(tab.id, { method: 'signOut', discard: true });
    while (world.commits.length > 0) world.commitNext();
    for (const { reply } of [first, second]) expect(reply).toMatchObject({ ok: true, value: [{}] });
    expect(world.disk.entries.size).toBe(0);
    expect(world.effects.filter(({ type }) => type === 'end')).toHaveLength(1);
  });
});

describe('url and dialect', () => {
  test('those of a newer build are adopted at the next connect, with one warning', () => {
    const { world, tab } = connect();
    world.attach({ url: 'ws://new/ws?secret=1', appVersion: 2 });
    world.attach({ url: 'ws://newer/ws', appVersion: 3 });
    const reports = tab.batches.flatMap(({ reports }) => reports ?? []);
    const warnings = reports.filter(({ message }) => message.includes('url or dialect'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message).not.toContain('secret');
    expect(world.sockets).toHaveLength(1);
    world.socket.close();
    world.advance(1_000);
    expect(world.socket.url).toBe('ws://newer/ws');
  });

  test('those of an older build are not', () => {
    const { world } = connect();
    world.attach({ url: 'ws://old/ws', appVersion: 0 });
    world.socket.close();
    world.advance(1_000);
    expect(world.socket.url).toBe('ws://test/ws');
  });

  test('of one build, those of the newest tab that lives count at each connect', () => {
    const { world } = connect();
    const reconnect = () => {
      world.socket.close();
      world.advance(world.report.connection.state === 'closed' ? 30_000 : 0);
      return world.socket.url;
    };
    const second = world.attach({ url: 'ws://second/ws' });
    const third = world.attach({ url: 'ws://third/ws' });
    expect(reconnect()).toBe('ws://third/ws');
    third.leave();
    expect(reconnect()).toBe('ws://second/ws');
    second.leave();
    expect(reconnect()).toBe('ws://test/ws');
  });

  test('the last ones go on while no tab is open', () => {
    const { world, tab } = connect();
    decide(tab, 'g');
    tab.leave();
    world.socket.close();
    world.advance(1_000);
    expect(world.sockets).toHaveLength(2);
    expect(world.socket.url).toBe('ws://test/ws');
  });

  test('a tab that is alone decides', () => {
    const { world, tab } = connect();
    tab.leave();
    world.advance(5_000);
    world.socket.close(1000);
    const next = world.attach({ url: 'ws://other/ws' });
    next.subscribe('run:1');
    expect(world.socket.url).toBe('ws://other/ws');
  });
});

describe('whose the commands of a page are', () => {
  const again = { command: { type: 'remark', n: 1 }, maybeSentMs: 1_000 };
  const principals = ({ batches }: ReturnType<typeof start>['tab']) =>
    batches.flatMap(({ principal }) => principal ?? []);

  test('each is told as soon as some server, or the store, has said it', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    expect(principals(tab)).toEqual([]);
    world.socket.welcome({ principal: 'ann' });
    expect(principals(tab)).toEqual(['ann']);
    const next = new HubWorld(ops, { disk: world.disk, ownershipId: 'hub-2' });
    expect(principals(next.attach())).toEqual(['ann']);
  });

  test('a hub that does not know takes the word of a page, and stores it', () => {
    const disk = new Disk();
    disk.failure = 'blocked';
    const world = new HubWorld(ops, { disk });
    const tab = world.attach({ principal: 'ann' });
    const { id } = tab.send(again);
    world.socket.welcome({ principal: 'bob' });
    expect(world.socket.sent('command')).toEqual([]);
    world.socket.close(1000);
    expect(closedOf(tab).reason).toBe('identity_mismatch');
    disk.failure = null;
    world.advance(1_000);
    expect(disk.principal).toBe('ann');
    tab.call({ method: 'reconnect' });
    world.socket.welcome({ principal: 'ann' });
    expect(world.socket.sent('command')).toMatchObject([{ id }]);
  });

  test('a hub of somebody else takes none of them: one that is offered again may have run', () => {
    const { world } = connect();
    const before = world.effects.length;
    const tab = world.attach({ principal: 'bob' });
    expect(tab.send(again).pending.reply).toMatchObject({ ok: false, code: 'unconfirmed' });
    expect(remark(tab, 2).pending.reply).toMatchObject({ ok: false, code: 'closed' });
    expect(tab.outbox).toEqual([]);
    expect(world.effects.slice(before).some(({ type }) => type === 'commit')).toBe(false);
    expect(world.socket.sent('command')).toEqual([]);
    const own = world.attach({ principal: 'ann' });
    expect(remark(own, 3).pending.reply).toEqual(DURABLE);
  });
});
