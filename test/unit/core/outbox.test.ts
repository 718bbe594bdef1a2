import { describe, expect, test } from 'vitest';
import { connect, DURABLE, decide, giveEmpty, remark, start } from './ops.ts';

const ACCEPTED = { status: 'accepted', duplicate: false, result: undefined };

describe('send', () => {
  test('offline: the command is stored, shown and waits', () => {
    const { world, tab } = start();
    const { id, pending } = decide(tab, 'g', 'run:1');
    expect(pending.reply).toEqual(DURABLE);
    expect(tab.outbox).toEqual([
      {
        id,
        topic: 'run:1',
        priority: 'high',
        createdAt: world.now,
        attempt: 0,
        dedupeKey: 'g',
        appVersion: 1,
        command: { type: 'decide', gate: 'g' },
        state: 'queued',
      },
    ]);
    expect(world.disk.entries.get(id)).toMatchObject({ maybeSent: false, attempt: 0, firstSentAt: null });
  });

  test('on an open connection the frame leaves with the transaction', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const { id, pending } = decide(tab, 'g', 'run:1');
    expect(pending.reply).toBeUndefined();
    expect(world.socket.sent('command')).toEqual([
      {
        type: 'command',
        id,
        topic: 'run:1',
        priority: 'high',
        created_at: world.now,
        attempt: 1,
        app_version: 1,
        command: { type: 'decide', gate: 'g' },
      },
    ]);
    world.commitNext();
    expect(pending.reply).toEqual(DURABLE);
    expect(tab.outbox).toMatchObject([{ id, state: 'sent', attempt: 1 }]);
  });

  test('resolves when the server has accepted, if that comes before the transaction', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const { id, pending } = decide(tab, 'g');
    world.socket.say({ type: 'command_ack', id });
    expect(pending.reply).toEqual(DURABLE);
    world.commitNext();
    world.commitNext();
    expect(tab.settled).toEqual([{ id, outcome: ACCEPTED }]);
    expect(world.disk.entries.size).toBe(0);
  });

  test('high commands are stored strictly, normal ones relaxed, and together strictly', () => {
    const { world, tab } = start();
    world.autoCommit = false;
    remark(tab, 1);
    remark(tab, 2);
    expect(world.commits.at(-1)?.content).toMatchObject({ durability: 'relaxed' });
    decide(tab, 'g');
    world.commitNext();
    expect(world.commits.at(-1)?.content).toMatchObject({ durability: 'strict' });
  });

  test('many sends in one turn share a transaction', () => {
    const { world, tab } = start();
    world.autoCommit = false;
    const pending = Array.from({ length: 200 }, (_, n) => remark(tab, n).pending);
    let transactions = 0;
    for (; world.commits.length > 0; transactions++) world.commitNext();
    expect(transactions).toBe(2);
    expect(pending.every(({ reply }) => reply?.ok)).toBe(true);
    expect(world.disk.entries.size).toBe(200);
  });

  test('every tab is told how it ended, and the outcome replaces the row in one transaction', () => {
    const { world, tab } = connect();
    const other = world.attach();
    const { id } = decide(tab, 'g');
    world.autoCommit = false;
    world.socket.say({ type: 'command_ack', id, duplicate: true, result: { resumed: true } });
    expect(tab.settled).toEqual([]);
    expect(world.commits.at(-1)?.content.ops).toMatchObject([
      { op: 'delete', table: 'entries', key: id },
      { op: 'put', table: 'outcomes', row: { id, command: { type: 'decide', gate: 'g' } } },
    ]);
    world.commitNext();
    const settled = [{ id, outcome: { status: 'accepted', duplicate: true, result: { resumed: true } } }];
    expect(tab.settled).toEqual(settled);
    expect(other.settled).toEqual(settled);
    expect(other.outbox).toEqual([]);
  });

  test('a final refusal stays visible, with what the server said, until it is dismissed', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, code: 'gate_closed', message: 'too late', retry: false });
    const error = { code: 'gate_closed', message: 'too late' };
    expect(tab.settled).toEqual([{ id, outcome: { status: 'rejected', ...error } }]);
    expect(tab.outbox).toMatchObject([{ id, state: 'rejected', error }]);
    expect(tab.call({ method: 'dismiss', id })).toEqual({ ok: true, value: null });
    expect(tab.outbox).toEqual([]);
    expect(world.disk.entries.size).toBe(0);
  });

  test('answers to unknown commands are ignored', () => {
    const { world, tab } = connect();
    const { deadline } = world.hub;
    world.socket.say(
      { type: 'command_ack', id: 'nobody' },
      { type: 'command_nack', id: 'nobody', code: 'x', message: '', retry: true },
    );
    expect(tab.settled).toEqual([]);
    expect(world.hub.deadline).toBe(deadline);
  });

  test('a command that ended is not ended a second time', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const { id } = decide(tab, 'g');
    world.socket.say(
      { type: 'command_ack', id },
      { type: 'command_nack', id, code: 'x', message: '', retry: false },
      { type: 'command_ack', id },
    );
    while (world.commits.length > 0) world.commitNext();
    expect(tab.settled).toEqual([{ id, outcome: ACCEPTED }]);
  });

  test('the same send offered twice is one command', () => {
    const { world, tab } = start();
    world.autoCommit = false;
    const { id, pending } = decide(tab, 'g');
    const again = tab.send({ id, command: { type: 'decide', gate: 'g' }, dedupeKey: 'g', priority: 'high' });
    expect(again.pending.reply).toBeUndefined();
    world.commitNext();
    expect(pending.reply).toEqual(DURABLE);
    expect(again.pending.reply).toEqual(DURABLE);
    const third = tab.send({ id, command: { type: 'decide', gate: 'g' }, dedupeKey: 'g', priority: 'high' });
    expect(third.pending.reply).toEqual(DURABLE);
    expect(tab.outbox).toHaveLength(1);
    world.socket.welcome();
    while (world.commits.length > 0) world.commitNext();
    expect(world.socket.sent('command')).toHaveLength(1);
  });

  test('a send that is offered again after it ended is the same command', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_ack', id });
    const again = tab.send({ id, command: { type: 'decide', gate: 'g' }, dedupeKey: 'g', priority: 'high' });
    expect(again.pending.reply).toEqual(DURABLE);
    expect(world.socket.sent('command')).toHaveLength(1);
    expect(tab.call({ method: 'settled', id })).toEqual({ ok: true, value: ACCEPTED });
  });

  test('one that is larger than the server takes is refused here, and holds up nobody', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    world.socket.welcome({ max_frame_bytes: 1_024 });
    const big = tab.send({ command: { type: 'decide', gate: 'é'.repeat(450) }, priority: 'high' });
    const small = decide(tab, 'g');
    expect(big.pending.reply).toEqual(DURABLE);
    expect(world.socket.sent('command').map(({ id }) => id)).toEqual([small.id]);
    expect(tab.settled).toMatchObject([{ id: big.id, outcome: { status: 'rejected', code: 'too_large' } }]);
    expect(tab.outbox).toMatchObject([
      { id: big.id, state: 'rejected' },
      { id: small.id, state: 'sent' },
    ]);
    expect(world.disk.entries.get(big.id)).toMatchObject({ fate: { state: 'rejected' }, maybeSent: false });
  });

  test('a command that is too large is refused where it waited for the connection, in front of others', () => {
    const { world, tab } = start();
    const big = tab.send({ command: { type: 'decide', gate: 'x'.repeat(1_024) }, priority: 'high' });
    const small = decide(tab, 'g');
    world.socket.welcome({ max_frame_bytes: 1_024 });
    expect(world.socket.sent('command').map(({ id }) => id)).toEqual([small.id]);
    expect(tab.settled).toMatchObject([{ id: big.id, outcome: { code: 'too_large' } }]);
  });
});

describe('limits', () => {
  test('the 51st high command is refused', () => {
    const { world, tab } = start();
    const sent = Array.from({ length: 50 }, (_, n) => decide(tab, `g${n}`));
    const { id, pending } = decide(tab, 'one too many');
    expect(pending.reply).toMatchObject({ ok: false, code: 'outbox_full' });
    expect(tab.outbox).toHaveLength(50);
    expect(world.disk.entries.has(id)).toBe(false);
    tab.call({ method: 'cancel', id: sent[0]?.id ?? '' });
    expect(decide(tab, 'now there is room').pending.reply).toEqual(DURABLE);
  });

  test('the 201st normal command drops the oldest that was never handed to a socket', () => {
    const { world, tab } = start();
    const sent = Array.from({ length: 200 }, (_, n) => remark(tab, n));
    const last = remark(tab, 200);
    expect(last.pending.reply).toEqual(DURABLE);
    const first = sent[0]?.id;
    expect(tab.settled).toEqual([{ id: first, outcome: { status: 'dropped' } }]);
    expect(tab.outbox.find(({ id }) => id === first)).toMatchObject({
      state: 'dropped',
      error: { code: 'outbox_full' },
    });
    expect(world.report.outbox).toMatchObject({ normal: 200, entries: 201 });
  });

  test('what may have been sent is not dropped', () => {
    const { world, tab } = connect({ settings: { normalLimit: 3, inFlightLimit: 1 } });
    const [sent, next] = [remark(tab, 0), remark(tab, 1), remark(tab, 2)];
    world.socket.close();
    remark(tab, 3);
    expect(tab.settled.map(({ id }) => id)).toEqual([next?.id]);
    expect(tab.outbox.find(({ id }) => id === sent?.id)).toMatchObject({ state: 'sent' });
  });

  test('where all may have been sent, the new one is refused', () => {
    const { tab } = connect({ settings: { normalLimit: 2 } });
    remark(tab, 0);
    remark(tab, 1);
    expect(remark(tab, 2).pending.reply).toMatchObject({ ok: false, code: 'outbox_full' });
  });

  test('what is being marked as sent is not dropped', () => {
    const { world, tab } = start({ settings: { normalLimit: 2, inFlightLimit: 1 } });
    const [first, second] = [remark(tab, 0), remark(tab, 1)];
    world.autoCommit = false;
    world.socket.welcome();
    world.commitNext();
    remark(tab, 2);
    while (world.commits.length > 0) world.commitNext();
    expect(tab.settled).toEqual([{ id: second?.id, outcome: { status: 'dropped' } }]);
    expect(world.socket.sent('command').map(({ id }) => id)).toEqual([first?.id]);
  });

  test('a command may say what happens at the limit', () => {
    const { tab } = start({ settings: { highLimit: 1, normalLimit: 1 } });
    remark(tab, 0);
    const refused = tab.send({ command: { type: 'audit', n: 1 } });
    expect(refused.pending.reply).toMatchObject({ ok: false, code: 'outbox_full' });
    const first = tab.send({ command: { type: 'halt', n: 1 }, priority: 'high' });
    const second = tab.send({ command: { type: 'halt', n: 2 }, priority: 'high' });
    expect(second.pending.reply).toEqual(DURABLE);
    expect(tab.settled).toEqual([{ id: first.id, outcome: { status: 'dropped' } }]);
  });

  test('what has ended does not count', () => {
    const { world, tab } = connect({ settings: { highLimit: 1 } });
    const { id } = decide(tab, 'a');
    world.autoCommit = false;
    world.socket.say({ type: 'command_nack', id, code: 'no', message: '', retry: false });
    decide(tab, 'b');
    while (world.commits.length > 0) world.commitNext();
    expect(tab.outbox.map(({ state }) => state)).toEqual(['rejected', 'sent']);
  });
});

describe('duplicates', () => {
  test('while a command of a type and key is pending, another is refused, in every tab', () => {
    const { world, tab } = start();
    const other = world.attach();
    const { id } = decide(tab, 'g');
    expect(decide(other, 'g').pending.reply).toMatchObject({ ok: false, code: 'duplicate_command' });
    expect(other.outbox).toMatchObject([{ id, dedupeKey: 'g' }]);
    expect(decide(other, 'h').pending.reply).toEqual(DURABLE);
    const sameKey = other.send({ command: { type: 'halt', n: 1 }, priority: 'high', dedupeKey: 'g' });
    expect(sameKey.pending.reply).toEqual(DURABLE);
  });

  test('sent and waiting ones are pending, ended ones are not', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    expect(decide(tab, 'g').pending.reply).toMatchObject({ code: 'duplicate_command' });
    world.socket.say({ type: 'command_nack', id, code: 'busy', message: '', retry: true });
    expect(decide(tab, 'g').pending.reply).toMatchObject({ code: 'duplicate_command' });
    world.advance(1_000);
    world.socket.say({ type: 'command_nack', id, code: 'no', message: '', retry: false });
    expect(decide(tab, 'g').pending.reply).toEqual(DURABLE);
  });
});

describe('expiry', () => {
  const probe = { type: 'probe', n: 1 };

  const KEEPS = { capabilities: ['expires_at'] };

  test('one that an earlier hub died over may have been sent: it is not expired, but asked about', () => {
    const { world, tab } = start();
    const { id } = tab.send({ command: { type: 'probe', n: 1 }, maybeSentMs: 1 });
    world.advance(60_000);
    tab.call({ method: 'reconnect' });
    world.socket.welcome(KEEPS);
    expect(world.socket.sent('command')).toMatchObject([{ id, expires_at: world.now - 55_001 }]);
  });

  test('a command that was not sent within its ttlMs is expired, visibly', () => {
    const { world, tab } = start();
    const { id } = tab.send({ command: probe });
    world.advance(4_999);
    expect(tab.settled).toEqual([]);
    world.advance(1);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'expired' } }]);
    expect(tab.outbox).toMatchObject([{ id, state: 'expired', error: { code: 'expired' } }]);
    world.socket.welcome();
    expect(world.socket.sent('command')).toEqual([]);
  });

  test('it is not handed to a socket late, however late the hub wakes up', () => {
    const { world, tab } = start();
    const { id } = tab.send({ command: probe });
    world.socket.accept();
    world.now += 5_000;
    world.socket.welcome();
    expect(world.socket.sent('command')).toEqual([]);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'expired' } }]);
  });

  /** Sent, its line lost before there was an answer, and its time over. */
  function late() {
    const { world, tab } = connect();
    const { id } = tab.send({ command: probe });
    const expires_at = world.now + 5_000;
    expect(world.socket.sent('command')).toMatchObject([{ id, expires_at }]);
    world.socket.close();
    world.advance(6_000);
    expect(tab.settled).toEqual([]);
    return { world, tab, id, expires_at };
  }

  test('one that may have been sent is asked about past its end, and the server says how it ended', () => {
    const { world, tab, id, expires_at } = late();
    world.socket.welcome(KEEPS);
    expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 2, expires_at }]);
    world.socket.say({ type: 'command_ack', id, duplicate: true });
    expect(tab.settled).toMatchObject([{ id, outcome: { status: 'accepted', duplicate: true } }]);
  });

  test('what the server has not begun in time has expired', () => {
    const { world, tab, id } = late();
    world.socket.welcome(KEEPS);
    const message = 'it came 1 s too late';
    world.socket.say({ type: 'command_nack', id, code: 'expired', message, retry: false, ran: false });
    expect(tab.settled).toEqual([{ id, outcome: { status: 'expired' } }]);
    expect(tab.outbox).toMatchObject([{ id, state: 'expired', error: { code: 'expired', message } }]);
  });

  test("a refusal is not taken for that where a handler of it may have begun, whatever its code's name", () => {
    const { world, tab, id } = late();
    world.socket.welcome(KEEPS);
    world.socket.say({ type: 'command_nack', id, code: 'expired', message: 'over', retry: false });
    expect(tab.settled).toMatchObject([{ id, outcome: { status: 'rejected', code: 'expired' } }]);
  });

  test('a server that does not keep to the end is not asked again past it', () => {
    const { world, tab, id } = late();
    world.socket.welcome();
    expect(world.socket.sent('command')).toEqual([]);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'uncertain' } }]);
  });

  test('what such a server put off is not asked again, either', () => {
    const { world, tab } = connect();
    const { id } = tab.send({ command: probe });
    const nack = { type: 'command_nack', id, code: 'busy', message: '', retry: true } as const;
    world.socket.say({ ...nack, retry_after_ms: 60_000 });
    world.advance(5_000);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'uncertain' } }]);
  });

  test("an end of one's own counts by the server's clock, whatever the browser's says", () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    const serverTime = world.now - 3_600_000;
    world.socket.welcome({ server_time: serverTime, ...KEEPS });
    giveEmpty(world, 'run:1');
    const { id } = tab.send({ command: { type: 'remark', n: 1 }, expiresAt: serverTime + 1_000 });
    expect(world.socket.sent('command')).toMatchObject([{ id, expires_at: serverTime + 1_000 }]);
    world.socket.close();
    const { id: unsent } = tab.send({ command: { type: 'remark', n: 2 }, expiresAt: serverTime + 1_000 });
    world.advance(999);
    expect(tab.settled).toEqual([]);
    world.advance(1);
    expect(tab.settled).toEqual([{ id: unsent, outcome: { status: 'expired' } }]);
  });

  test('its time counts from when a person asked for it, wherever it has waited since', () => {
    const { world, tab } = start();
    const { id } = tab.send({ command: probe, askedAt: world.now - 4_000 });
    const { id: tooOld } = tab.send({ command: probe, askedAt: world.now - 5_000 });
    expect(tab.settled).toEqual([{ id: tooOld, outcome: { status: 'expired' } }]);
    world.advance(1_000);
    expect(tab.settled).toMatchObject([{ id: tooOld }, { id, outcome: { status: 'expired' } }]);
    // The clock was set back while it waited.
    tab.call({ method: 'retry', id, askedAt: world.now + 3_600_000 });
    tab.call({ method: 'retry', id: tooOld, askedAt: world.now - 4_000 });
    world.advance(1_000);
    expect(tab.outbox).toMatchObject([
      { id, state: 'queued' },
      { id: tooOld, state: 'expired' },
    ]);
  });

  test('its time counts by what this hub has counted since, where its clock was set back on the way', () => {
    const { world, tab } = start();
    const ticks = 4_000;
    world.advance(2 * ticks);
    world.now -= 3_600_000;
    const { id: inTime } = tab.send({
      command: probe,
      askedAt: world.now + 3_600_000,
      askedBy: { hub: 'hub-1', ticks },
    });
    const asked = { askedAt: world.now + 3_600_000, askedBy: { hub: 'hub-1', ticks: ticks - 1_000 } };
    const { id: tooOld } = tab.send({ command: probe, ...asked });
    expect(tab.settled).toEqual([{ id: tooOld, outcome: { status: 'expired' } }]);
    // Another hub has counted from another moment on.
    const { id: ofAnother } = tab.send({ command: probe, askedBy: { hub: 'hub-0', ticks: 0 } });
    world.advance(1_000);
    expect(tab.settled).toMatchObject([{ id: tooOld }, { id: inTime }]);
    tab.call({ method: 'retry', id: tooOld, ...asked });
    tab.call({ method: 'retry', id: inTime, askedAt: world.now });
    expect(tab.outbox).toMatchObject([
      { id: ofAnother, state: 'queued' },
      { id: tooOld, state: 'expired' },
      { id: inTime, state: 'queued' },
    ]);
  });

  test('one that is offered again has the end that it was given first, or an earlier one, whatever became of the clocks', () => {
    const { world, tab } = connect();
    const offered = { command: probe, maybeSentMs: 2_000, askedAt: world.now - 2_000 };
    tab.send({ ...offered, serverAskedAt: world.now - 4_000 });
    tab.send({ ...offered, serverAskedAt: world.now + 3_600_000 });
    tab.send(offered);
    const ends = world.socket.sent('command').map(({ expires_at }) => (expires_at ?? 0) - world.now);
    expect(ends).toEqual([1_000, 3_000, 3_000]);
  });

  test('the earlier of two ends counts', () => {
    const { world, tab } = connect();
    tab.send({ command: probe, expiresAt: world.now + 60_000 });
    tab.send({ command: probe, expiresAt: world.now + 1_000 });
    const ends = world.socket.sent('command').map(({ expires_at }) => (expires_at ?? 0) - world.now);
    expect(ends).toEqual([5_000, 1_000]);
  });

  test('what is over when it is sent never leaves', () => {
    const { world, tab } = connect();
    const { id } = tab.send({ command: { type: 'remark', n: 1 }, expiresAt: world.now });
    expect(world.socket.sent('command')).toEqual([]);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'expired' } }]);
    expect(tab.outbox).toMatchObject([{ error: { message: 'not sent before its end' } }]);
  });

  test('a retry is free of the end that it had', () => {
    const { world, tab } = connect();
    const { id } = tab.send({ command: { type: 'remark', n: 1 }, expiresAt: world.now });
    tab.call({ method: 'retry', id });
    expect(world.socket.sent('command')).toMatchObject([{ id }]);
    expect(world.socket.sent('command')[0]).not.toHaveProperty('expires_at');
  });

  test('one from before the server was known has its end by what has passed since', () => {
    const { world, tab } = start();
    tab.send({ command: probe });
    world.advance(3_000);
    const serverTime = world.now + 3_600_000;
    world.socket.welcome({ server_time: serverTime });
    expect(world.socket.sent('command')).toMatchObject([{ expires_at: serverTime + 2_000 }]);
  });

  test('a clock that was set back does not make it live longer', () => {
    const { world, tab } = start();
    const { id } = tab.send({ command: probe });
    world.advance(4_000);
    world.now -= 3_600_000;
    world.advance(0);
    world.advance(1_000);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'expired' } }]);
  });

  test('a clock that was set back while the worker stood still does not make it live longer', () => {
    const { world, tab } = start();
    const { id } = tab.send({ command: probe });
    world.ticks += 5_000;
    world.now += 5_000 - 3_600_000;
    world.advance(0);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'expired' } }]);
  });

  test('the earlier of two ends counts, also where the clock may have been set ahead since the server was heard', () => {
    const { world, tab } = connect();
    world.socket.close();
    world.now += 3_600_000;
    const { id } = tab.send({ command: probe, expiresAt: world.now + 60_000 });
    world.advance(5_000);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'expired' } }]);
  });

  test('a clock that was set back does not make it expire early', () => {
    const { world, tab } = start();
    tab.send({ command: probe });
    world.now -= 3_600_000;
    world.advance(4_999);
    expect(tab.settled).toEqual([]);
  });
});

describe('later', () => {
  test('`retry: true` waits with backoff, and the tab sees for how long', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, code: 'busy', message: 'wait', retry: true });
    expect(tab.outbox).toMatchObject([
      { id, state: 'waiting', retryAt: world.now + 1_000, error: { code: 'busy', message: 'wait' } },
    ]);
    world.advance(999);
    expect(world.socket.sent('command')).toHaveLength(1);
    world.advance(1);
    expect(world.socket.sent('command')).toMatchObject([{ attempt: 1 }, { id, attempt: 2 }]);
    world.socket.say({ type: 'command_nack', id, code: 'busy', message: 'wait', retry: true });
    expect(tab.outbox).toMatchObject([{ retryAt: world.now + 2_000 }]);
  });

  test('`retry: true` waits for as long as the server asks, with full jitter', () => {
    const { world, tab } = connect({ settings: { jitter: 'full' } });
    const waits: number[] = [];
    for (let n = 0; n < 40; n++) {
      const { id } = decide(tab, `g${n}`, `run:${n}`);
      const nack = { code: 'busy', message: '', retry: true, retry_after_ms: 5_000 };
      world.socket.say({ type: 'command_nack', id, ...nack });
      const entry = tab.outbox.find((candidate) => candidate.id === id);
      waits.push(entry?.state === 'waiting' ? entry.retryAt - world.now : Number.NaN);
    }
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(5_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10_000);
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(3_000);
  });

  test('the wait goes on over a reconnect', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    const nack = { code: 'busy', message: '', retry: true, retry_after_ms: 5_000 };
    world.socket.say({ type: 'command_nack', id, ...nack });
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome();
    expect(world.socket.sent('command')).toEqual([]);
    world.advance(4_000);
    expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 2 }]);
  });

  test('a wait that ends while the connection is away sends its command with the next welcome', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, code: 'busy', message: '', retry: true });
    world.socket.close();
    world.advance(1_000);
    expect(tab.outbox).toMatchObject([{ id, state: 'sent' }]);
    world.socket.welcome();
    expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 2 }]);
  });
});

describe('cancel', () => {
  test('takes back what never was handed to a socket', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    expect(tab.call({ method: 'cancel', id })).toEqual({ ok: true, value: true });
    expect(tab.settled).toEqual([{ id, outcome: { status: 'cancelled' } }]);
    expect(tab.outbox).toEqual([]);
    expect(world.disk.entries.size).toBe(0);
    world.socket.welcome();
    expect(world.socket.sent('command')).toEqual([]);
  });

  test('is true only once the store knows it', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.autoCommit = false;
    const call = world.call(tab.id, { method: 'cancel', id });
    const second = world.call(tab.id, { method: 'cancel', id });
    expect(call.reply).toBeUndefined();
    world.commitNext();
    expect(call.reply).toEqual({ ok: true, value: true });
    expect(second.reply).toEqual({ ok: true, value: true });
    expect(tab.settled).toEqual([{ id, outcome: { status: 'cancelled' } }]);
  });

  test('what expires while it is under way is cancelled, and nothing else', () => {
    const { world, tab } = start();
    const { id } = tab.send({ command: { type: 'probe', n: 1 } });
    world.autoCommit = false;
    const call = world.call(tab.id, { method: 'cancel', id });
    world.advance(6_000);
    while (world.commits.length > 0) world.commitNext();
    expect(call.reply).toEqual({ ok: true, value: true });
    expect(tab.settled).toEqual([{ id, outcome: { status: 'cancelled' } }]);
  });

  test.for(['sent', 'waiting', 'rejected', 'accepted', 'never heard of'])('is false: %s', (how) => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    if (how === 'waiting')
      world.socket.say({ type: 'command_nack', id, code: 'b', message: '', retry: true });
    if (how === 'rejected')
      world.socket.say({ type: 'command_nack', id, code: 'n', message: '', retry: false });
    if (how === 'accepted') world.socket.say({ type: 'command_ack', id });
    const asked = how === 'never heard of' ? world.uuid() : id;
    expect(tab.call({ method: 'cancel', id: asked })).toEqual({ ok: true, value: false });
  });

  test('is true while a mark is under way: no frame has left, and none will', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.autoCommit = false;
    world.socket.welcome();
    world.commitNext();
    expect(world.socket.sent('command')).toEqual([]);
    const call = world.call(tab.id, { method: 'cancel', id });
    while (world.commits.length > 0) world.commitNext();
    expect(call.reply).toEqual({ ok: true, value: true });
    expect(world.socket.sent('command')).toEqual([]);
    expect(world.disk.entries.size).toBe(0);
  });

  test('is possible again where the connection went before the frame could', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.autoCommit = false;
    world.socket.welcome();
    world.commitNext();
    world.socket.close();
    world.commitNext();
    const call = world.call(tab.id, { method: 'cancel', id });
    world.commitNext();
    expect(call.reply).toEqual({ ok: true, value: true });
  });

  test('while it is under way neither the command goes nor one that would overtake it', () => {
    const { world, tab } = start();
    const first = decide(tab, 'a', 'run:1');
    const second = decide(tab, 'b', 'run:1');
    world.autoCommit = false;
    tab.call({ method: 'cancel', id: first.id });
    world.socket.welcome();
    expect(world.socket.sent('command')).toEqual([]);
    while (world.commits.length > 0) world.commitNext();
    expect(world.socket.sent('command').map(({ id }) => id)).toEqual([second.id]);
  });
});

describe('retry and dismiss', () => {
  test('a refused command is sent again, by the same id, as if it had never been sent', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, code: 'no', message: '', retry: false });
    world.advance(5_000);
    expect(tab.call({ method: 'settled', id })).toMatchObject({ value: { status: 'rejected' } });
    const receipt = world.call(tab.id, { method: 'retry', id });
    expect(receipt.reply).toEqual(DURABLE);
    expect(world.socket.sent('command')).toMatchObject([{ attempt: 1 }, { id, attempt: 2 }]);
    expect(tab.outbox).toMatchObject([{ id, state: 'sent', createdAt: world.now }]);
    expect(tab.call({ method: 'settled', id })).toEqual({ ok: true, value: null });
    world.socket.say({ type: 'command_ack', id });
    expect(tab.settled.map(({ outcome }) => outcome.status)).toEqual(['rejected', 'accepted']);
    expect(world.disk.outcomes.get(id)).toMatchObject({ outcome: { status: 'accepted' } });
  });

  test('pending commands cannot be retried or dismissed', () => {
    const { tab } = start();
    const { id } = decide(tab, 'g');
    expect(tab.call({ method: 'retry', id })).toMatchObject({ ok: false, code: 'invalid_command' });
    expect(tab.call({ method: 'dismiss', id })).toMatchObject({ ok: false, code: 'invalid_command' });
    expect(tab.outbox).toHaveLength(1);
  });

  test('what has become uncertain is not sent again for a person who saw it as something else', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ dedupe_since: world.now });
    expect(tab.outbox).toMatchObject([{ id, state: 'uncertain' }]);
    for (const seen of ['sent', 'waiting', 'rejected'])
      expect(tab.call({ method: 'retry', id, seen })).toMatchObject({ ok: false, code: 'invalid_command' });
    expect(world.socket.sent('command')).toEqual([]);
    expect(tab.call({ method: 'retry', id, seen: 'uncertain' })).toEqual(DURABLE);
    expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 2 }]);
  });

  test.for(['queued', 'waiting', 'uncertain'])(
    'what has ended is neither sent again nor put away for a person who saw it as %s: how it ended is seen first',
    (seen) => {
      const { world, tab } = connect();
      const { id } = decide(tab, 'g');
      world.socket.say({ type: 'command_nack', id, code: 'no', message: '', retry: false });
      const frames = world.socket.sent('command').length;
      for (const method of ['retry', 'dismiss'] as const)
        expect(tab.call({ method, id, seen })).toMatchObject({ ok: false, code: 'invalid_command' });
      expect(world.socket.sent('command')).toHaveLength(frames);
      expect(tab.outbox).toMatchObject([{ id, state: 'rejected' }]);
      expect(tab.call({ method: 'retry', id, seen: 'rejected' })).toEqual(DURABLE);
    },
  );

  test('an uncertainty is put away by nobody who has not seen it', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome({ dedupe_since: world.now });
    expect(tab.call({ method: 'dismiss', id, seen: 'rejected' })).toMatchObject({ code: 'invalid_command' });
    expect(tab.outbox).toMatchObject([{ id, state: 'uncertain' }]);
    expect(tab.call({ method: 'dismiss', id, seen: 'uncertain' })).toEqual({ ok: true, value: null });
    expect(world.disk.entries.size).toBe(0);
  });

  test('what is unknown cannot be retried; to dismiss it is done already', () => {
    const { world, tab } = start();
    const id = world.uuid();
    expect(tab.call({ method: 'retry', id })).toMatchObject({ ok: false, code: 'invalid_command' });
    expect(tab.call({ method: 'dismiss', id })).toEqual({ ok: true, value: null });
  });

  test('a retry keeps to the limits, and to one command of a key', () => {
    const { world, tab } = connect({ settings: { highLimit: 1 } });
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, code: 'no', message: '', retry: false });
    const { id: second } = decide(tab, 'g');
    expect(tab.call({ method: 'retry', id })).toMatchObject({ ok: false, code: 'duplicate_command' });
    world.socket.say({ type: 'command_ack', id: second });
    decide(tab, 'h');
    expect(tab.call({ method: 'retry', id })).toMatchObject({ ok: false, code: 'outbox_full' });
    expect(tab.outbox).toMatchObject([{ id, state: 'rejected' }, { state: 'sent' }]);
  });

  test('what is being dismissed cannot be retried: it would be forgotten with its row', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'command_nack', id, code: 'no', message: '', retry: false });
    world.autoCommit = false;
    const dismissed = world.call(tab.id, { method: 'dismiss', id });
    const retried = world.call(tab.id, { method: 'retry', id });
    expect(retried.reply).toMatchObject({ ok: false, code: 'invalid_command' });
    while (world.commits.length > 0) world.commitNext();
    expect(dismissed.reply).toEqual({ ok: true, value: null });
    expect(world.disk.entries.size).toBe(0);
  });

  test('a retried command may expire anew, but not by its first age', () => {
    const { world, tab } = start();
    const { id } = tab.send({ command: { type: 'probe', n: 1 } });
    world.advance(5_000);
    world.advance(60_000);
    world.call(tab.id, { method: 'retry', id });
    world.advance(4_999);
    expect(tab.outbox).toMatchObject([{ id, state: 'queued' }]);
    world.advance(1);
    expect(tab.outbox).toMatchObject([{ id, state: 'expired' }]);
  });
});

describe('one that must be durable', () => {
  const durable = { command: { type: 'decide', gate: 'g' }, priority: 'high', requireDurable: true } as const;

  test('leaves only once it is stored', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const { id, pending } = tab.send(durable);
    expect(world.socket.sent('command')).toEqual([]);
    world.commitNext();
    expect(pending.reply).toEqual(DURABLE);
    expect(world.socket.sent('command')).toEqual([]);
    world.commitNext();
    expect(world.socket.sent('command')).toMatchObject([{ id }]);
  });

  test('is refused where the transaction fails, and never sent', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const { pending } = tab.send(durable);
    world.disk.failure = 'full';
    world.commitNext('full');
    expect(pending.reply).toMatchObject({ ok: false, code: 'storage_unavailable' });
    expect(tab.outbox).toEqual([]);
    expect(world.socket.sent('command')).toEqual([]);
  });

  test('is refused before anything is written while the store fails', () => {
    const { world, tab } = connect();
    world.disk.failure = 'full';
    remark(tab, 1);
    const before = world.effects.filter(({ type }) => type === 'commit').length;
    expect(tab.send(durable).pending.reply).toMatchObject({ ok: false, code: 'storage_unavailable' });
    expect(world.effects.filter(({ type }) => type === 'commit')).toHaveLength(before);
    expect(world.socket.sent('command')).toHaveLength(1);
  });

  test('later normal ones do not overtake a normal one', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const first = tab.send({ command: { type: 'remark', n: 1 }, requireDurable: true });
    const second = remark(tab, 2);
    while (world.commits.length > 0) world.commitNext();
    expect(world.socket.sent('command').map(({ id }) => id)).toEqual([first.id, second.id]);
  });

  test('later ones do not overtake it', () => {
    const { world, tab } = connect();
    world.autoCommit = false;
    const first = tab.send({ ...durable, topic: 'run:1' });
    const second = decide(tab, 'h', 'run:1');
    const third = remark(tab, 1);
    while (world.commits.length > 0) world.commitNext();
    world.socket.say({ type: 'command_ack', id: first.id });
    while (world.commits.length > 0) world.commitNext();
    expect(world.socket.sent('command').map(({ id }) => id)).toEqual([first.id, second.id, third.id]);
  });
});
