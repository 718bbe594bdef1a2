import { describe, expect, test } from 'vitest';
import { START } from '../../support/hub-world.ts';
import { awaitRetry, closedOf, connect, decide, start } from './ops.ts';

describe('connecting', () => {
  test('no socket is opened before somebody needs one', () => {
    const { world, tab } = start();
    expect(world.sockets).toHaveLength(0);
    expect(tab.connection).toMatchObject({ state: 'closed', reason: 'idle', attempt: 0, retryAt: null });
    decide(tab, 'g');
    expect(world.sockets).toHaveLength(1);
    expect(world.socket).toMatchObject({ url: 'ws://test/ws', subprotocol: 'trunkline.v1' });
  });

  test('hello is the first frame, and says who speaks', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    expect(world.socket.frames).toEqual([]);
    world.socket.accept();
    expect(world.socket.frames).toEqual([
      {
        type: 'hello',
        client_id: world.disk.clientId,
        app: 'ops',
        app_version: 1,
        term: 1,
        max_frame_bytes: 16 * 1024 * 1024,
      },
    ]);
  });

  test('a server that never answers is given up after 10 s', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    world.socket.accept();
    world.advance(9_999);
    expect(tab.connection).toEqual({ state: 'connecting', attempt: 0 });
    world.advance(1);
    expect(closedOf(tab)).toMatchObject({ reason: 'timeout', attempt: 1, retryAt: world.now + 1_000 });
    expect(world.liveSockets).toHaveLength(0);
  });

  test('a handshake that never ends is given up after 10 s as well', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    world.advance(10_000);
    expect(closedOf(tab).reason).toBe('timeout');
    expect(world.socket.state).toBe('dropped');
  });

  test('a server that takes less than any command is not taken at its word, and told of: what is in the outbox waits', () => {
    const { world, tab } = start();
    const { id } = decide(tab, 'g');
    world.socket.welcome({ max_frame_bytes: 1_023 });
    expect(tab.connection?.state).toBe('connecting');
    expect(world.report.counts.malformedFrames).toBe(1);
    const reports = tab.batches.flatMap((batch) => batch.reports ?? []);
    expect(reports.filter(({ kind }) => kind === 'error')).toMatchObject([
      { message: expect.stringContaining('max_frame_bytes: expected an integer from 1024') },
    ]);
    world.advance(10_000);
    expect(closedOf(tab).reason).toBe('timeout');
    expect(tab.outbox).toMatchObject([{ id, state: 'queued' }]);
    world.advance(1_000);
    world.socket.welcome({ max_frame_bytes: 1_024 });
    expect(world.socket.sent('command')).toMatchObject([{ id }]);
  });

  test('garbage instead of a welcome is counted and does not count as one', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    world.socket.accept();
    for (const text of ['<html>', '42', 'null', '[]', '"hi"', '{"type":7}', '{"type":"welcome"}', ''])
      world.socket.text(text);
    world.socket.bytes(new TextEncoder().encode('{"type":"pong","id":1}'));
    world.socket.say({ type: 'command_ack', id: 'x' });
    expect(tab.connection?.state).toBe('connecting');
    expect(world.report.counts.malformedFrames).toBe(8);
    world.advance(10_000);
    expect(closedOf(tab).reason).toBe('timeout');
  });

  test('a message beyond 16 MiB is dropped and reported once, and the rest goes on', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    const huge = ' '.repeat(16 * 1024 * 1024);
    world.socket.text(`${huge}{"type":"command_nack","id":"${id}","code":"","message":"","retry":false}`);
    world.socket.text(`${huge} `);
    expect(tab.settled).toEqual([]);
    world.socket.say({ type: 'command_ack', id });
    expect(tab.settled).toMatchObject([{ id, outcome: { status: 'accepted' } }]);
    expect(world.report.counts.oversizedMessages).toBe(2);
    const errors = tab.batches.flatMap(({ reports }) => reports ?? []).filter(({ kind }) => kind === 'error');
    expect(errors).toMatchObject([{ code: 'too_large' }]);
  });

  test('unknown frames and fields are ignored; malformed ones are counted, and reported once per type', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.text('{"type":"of_a_later_version","x":1}');
    for (let n = 0; n < 3; n++) world.socket.text('{"type":"command_ack"}');
    world.socket.text('{"type":"pong"}');
    world.socket.text(JSON.stringify([{ type: 'command_ack', id, of_a_later_version: true }, 7]));
    expect(tab.settled).toMatchObject([{ id, outcome: { status: 'accepted' } }]);
    expect(world.report.counts).toMatchObject({ unknownFrames: 1, malformedFrames: 5 });
    const errors = tab.batches.flatMap(({ reports }) => reports ?? []).filter(({ kind }) => kind === 'error');
    expect(errors).toHaveLength(3);
  });

  test('open is only what was welcomed, and nothing but hello is sent before', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    decide(tab, 'g');
    world.socket.accept();
    expect(world.socket.texts).toHaveLength(1);
    world.socket.welcome();
    expect(tab.connection).toEqual({
      state: 'open',
      session: 's1',
      since: START,
      rttMs: null,
      suspect: false,
    });
    expect(world.socket.frames.map(({ type }) => type)).toEqual([
      'hello',
      'hello',
      'resync_request',
      'command',
    ]);
  });

  test('with every subscription before the first command', () => {
    const { world, tab } = start();
    decide(tab, 'g');
    tab.subscribe('run:1');
    tab.subscribe('run:2');
    world.socket.welcome();
    const types = world.socket.frames.map(({ type }) => type);
    expect(types).toEqual(['hello', 'resync_request', 'resync_request', 'command']);
  });
});

describe('backoff', () => {
  test('without jitter is exactly min(base·2^attempt, max); the first retry has attempt 0', () => {
    const { world, tab } = start({ settings: { breakerFailures: 100 } });
    tab.subscribe('run:1');
    const waits = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    for (const [index, wait] of waits.entries()) {
      world.socket.close();
      expect(closedOf(tab)).toMatchObject({ reason: 'network', attempt: index + 1, circuit: 'closed' });
      expect(closedOf(tab).retryAt).toBe(world.now + wait);
      const { opened } = world.report.sockets;
      world.advance(wait - 1);
      expect(world.report.sockets.opened).toBe(opened);
      world.advance(1);
      expect(world.report.sockets.opened).toBe(opened + 1);
      expect(tab.connection).toEqual({ state: 'connecting', attempt: index + 1 });
    }
  });

  test('with full jitter lies between nothing and the bound, and is spread over it', () => {
    const shares: number[] = [];
    const { world, tab } = start({ settings: { jitter: 'full', breakerFailures: 1_000 } });
    tab.subscribe('run:1');
    for (let failures = 0; failures < 60; failures++) {
      world.socket.close();
      const bound = Math.min(1_000 * 2 ** failures, 30_000);
      const wait = (closedOf(tab).retryAt ?? Number.NaN) - world.now;
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(bound);
      shares.push(wait / bound);
      world.advance(wait);
    }
    expect(Math.min(...shares)).toBeLessThan(0.1);
    expect(Math.max(...shares)).toBeGreaterThan(0.9);
  });

  test('starts anew only after a connection that was open for stableAfterMs', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    for (const wait of [1_000, 2_000, 4_000]) {
      world.socket.welcome();
      world.advance(9_999);
      world.socket.close();
      expect(closedOf(tab).retryAt).toBe(world.now + wait);
      world.advance(wait);
    }
    world.socket.welcome();
    world.advance(10_000);
    world.socket.close();
    expect(closedOf(tab)).toMatchObject({ attempt: 0, retryAt: world.now + 1_000 });
  });

  test('is not outrun by somebody who comes and goes', () => {
    const { world, tab } = start({ settings: { lingerMs: 100, backoffBaseMs: 20_000 } });
    tab.subscribe('run:1');
    world.socket.close();
    const { retryAt } = closedOf(tab);
    tab.call({ method: 'unsubscribe', topic: 'run:1' });
    world.advance(1_000);
    expect(closedOf(tab).retryAt).toBeNull();
    tab.subscribe('run:1');
    expect(world.sockets).toHaveLength(1);
    expect(closedOf(tab).retryAt).toBe(retryAt);
    world.advance(19_000);
    expect(world.sockets).toHaveLength(2);
  });

  test('nobody is waited for who left: no attempt is made for nobody', () => {
    const { world, tab } = start({ settings: { lingerMs: 100 } });
    tab.subscribe('run:1');
    world.socket.close();
    tab.leave();
    world.advance(60_000);
    expect(world.sockets).toHaveLength(1);
    expect(world.hub.deadline).toBeNull();
  });
});

describe('the circuit breaker', () => {
  function broken() {
    const started = start();
    started.tab.subscribe('run:1');
    for (let failures = 1; failures < 10; failures++) {
      started.world.socket.close();
      expect(closedOf(started.tab).circuit).toBe('closed');
      awaitRetry(started);
    }
    started.world.socket.close();
    return started;
  }

  test('opens after 10 failures in a row, and then probes once a minute', () => {
    const { world, tab } = broken();
    expect(closedOf(tab)).toMatchObject({ circuit: 'open', attempt: 10, retryAt: world.now + 60_000 });
    for (let probe = 1; probe <= 3; probe++) {
      world.advance(59_999);
      expect(world.sockets).toHaveLength(9 + probe);
      world.advance(1);
      expect(world.sockets).toHaveLength(10 + probe);
      world.socket.close();
      expect(closedOf(tab)).toMatchObject({ circuit: 'open', attempt: 10 + probe });
    }
  });

  test.for([
    { method: 'reconnect' },
    { method: 'signal', signal: 'online' },
    { method: 'signal', signal: 'visible' },
  ] as const)('half-opens at once on $method $signal', (request) => {
    const { world, tab } = broken();
    tab.call(request);
    expect(world.sockets).toHaveLength(11);
    expect(tab.connection).toEqual({ state: 'connecting', attempt: 10 });
    world.socket.close();
    expect(closedOf(tab)).toMatchObject({ circuit: 'open', retryAt: world.now + 60_000 });
  });

  test('does not probe for a page that was hidden', () => {
    const { world, tab } = broken();
    tab.call({ method: 'signal', signal: 'hidden' });
    expect(world.sockets).toHaveLength(10);
  });

  test('is half-open while the server puts a probe off', () => {
    const { world, tab } = broken();
    world.advance(60_000);
    world.socket.welcome();
    const goodbye = { code: 'draining', message: '', retry: true, retry_after_ms: 5_000 };
    world.socket.say({ type: 'goodbye', ...goodbye });
    world.socket.close();
    expect(closedOf(tab)).toMatchObject({ circuit: 'half-open', retryAt: world.now + 5_000 });
  });

  test('stays half-open until a connection was stable', () => {
    const { world, tab } = broken();
    world.advance(60_000);
    world.socket.welcome();
    world.advance(9_999);
    world.socket.close();
    expect(closedOf(tab)).toMatchObject({ circuit: 'open', attempt: 11 });
    world.advance(60_000);
    world.socket.welcome();
    world.advance(10_000);
    world.socket.close();
    expect(closedOf(tab)).toMatchObject({ circuit: 'closed', attempt: 0, retryAt: world.now + 1_000 });
  });
});

test('more than 5 attempts within a minute are a storm, until they are a minute old', () => {
  const { world, tab } = start({ settings: { heartbeatMs: 1_000_000 } });
  tab.subscribe('run:1');
  for (let attempt = 1; attempt < 6; attempt++) {
    expect(world.report.sockets).toMatchObject({ attemptsInLastMinute: attempt, storm: false });
    world.socket.close();
    tab.call({ method: 'reconnect' });
  }
  expect(world.report.sockets).toMatchObject({ attemptsInLastMinute: 6, storm: true });
  world.socket.welcome();
  world.advance(60_000);
  expect(world.report.sockets).toMatchObject({ attemptsInLastMinute: 0, storm: false });
});

test('a storm is warned of once, and the next one again', () => {
  const { world, tab } = start({ settings: { heartbeatMs: 1_000_000 } });
  const warnings = () =>
    tab.batches
      .flatMap(({ reports = [] }) => reports)
      .filter(({ message }) => message.includes('connection attempts'));
  const storm = () => {
    for (let attempt = 1; attempt <= 9; attempt++) {
      world.socket.close();
      tab.call({ method: 'reconnect' });
    }
    world.socket.welcome();
  };
  tab.subscribe('run:1');
  storm();
  expect(warnings()).toHaveLength(1);
  world.advance(60_000);
  storm();
  expect(warnings()).toHaveLength(2);
});

describe('one live socket', () => {
  test('the old one is dropped before a new one is opened', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    for (let round = 0; round < 5; round++) {
      if (round % 2 === 0) world.socket.welcome();
      world.advance(50_000);
      expect(world.report.sockets.live).toBe(world.liveSockets.length);
      tab.call({ method: 'reconnect' });
    }
    const steps = world.effects
      .filter(({ type }) => type === 'open_socket' || type === 'drop_socket')
      .map(({ type }) => type);
    expect(steps.length).toBeGreaterThan(4);
    for (const [index, type] of steps.entries())
      expect(type).toBe(index % 2 === 0 ? 'open_socket' : 'drop_socket');
  });

  test('late callbacks are told apart by their generation, counted, and do nothing', () => {
    const { world, tab } = connect();
    const old = world.socket;
    old.close();
    tab.call({ method: 'reconnect' });
    expect(world.socket.generation).toBe(2);
    const { lateCallbacks } = world.report.counts;
    old.welcome({ session: 'late' });
    old.text('{"type":"goodbye","code":"superseded","message":"","retry":false}');
    old.close();
    world.socket.welcome();
    expect(tab.connection).toMatchObject({ state: 'open', session: 's2' });
    old.close();
    expect(tab.connection).toMatchObject({ state: 'open' });
    expect(world.report.counts.lateCallbacks).toBe(lateCallbacks + 5);
  });

  test('a second welcome changes nothing', () => {
    const { world, tab } = connect();
    world.socket.say({
      type: 'welcome',
      session: 'other',
      principal: 'bob',
      server_time: 1,
      dedupe_since: 1,
    });
    expect(tab.connection).toMatchObject({ state: 'open', session: 's1' });
  });
});

describe('the heartbeat', () => {
  const pong = (world: ReturnType<typeof connect>['world'], id: number) =>
    world.socket.say({ type: 'pong', id });

  test('pings after 30 s of silence, and measures the round trip', () => {
    const { world, tab } = connect();
    world.advance(29_999);
    expect(world.socket.sent('ping')).toEqual([]);
    world.advance(1);
    expect(world.socket.sent('ping')).toEqual([{ type: 'ping', id: 1 }]);
    world.advance(42);
    pong(world, 1);
    expect(tab.connection).toMatchObject({ state: 'open', rttMs: 42 });
    world.advance(30_000);
    expect(world.socket.sent('ping')).toHaveLength(2);
  });

  test('a half-open socket is noticed within heartbeatMs and pongTimeoutMs', () => {
    const { world, tab } = connect();
    world.advance(39_999);
    expect(tab.connection?.state).toBe('open');
    world.advance(1);
    expect(closedOf(tab)).toMatchObject({ reason: 'heartbeat', retryAt: world.now + 1_000 });
    expect(world.liveSockets).toHaveLength(0);
  });

  test('a half-open socket on which writing goes on is noticed: the silence of the server counts', () => {
    const { world, tab } = connect();
    for (let second = 1; second < 40; second++) {
      world.advance(1_000);
      tab.subscribe(`run:of-${second}`);
      expect(tab.connection?.state).toBe('open');
    }
    world.advance(1_000);
    expect(closedOf(tab).reason).toBe('heartbeat');
  });

  test('pings also when only the hub itself was silent', () => {
    const { world } = connect();
    for (let second = 0; second < 30; second++) {
      expect(world.socket.sent('ping')).toEqual([]);
      world.advance(1_000);
      world.socket.say({ type: 'error', code: 'rate_limited', message: '', ended: false });
    }
    expect(world.socket.sent('ping')).toHaveLength(1);
  });

  test('anything at all answers a ping', () => {
    const { world, tab } = connect();
    world.advance(35_000);
    world.socket.text('garbage');
    world.advance(24_999);
    expect(tab.connection?.state).toBe('open');
    expect(world.socket.sent('ping')).toHaveLength(1);
    world.advance(1);
    expect(world.socket.sent('ping')).toHaveLength(2);
    world.advance(10_000);
    expect(closedOf(tab).reason).toBe('heartbeat');
  });

  test("the welcome's heartbeat_ms overrides the setting", () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    world.socket.welcome({ heartbeat_ms: 3_000 });
    world.advance(3_000);
    expect(world.socket.sent('ping')).toHaveLength(1);
    world.advance(10_000);
    expect(closedOf(tab).reason).toBe('heartbeat');
  });
});

describe('a clock that jumps', () => {
  test('forwards, as after sleep: what was due is done, and a dead socket is noticed 10 s later', () => {
    const { world, tab } = connect();
    world.now += 8 * 3_600_000;
    world.feed({ type: 'deadline' });
    expect(world.socket.sent('ping')).toHaveLength(1);
    world.advance(10_000);
    expect(closedOf(tab).reason).toBe('heartbeat');
  });

  test('forwards: a wait for a retry is over', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    world.socket.close();
    world.now += 3_600_000;
    world.feed({ type: 'deadline' });
    expect(world.sockets).toHaveLength(2);
  });

  test('backwards: a wait for a retry stays as long', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    world.socket.close();
    world.now -= 3_600_000;
    world.feed({ type: 'deadline' });
    expect(world.report.connection).toMatchObject({ retryAt: world.now + 1_000 });
    world.advance(1_000);
    expect(world.sockets).toHaveLength(2);
  });

  test.each([500, 5_000])('backwards by %i ms: no time is taken back', (byMs) => {
    const { world, tab } = connect({ settings: { heartbeatMs: 10_000 } });
    for (let step = 0; step < 9; step++) {
      world.advance(1_000);
      world.now -= byMs;
      tab.subscribe(`run:${step}`);
    }
    world.advance(999);
    expect(world.socket.sent('ping')).toEqual([]);
    world.advance(1);
    expect(world.socket.sent('ping')).toHaveLength(1);
  });

  test('backwards, while the worker stood still: what has passed counts', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    world.socket.close();
    world.ticks += 1_000;
    world.now += 1_000 - 3_600_000;
    world.feed({ type: 'deadline' });
    expect(world.sockets).toHaveLength(2);
  });

  test('backwards: a half-open socket is noticed as fast, even while something is written', () => {
    const { world, tab } = connect();
    world.advance(30_000);
    world.now -= 3_600_000;
    tab.subscribe('run:2');
    world.advance(9_999);
    expect(tab.connection?.state).toBe('open');
    world.advance(1);
    expect(closedOf(tab).reason).toBe('heartbeat');
  });

  test('backwards: the next ping comes no later', () => {
    const { world, tab } = connect();
    world.advance(20_000);
    world.now -= 3_600_000;
    tab.subscribe('run:2');
    world.advance(10_000);
    expect(world.socket.sent('ping')).toHaveLength(1);
    world.advance(30);
    world.socket.say({ type: 'pong', id: 1 });
    expect(tab.connection).toMatchObject({ rttMs: 30 });
  });

  test('backwards: attempts of long ago are no storm', () => {
    const { world, tab } = start({ settings: { heartbeatMs: 1_000_000 } });
    tab.subscribe('run:1');
    for (let attempt = 0; attempt < 6; attempt++) {
      world.socket.close();
      tab.call({ method: 'reconnect' });
    }
    world.socket.welcome();
    world.now -= 3_600_000;
    world.feed({ type: 'deadline' });
    world.advance(60_000);
    expect(world.report.sockets.storm).toBe(false);
  });
});

describe('idle', () => {
  test('closes the socket lingerMs after the last need, which may come back meanwhile', () => {
    const { world, tab } = connect();
    tab.call({ method: 'unsubscribe', topic: 'run:1' });
    world.advance(4_999);
    expect(tab.connection?.state).toBe('open');
    tab.subscribe('run:1');
    world.advance(20_000);
    expect(tab.connection?.state).toBe('open');
    tab.call({ method: 'unsubscribe', topic: 'run:1' });
    world.advance(5_000);
    expect(tab.connection).toEqual({ state: 'closing' });
    world.socket.close(1000);
    expect(closedOf(tab)).toMatchObject({ reason: 'idle', attempt: 0, retryAt: null });
    expect(world.hub.deadline).toBeNull();
  });

  test('a pending command needs the connection, also without any tab', () => {
    const { world, tab } = start();
    world.answersPings = true;
    const { id } = decide(tab, 'g');
    tab.leave();
    world.advance(9_000);
    expect(world.liveSockets).toHaveLength(1);
    world.socket.welcome();
    world.advance(20_000);
    expect(world.socket.state).toBe('open');
    world.socket.say({ type: 'command_ack', id });
    world.advance(5_000);
    expect(world.socket.state).toBe('closing');
  });

  test('an attempt that nobody needs any more is dropped', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    tab.leave();
    world.advance(5_000);
    expect(world.liveSockets).toHaveLength(0);
    expect(world.report.connection).toMatchObject({ state: 'closed', reason: 'idle', attempt: 0 });
  });
});

describe('closing', () => {
  function closing() {
    const started = connect();
    const { world, tab } = started;
    const { id } = decide(tab, 'g');
    world.socket.say({ type: 'goodbye', code: 'draining', message: 'deploy', retry: true });
    return { ...started, id };
  }

  test('what arrived already is processed', () => {
    const { world, tab, id } = closing();
    expect(tab.connection).toEqual({ state: 'closing' });
    const event = { type: 'node', id: 'a', state: 'done' };
    world.socket.say({ type: 'event', topic: 'run:1', offset: 1, ts: 2, key: 'a', event });
    world.socket.say({ type: 'command_ack', id });
    expect(tab.events('run:1')).toMatchObject([{ offset: 1 }]);
    expect(tab.settled).toMatchObject([{ id, outcome: { status: 'accepted' } }]);
  });

  test('nothing new is written', () => {
    const { world, tab } = closing();
    const { length } = world.socket.texts;
    decide(tab, 'other');
    tab.subscribe('run:2');
    tab.call({ method: 'unsubscribe', topic: 'run:1' });
    world.advance(1_999);
    expect(world.socket.texts).toHaveLength(length);
    expect(tab.outbox).toMatchObject([{ state: 'sent' }, { state: 'queued' }]);
  });

  test('a peer that never closes is not waited for', () => {
    const { world, tab } = closing();
    world.advance(2_000);
    expect(closedOf(tab).reason).toBe('server');
    expect(world.liveSockets).toHaveLength(0);
  });

  test('a second goodbye changes nothing', () => {
    const { world, tab } = closing();
    world.socket.say({ type: 'goodbye', code: 'superseded', message: '', retry: false });
    world.socket.close(1012);
    expect(closedOf(tab)).toMatchObject({ reason: 'server', attempt: 1, retryAt: world.now + 1_000 });
  });

  test('reconnect() does not wait for it', () => {
    const { world, tab } = closing();
    tab.call({ method: 'reconnect' });
    expect(world.sockets).toHaveLength(2);
    expect(tab.connection?.state).toBe('connecting');
  });
});
