import { describe, expect, test } from 'vitest';
import { HubWorld } from '../../support/hub-world.ts';
import { awaitRetry, connect, DURABLE, decide, ops, type Started } from './ops.ts';

const CAPABLE = { capabilities: ['withdraw', 'of a later version'] };
const CANCELLED = { code: 'cancelled', message: 'withdrawn', retry: false, ran: false } as const;
const BUSY = { code: 'busy', message: 'later', retry: true } as const;
const TRUE = { ok: true, value: true };
const FALSE = { ok: true, value: false };

/** Connected to a server that can be asked to withdraw. */
function capable(options: Parameters<typeof connect>[0] = {}): Started {
  const started = connect(options);
  started.world.socket.close();
  awaitRetry(started);
  started.world.socket.welcome(CAPABLE);
  return started;
}

/** Has it sent, and its answer lost. */
function sentAndCut(started: Started): string {
  const { id } = decide(started.tab, 'g', 'run:1');
  started.world.socket.close();
  return id;
}

describe('a command that waits since the server said that no handler of it has begun', () => {
  test.for(['with the line', 'without it'])('is cancelled %s', (how) => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, ...BUSY, ran: false });
    if (how === 'without it') world.socket.close();
    expect(tab.call({ method: 'cancel', id })).toEqual(TRUE);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'cancelled' } }]);
    expect([tab.outbox, world.disk.entries.size]).toEqual([[], 0]);
    world.advance(60_000);
    expect(world.sockets.flatMap((socket) => socket.sent('command'))).toHaveLength(1);
    expect(world.socket.sent('withdraw')).toEqual([]);
  });

  test('a command that never ran is cancelled when its wait is over and it has not left again', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, ...BUSY, ran: false });
    world.socket.close();
    world.advance(1_000);
    expect(tab.outbox).toMatchObject([{ id, state: 'sent' }]);
    expect(tab.call({ method: 'cancel', id })).toEqual(TRUE);
  });

  test('a command that is cancelled is accepted where the server says so meanwhile, though the store fails', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, ...BUSY, ran: false });
    world.autoCommit = false;
    world.call(tab.id, { method: 'cancel', id });
    world.socket.say({ type: 'command_ack', id });
    world.commitNext('full');
    expect(tab.settled).toMatchObject([{ id, outcome: { status: 'accepted' } }]);
    expect(tab.outbox).toEqual([]);
  });

  test('the next worker cancels a command of which the server said that it never ran', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, ...BUSY, ran: false });
    const next = new HubWorld(ops, { disk: world.disk, ownershipId: 'hub-2', now: world.now });
    const other = next.attach();
    expect(other.call({ method: 'cancel', id })).toEqual(TRUE);
    expect(other.settled).toEqual([{ id, outcome: { status: 'cancelled' } }]);
    next.socket.welcome(CAPABLE);
    expect([next.socket.sent('command'), next.socket.sent('withdraw')]).toEqual([[], []]);
  });

  test('the next worker does not cancel a command that may have left again: the store says so first', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, ...BUSY, ran: false });
    world.advance(999);
    world.autoCommit = false;
    world.advance(1);
    expect(world.socket.sent('command')).toHaveLength(1);
    world.commitNext();
    expect(world.socket.sent('command')).toHaveLength(2);
    const next = new HubWorld(ops, { disk: world.disk, ownershipId: 'hub-2', now: world.now });
    const other = next.attach();
    expect(other.call({ method: 'cancel', id })).toEqual(FALSE);
    expect(other.outbox).toMatchObject([{ id, state: 'withdrawing' }]);
  });

  test('a command that never ran is not sent again while the storage fails, and still says so', () => {
    const { world, tab } = connect();
    world.answersPings = true;
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, ...BUSY, ran: false });
    world.disk.failure = 'full';
    world.advance(20_000);
    expect(world.socket.sent('command')).toHaveLength(1);
    world.disk.failure = null;
    world.advance(30_000);
    expect(world.socket.sent('command')).toHaveLength(2);
  });

  test('a command that never ran stays cancelled, whatever its server says once more', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, ...BUSY, ran: false });
    world.autoCommit = false;
    const cancel = world.call(tab.id, { method: 'cancel', id });
    world.socket.say({ type: 'command_nack', id, ...BUSY, ran: false });
    while (world.commits.length > 0) world.commitNext();
    expect([cancel.reply, world.disk.entries.size]).toEqual([TRUE, 0]);
  });

  test('a command that never ran is not cancelled once it was sent again', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, ...BUSY, ran: false });
    world.advance(1_000);
    expect(world.socket.sent('command')).toHaveLength(2);
    expect(tab.call({ method: 'cancel', id })).toEqual(FALSE);
    expect(tab.outbox).toMatchObject([{ id, state: 'withdrawing' }]);
  });
});

describe('a command that may have run is withdrawn', () => {
  test('by asking the server, which has it cancelled: then it never runs', () => {
    const { world, tab } = capable();
    const { id } = decide(tab, 'g');
    const cancel = world.call(tab.id, { method: 'cancel', id });
    expect(cancel.reply).toBeUndefined();
    expect(tab.outbox).toMatchObject([{ id, state: 'withdrawing' }]);
    expect(world.socket.sent('withdraw')).toEqual([{ type: 'withdraw', id }]);
    world.socket.say({ type: 'command_nack', id, ...CANCELLED });
    expect(cancel.reply).toEqual(TRUE);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'cancelled' } }]);
    expect([tab.outbox, world.disk.entries.size]).toEqual([[], 0]);
  });

  test('who withdraws a command is told how it ended where it has run', () => {
    const { world, tab } = capable();
    const { id } = decide(tab, 'g');
    const cancel = world.call(tab.id, { method: 'cancel', id });
    world.socket.say({ type: 'command_ack', id, duplicate: true, result: 1 });
    expect(cancel.reply).toEqual(FALSE);
    expect(tab.settled).toMatchObject([{ id, outcome: { status: 'accepted', result: 1 } }]);
  });

  test('within 3 s or later: who asked is not left waiting, and sees that it is being withdrawn', () => {
    const { world, tab } = capable();
    const { id } = decide(tab, 'g');
    const cancel = world.call(tab.id, { method: 'cancel', id });
    world.advance(3_000);
    expect(cancel.reply).toEqual(FALSE);
    expect(tab.outbox).toMatchObject([{ id, state: 'withdrawing' }]);
    world.socket.say({ type: 'command_nack', id, ...CANCELLED });
    expect(tab.settled).toEqual([{ id, outcome: { status: 'cancelled' } }]);
  });

  test('without a line as soon as there is one: it is not sent again, says so, and outlives the worker', () => {
    const started = capable();
    const { world, tab } = started;
    const id = sentAndCut(started);
    expect(tab.call({ method: 'cancel', id })).toEqual(FALSE);
    expect(tab.outbox).toMatchObject([{ id, state: 'withdrawing', attempt: 1 }]);
    const next = new HubWorld(ops, { disk: world.disk, ownershipId: 'hub-2', now: world.now });
    const other = next.attach();
    expect(other.outbox).toMatchObject([{ id, state: 'withdrawing' }]);
    next.socket.welcome(CAPABLE);
    expect([next.socket.sent('command'), next.socket.sent('withdraw')]).toEqual([
      [],
      [{ type: 'withdraw', id }],
    ]);
    next.socket.close();
    next.advance(1_000);
    next.socket.welcome(CAPABLE);
    expect(next.socket.sent('withdraw')).toHaveLength(1);
    next.socket.say({ type: 'command_nack', id, ...CANCELLED });
    expect(other.settled).toEqual([{ id, outcome: { status: 'cancelled' } }]);
  });

  test('a withdrawal is asked for again later, where the server cannot look it up', () => {
    const { world, tab } = capable();
    const { id } = decide(tab, 'g');
    world.call(tab.id, { method: 'cancel', id });
    world.socket.say({ type: 'command_nack', id, ...BUSY });
    expect(tab.outbox).toMatchObject([{ id, state: 'withdrawing' }]);
    world.advance(1_000);
    expect(world.socket.sent('withdraw')).toHaveLength(2);
    expect(world.socket.sent('command')).toHaveLength(1);
  });

  test('at once, where the answer to its own frame says that it never ran', () => {
    const { world, tab } = capable();
    const { id } = decide(tab, 'g');
    const cancel = world.call(tab.id, { method: 'cancel', id });
    world.socket.say({ type: 'command_nack', id, ...BUSY, ran: false });
    expect(cancel.reply).toEqual(TRUE);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'cancelled' } }]);
  });

  test('a command that is being withdrawn holds up none of its topic, nor takes room', () => {
    const { world, tab } = capable({ settings: { highLimit: 2 } });
    const { id } = decide(tab, 'g', 'run:1');
    const held = decide(tab, 'h', 'run:1');
    world.call(tab.id, { method: 'cancel', id });
    const types = world.socket.frames.flatMap((frame) =>
      'id' in frame ? [`${frame.type} ${frame.id}`] : [],
    );
    expect(types).toEqual([`command ${id}`, `withdraw ${id}`, `command ${held.id}`]);
    expect(decide(tab, 'i', 'run:1').pending.reply).toEqual(DURABLE);
  });

  test('while another of its key is still refused: it may have run', () => {
    const { world, tab } = capable();
    const { id } = decide(tab, 'g');
    world.call(tab.id, { method: 'cancel', id });
    expect(decide(tab, 'g').pending.reply).toMatchObject({ code: 'duplicate_command' });
    world.socket.say({ type: 'command_nack', id, ...CANCELLED });
    expect(decide(tab, 'g').pending.reply).toEqual(DURABLE);
  });

  test('a command that is withdrawn is uncertain where the server has forgotten, or cannot be asked', () => {
    for (const welcome of [{}, { ...CAPABLE, dedupe_since: Number.MAX_SAFE_INTEGER }]) {
      const started = capable();
      const { world, tab } = started;
      const id = sentAndCut(started);
      tab.call({ method: 'cancel', id });
      awaitRetry(started);
      world.socket.welcome(welcome);
      expect([world.socket.sent('command'), world.socket.sent('withdraw')]).toEqual([[], []]);
      expect(tab.outbox).toMatchObject([{ id, state: 'uncertain' }]);
      expect(tab.settled).toEqual([{ id, outcome: { status: 'uncertain' } }]);
    }
  });

  test('from a server that cannot be asked only when its answer does not come any more', () => {
    const started = connect();
    const { world, tab } = started;
    const ids = ['a', 'b'].map((gate) => decide(tab, gate, gate).id);
    for (const id of ids) tab.call({ method: 'cancel', id });
    expect(tab.outbox).toMatchObject([{ state: 'withdrawing' }, { state: 'withdrawing' }]);
    world.socket.say({ type: 'command_ack', id: ids[0] ?? '' });
    world.socket.say({ type: 'command_nack', id: ids[1] ?? '', ...BUSY });
    expect(tab.settled.map(({ outcome }) => outcome.status)).toEqual(['accepted', 'uncertain']);
  });

  test('a command that was withdrawn and is uncertain can be sent again by whoever retries it', () => {
    const started = capable();
    const { world, tab } = started;
    const id = sentAndCut(started);
    tab.call({ method: 'cancel', id });
    awaitRetry(started);
    world.socket.welcome();
    expect(tab.call({ method: 'retry', id })).toEqual(DURABLE);
    expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 2 }]);
  });

  test('a command is not withdrawn where the storage fails and there is no line: nobody is told that it will not be sent', () => {
    const started = capable();
    const { world, tab } = started;
    const id = sentAndCut(started);
    world.autoCommit = false;
    const cancel = world.call(tab.id, { method: 'cancel', id });
    expect(cancel.reply).toBeUndefined();
    world.commitNext('full');
    expect(cancel.reply).toMatchObject({ ok: false, code: 'storage_unavailable' });
    expect(tab.outbox).toMatchObject([{ id, state: 'sent' }]);
  });
});

describe('a command that waits for its time', () => {
  test('is sent at once by whoever retries it, and not again when that time comes', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g', 'run:1');
    const held = decide(tab, 'h', 'run:1');
    world.socket.say({ type: 'command_nack', id, ...BUSY, retry_after_ms: 20_000 });
    expect(tab.outbox[0]).toMatchObject({ id, state: 'waiting' });
    expect(tab.call({ method: 'retry', id })).toEqual(DURABLE);
    expect(world.socket.sent('command')).toMatchObject([{ id }, { id, attempt: 2 }]);
    world.socket.say({ type: 'command_ack', id });
    expect(world.socket.sent('command').at(-1)).toMatchObject({ id: held.id });
    world.advance(30_000);
    expect(world.sockets.flatMap((socket) => socket.sent('command'))).toHaveLength(3);
  });

  test('is in its turn when the line is back, where it is retried without one', () => {
    const started = connect();
    const { world, tab } = started;
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, ...BUSY, retry_after_ms: 20_000 });
    world.socket.close();
    expect(tab.call({ method: 'retry', id })).toEqual(DURABLE);
    expect(tab.outbox).toMatchObject([{ id, state: 'sent' }]);
    awaitRetry(started);
    world.socket.welcome();
    expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 2 }]);
  });

  test('a command that is being withdrawn is not in its turn when the line is back', () => {
    const { world, tab } = capable();
    const { id } = decide(tab, 'g');
    world.call(tab.id, { method: 'cancel', id });
    world.socket.say({ type: 'command_nack', id, ...BUSY });
    expect(tab.call({ method: 'retry', id })).toMatchObject({ ok: false, code: 'invalid_command' });
    expect(world.socket.sent('withdraw')).toHaveLength(1);
  });
});

test('a server that says so of its own has cancelled it', () => {
  const { world, tab } = connect();
  const { id } = decide(tab, 'g');
  world.socket.say({ type: 'command_nack', id, ...CANCELLED });
  expect(tab.settled).toEqual([{ id, outcome: { status: 'cancelled' } }]);
});

test('and what waits behind it leaves at once', () => {
  const { world, tab } = connect();
  const { id } = decide(tab, 'g', 'run:1');
  const next = decide(tab, 'h', 'run:1');
  world.socket.say({ type: 'command_nack', id, ...CANCELLED });
  expect(world.socket.sent('command')).toMatchObject([{ id }, { id: next.id }]);
});

test('an application may have a refusal of that name', () => {
  const { world, tab } = connect();
  const { id } = decide(tab, 'g');
  world.socket.say({ type: 'command_nack', id, code: 'cancelled', message: 'the run was', retry: false });
  expect(tab.settled).toMatchObject([{ id, outcome: { status: 'rejected', code: 'cancelled' } }]);
});

test('the refusal of a full outbox says the limit, and what fills it', () => {
  const { world, tab } = connect({ settings: { highLimit: 2 } });
  const { id } = decide(tab, 'a', 'run:1');
  decide(tab, 'b', 'run:2');
  world.socket.say({ type: 'command_nack', id, ...BUSY });
  expect(decide(tab, 'c').pending.reply).toMatchObject({
    code: 'outbox_full',
    message: expect.stringMatching(
      /^decide .*2 commands of high priority .*all topics.*highLimit is 2.*put off 1 of them.*cancel/,
    ),
  });
});

test('that it is being withdrawn is told when the store says so, also where the line ends before', () => {
  const { world, tab } = capable();
  const { id } = decide(tab, 'g', 'run:1');
  world.autoCommit = false;
  const cancel = world.call(tab.id, { method: 'cancel', id });
  expect(world.socket.sent('withdraw')).toMatchObject([{ id }]);
  world.socket.close();
  expect(cancel.reply).toBeUndefined();
  world.commitNext();
  expect(cancel.reply).toEqual(FALSE);
  expect(world.disk.entries.get(id)).toMatchObject({ withdrawing: true });
});

test('whoever asks again waits for the store, too, when the server has the last word: the next worker would send it', () => {
  const { world, tab } = capable();
  const { id } = decide(tab, 'g', 'run:1');
  world.autoCommit = false;
  const cancel = world.call(tab.id, { method: 'cancel', id });
  world.socket.say({ type: 'command_nack', id, ...CANCELLED });
  const again = world.call(tab.id, { method: 'cancel', id });
  expect([cancel.reply, again.reply]).toEqual([undefined, undefined]);
  while (world.commits.length > 0) world.commitNext();
  expect([cancel.reply, again.reply]).toEqual([TRUE, TRUE]);
});

// Seeds have it, one in thousands: a cancel within a failure of the store, and the worker's death before its end.
describe('where the storage fails, nobody is told that it is sent no more: the next worker would send it', () => {
  const PERHAPS = { ok: false, code: 'unconfirmed' };

  test.for(['the line stays', 'the line ends'])('the server was asked, and %s', (line) => {
    const { world, tab } = capable();
    const { id } = decide(tab, 'g', 'run:1');
    world.disk.failure = 'full';
    const cancel = world.call(tab.id, { method: 'cancel', id });
    expect(world.socket.sent('withdraw')).toMatchObject([{ id }]);
    if (line === 'the line ends') world.socket.close();
    world.advance(3_000);
    expect(cancel.reply).toBeUndefined();
    world.advance(5_000);
    expect(cancel.reply).toMatchObject(PERHAPS);
    world.disk.failure = null;
    world.advance(60_000);
    expect(world.disk.entries.get(id)).toMatchObject({ withdrawing: true });
    expect(tab.call({ method: 'cancel', id })).toEqual(FALSE);
  });

  test('who asks again while it is not known whether a withdrawal is stored is not told that it is sent no more', () => {
    const { world, tab } = capable();
    const { id } = decide(tab, 'g', 'run:1');
    world.autoCommit = false;
    const cancel = world.call(tab.id, { method: 'cancel', id });
    world.advance(8_000);
    const again = world.call(tab.id, { method: 'cancel', id });
    expect([cancel.reply, again.reply]).toMatchObject([PERHAPS, undefined]);
    while (world.commits.length > 0) world.commitNext();
    world.advance(3_000);
    expect(again.reply).toEqual(FALSE);
  });
});
