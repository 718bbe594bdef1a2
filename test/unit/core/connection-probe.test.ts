import { describe, expect, test } from 'vitest';
import type { PortCall } from '../../../src/protocol/calls.ts';
import { closedOf, connect, decide, giveEmpty, remark, type Started } from './ops.ts';

/** By the timer alone nothing is noticed in these tests. */
const settings = { heartbeatMs: 1_000_000 };
const pings = ({ world }: Pick<Started, 'world'>) => world.socket.sent('ping').length;

/** Brings whatever is new on a connection that was just welcomed to its answer. */
function answerAll({ world }: Started, ids: readonly string[]): void {
  world.socket.welcome();
  giveEmpty(world, 'run:1');
  for (const id of ids) world.socket.say({ type: 'command_ack', id });
}

const NEEDS: readonly [string, (started: Started) => void][] = [
  ['the network came back', ({ tab }) => tab.call({ method: 'signal', signal: 'online' })],
  ['a page was shown', ({ tab }) => tab.call({ method: 'signal', signal: 'visible' })],
  ['somebody asks for a connection', ({ tab }) => tab.call({ method: 'reconnect' })],
  ['a tab comes', ({ world }) => world.attach()],
];

describe('an open line is asked whether it lives', () => {
  test.for(NEEDS)('when %s, at once', ([, need]) => {
    const started = connect({ settings });
    const { world, tab } = started;
    world.advance(5_000);
    expect(pings(started)).toBe(0);
    need(started);
    expect(pings(started)).toBe(1);
    expect(tab.connection).toMatchObject({ state: 'open', suspect: true });
    world.advance(20);
    world.socket.say({ type: 'pong', id: 1 });
    expect(tab.connection).toMatchObject({ state: 'open', suspect: false, rttMs: 20 });
    world.advance(60_000);
    expect(tab.connection).toMatchObject({ state: 'open' });
  });

  test('a page that was hidden asks for no probe of the line', () => {
    const started = connect({ settings });
    started.tab.call({ method: 'signal', signal: 'hidden' });
    expect(pings(started)).toBe(0);
  });

  test('anything at all that the server says answers a probe', () => {
    const { world, tab } = connect({ settings });
    tab.call({ method: 'reconnect' });
    world.advance(2_999);
    world.socket.text('garbage');
    expect(tab.connection).toMatchObject({ state: 'open', suspect: false });
    world.advance(60_000);
    expect(tab.connection?.state).toBe('open');
  });

  test('no more often than once a second, and then as soon as that has passed', () => {
    const started = connect({ settings });
    const { world, tab } = started;
    const visible: PortCall = { method: 'signal', signal: 'visible' };
    tab.call(visible);
    world.socket.say({ type: 'pong', id: 1 });
    world.advance(300);
    for (let n = 0; n < 50; n++) {
      tab.call({ method: 'reconnect' });
      tab.call(visible);
    }
    world.advance(699);
    expect(pings(started)).toBe(1);
    world.advance(1);
    expect(pings(started)).toBe(2);
  });

  test('what is left to wait for the next probe, be it less than the clock shows, is not due at once, again and again', () => {
    const { world, tab } = connect({ settings });
    decide(tab, 'g');
    world.ticks += 3_000 - 2 ** -20;
    world.now -= 3_600_000;
    world.feed({ type: 'deadline' });
    expect(world.hub.deadline).toBeGreaterThan(world.now);
  });

  test('where less than a millisecond is left until the next probe, it is not waited for', () => {
    const started = connect();
    const { world, tab } = started;
    world.advance(20_000);
    tab.call({ method: 'reconnect' });
    world.socket.say({ type: 'pong', id: 1 });
    world.ticks += 999.5;
    world.now -= 3_600_000;
    tab.call({ method: 'reconnect' });
    expect(pings(started)).toBe(2);
  });

  test('by the ping of the timer that is out already, which has less time from then on', () => {
    const started = connect();
    const { world, tab } = started;
    world.advance(31_000);
    expect(tab.connection).toMatchObject({ state: 'open', suspect: false });
    tab.call({ method: 'reconnect' });
    expect(pings(started)).toBe(1);
    expect(tab.connection).toMatchObject({ state: 'open', suspect: true });
    world.advance(2_999);
    expect(world.sockets).toHaveLength(1);
    world.advance(1);
    expect(world.sockets).toHaveLength(2);
  });
});

describe('a line that does not answer', () => {
  test('is dropped after probeTimeoutMs, and another connection is tried at once', () => {
    const { world, tab } = connect({ settings });
    world.advance(20_000);
    tab.call({ method: 'reconnect' });
    world.advance(2_999);
    expect(world.sockets).toHaveLength(1);
    world.advance(1);
    expect(world.sockets.map(({ state }) => state)).toEqual(['dropped', 'connecting']);
    expect(tab.connection).toEqual({ state: 'connecting', attempt: 0 });
  });

  test('over and over is tried with backoff, and ends at the breaker', () => {
    const { world, tab } = connect({ settings });
    const at: number[] = [];
    for (let failures = 0; failures < 10; failures++) {
      const { length } = world.sockets;
      const since = world.now;
      tab.call({ method: 'signal', signal: 'visible' });
      world.advance(3_000);
      const { connection } = tab;
      while (connection?.state === 'closed' && world.sockets.length === length) world.advance(100);
      at.push(world.now - since);
      if (world.sockets.length > length) world.socket.welcome();
    }
    expect(at.slice(0, 5)).toEqual([3_000, 5_000, 7_000, 11_000, 19_000]);
    expect(world.report.connection).toMatchObject({ state: 'open' });
    tab.call({ method: 'signal', signal: 'visible' });
    world.advance(3_000);
    expect(closedOf(tab).circuit).toBe('open');
  });

  test('has pongTimeoutMs while a snapshot arrives', () => {
    const { world, tab } = connect({ settings });
    tab.subscribe('run:2');
    const ref = world.socket.sent('resync_request').at(-1)?.ref ?? -1;
    const part = { topic: 'run:2', ref, epoch: 'e', offset: 1, ts: 0, last: false, events: [] };
    world.socket.say({ type: 'snapshot', ...part, part: 0 });
    tab.call({ method: 'reconnect' });
    world.advance(9_000);
    world.socket.say({ type: 'snapshot', ...part, part: 1 });
    tab.call({ method: 'reconnect' });
    world.advance(9_999);
    expect(world.sockets).toHaveLength(1);
    world.advance(1);
    expect(world.sockets).toHaveLength(2);
  });
});

describe('a command without an answer', () => {
  test('asks for a sign of life after 3 s, once', () => {
    const started = connect({ settings });
    const { world, tab } = started;
    decide(tab, 'g');
    world.advance(2_999);
    expect(pings(started)).toBe(0);
    world.advance(1);
    expect(pings(started)).toBe(1);
    world.socket.say({ type: 'pong', id: 1 });
    world.advance(600_000);
    expect(pings(started)).toBe(1);
    expect(tab.outbox).toMatchObject([{ state: 'sent', attempt: 1 }]);
  });

  test('a command without an answer asks for a sign of life on the next connection, too', () => {
    const started = connect({ settings });
    const { world, tab } = started;
    decide(tab, 'g');
    world.advance(6_000);
    expect(world.sockets).toHaveLength(2);
    answerAll(started, []);
    world.advance(3_000);
    expect(pings(started)).toBe(1);
  });

  test('a command that is held behind another, whose own question was answered, asks for a sign of life', () => {
    const started = connect({ settings });
    const { world, tab } = started;
    decide(tab, 'slow', 'run:1');
    world.advance(3_000);
    world.socket.say({ type: 'pong', id: 1 });
    world.advance(60_000);
    decide(tab, 'behind', 'run:1');
    expect(world.socket.sent('command')).toHaveLength(1);
    world.advance(3_000);
    expect(pings(started)).toBe(2);
  });

  test('that the server put off has its answer', () => {
    const started = connect({ settings });
    const { world, tab } = started;
    const { id } = decide(tab, 'g');
    const nack = { id, code: 'busy', message: '', retry: true, retry_after_ms: 20_000 };
    world.socket.say({ type: 'command_nack', ...nack });
    world.advance(19_000);
    expect(pings(started)).toBe(0);
    world.advance(1_000);
    expect(world.socket.sent('command')).toHaveLength(2);
    world.advance(3_000);
    expect(pings(started)).toBe(1);
  });

  test('does not end because the socket was looked at', () => {
    const started = connect({ settings });
    const { world, tab } = started;
    const { id } = decide(tab, 'g');
    world.advance(3_000);
    expect(world.effects.filter(({ type }) => type === 'measure_socket')).not.toEqual([]);
    world.socket.say({ type: 'pong', id: 1 });
    expect(tab.settled).toEqual([]);
    expect(tab.outbox).toMatchObject([{ id, state: 'sent' }]);
  });

  test.for([
    ['is written at once', []],
    // The second that must pass between two questions has to be waited for.
    ['comes as soon after a question as it can', [2_001]],
  ] as const)('on a dead line is accepted within 8 s of the click: one that %s', ([, questions]) => {
    const started = connect({ settings });
    const { world, tab } = started;
    world.advance(60_000);
    const clickedAt = world.now;
    const { id } = decide(tab, 'g');
    for (const afterMs of questions) {
      world.advance(afterMs);
      tab.call({ method: 'reconnect' });
      world.socket.say({ type: 'pong', id: 1 });
    }
    while (world.sockets.length === 1) world.advance(10);
    // What is left of 8 s is the new connection's: its handshakes, its token, and the command's own way.
    expect(world.now - clickedAt).toBeLessThanOrEqual(6_010);
    answerAll(started, [id]);
    expect(tab.settled).toMatchObject([{ id, outcome: { status: 'accepted' } }]);
  });

  test('on a dead line that somebody looks at first is accepted sooner', () => {
    const started = connect({ settings });
    const { world, tab } = started;
    tab.call({ method: 'signal', signal: 'visible' });
    world.advance(1_500);
    const { id } = decide(tab, 'g');
    world.advance(1_500);
    answerAll(started, [id]);
    expect(tab.settled).toMatchObject([{ id, outcome: { status: 'accepted' } }]);
  });
});

describe('a line with something that has not left the browser', () => {
  test('lives while that shrinks, however long it takes; the time of a ping begins when it has left', () => {
    const { world, tab } = connect();
    remark(tab, 1);
    world.socket.bufferedBytes = 600_000;
    for (let seconds = 0; seconds < 120; seconds++) {
      world.advance(1_000);
      world.socket.bufferedBytes -= 5_000;
      if (seconds === 60) decide(tab, 'meanwhile');
    }
    expect(world.socket.bufferedBytes).toBe(0);
    world.advance(9_000);
    expect(world.sockets).toHaveLength(1);
    world.advance(2_000);
    expect(world.sockets.map(({ state }) => state)).toEqual(['dropped', 'connecting']);
  });

  test('is dead when it has not shrunk for pongTimeoutMs', () => {
    const { world, tab } = connect({ settings });
    world.socket.bufferedBytes = 600_000;
    tab.call({ method: 'reconnect' });
    world.advance(8_000);
    world.socket.bufferedBytes = 500_000;
    // More that is written is no progress.
    remark(tab, 1);
    world.socket.bufferedBytes += 100;
    world.advance(9_000);
    expect(world.sockets).toHaveLength(1);
    world.advance(1_500);
    expect(world.sockets.map(({ state }) => state)).toEqual(['dropped', 'connecting']);
  });

  test('is asked with the short time where it had left at the second look', () => {
    const { world, tab } = connect({ settings });
    world.socket.bufferedBytes = 200;
    tab.call({ method: 'reconnect' });
    world.socket.bufferedBytes = 0;
    world.advance(3_250);
    expect(world.sockets).toHaveLength(2);
  });
});
