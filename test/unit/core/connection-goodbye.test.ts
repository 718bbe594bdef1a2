import { describe, expect, test } from 'vitest';
import type { ServerFrameOf } from '../../../src/protocol/frames/index.ts';
import type { HubWorld } from '../../support/hub-world.ts';
import { awaitRetry, closedOf, connect, decide, start } from './ops.ts';

type Goodbye = Omit<ServerFrameOf['goodbye'], 'type' | 'message'>;

function leave(world: HubWorld, { code, retry, retry_after_ms }: Goodbye, closeCode = 1000): void {
  const { socket } = world;
  const wait = retry_after_ms === undefined ? {} : { retry_after_ms };
  socket.say({ type: 'goodbye', code, message: 'as the test wants', retry, ...wait });
  expect(socket.state).toBe('closing');
  socket.close(closeCode);
}

describe('goodbyes after which nothing is tried until somebody asks', () => {
  test.for([
    { code: 'identity_mismatch', reason: 'identity_mismatch' },
    { code: 'superseded', reason: 'superseded' },
    { code: 'unsupported', reason: 'server' },
    { code: 'draining', reason: 'server' },
    { code: 'overloaded', reason: 'server' },
    { code: 'of_a_later_version', reason: 'server' },
  ])('$code', ({ code, reason }) => {
    const { world, tab } = connect();
    decide(tab, 'g');
    leave(world, { code, retry: false });
    expect(closedOf(tab)).toMatchObject({ reason, retryAt: null });
    expect(closedOf(tab).detail?.message).toContain(code);
    world.advance(3_600_000);
    for (const signal of ['online', 'hidden', 'visible'] as const) tab.call({ method: 'signal', signal });
    decide(tab, 'other');
    expect(world.sockets).toHaveLength(1);
    tab.call({ method: 'reconnect' });
    expect(world.sockets).toHaveLength(2);
    leave(world, { code, retry: false });
    world.attach();
    expect(world.sockets).toHaveLength(3);
  });
});

describe('goodbyes after which it is tried again', () => {
  test.for(['bad_frame', 'of_a_later_version'])('%s counts as a failure, with backoff', (code) => {
    const { world, tab } = connect();
    leave(world, { code, retry: true });
    expect(closedOf(tab)).toMatchObject({ reason: 'server', attempt: 1, retryAt: world.now + 1_000 });
  });

  test.for(['draining', 'overloaded'])(
    '%s waits for as long as the server asks, and is no failure',
    (code) => {
      const { world, tab } = connect();
      leave(world, { code, retry: true, retry_after_ms: 7_000 });
      expect(closedOf(tab)).toMatchObject({ attempt: 0, retryAt: world.now + 7_000 });
      tab.call({ method: 'signal', signal: 'online' });
      tab.call({ method: 'signal', signal: 'visible' });
      world.advance(6_999);
      expect(world.sockets).toHaveLength(1);
      world.advance(1);
      expect(world.sockets).toHaveLength(2);
    },
  );

  test('a person does not have to wait for as long as the server asks', () => {
    const { world, tab } = connect();
    leave(world, { code: 'draining', retry: true, retry_after_ms: 7_000 });
    tab.call({ method: 'reconnect' });
    expect(world.sockets).toHaveLength(2);
  });

  test('full jitter is added to what the server asks', () => {
    const started = connect({ settings: { jitter: 'full' } });
    const { world, tab } = started;
    const waits: number[] = [];
    for (let round = 0; round < 50; round++) {
      leave(world, { code: 'draining', retry: true, retry_after_ms: 5_000 });
      waits.push((closedOf(tab).retryAt ?? Number.NaN) - world.now);
      awaitRetry(started);
      world.socket.welcome();
    }
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(5_000);
    expect(Math.min(...waits)).toBeLessThan(5_500);
    expect(Math.max(...waits)).toBeGreaterThan(9_500);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10_000);
  });

  test('an overloaded server that names no time is backed off from', () => {
    const started = connect();
    const { world, tab } = started;
    for (const wait of [1_000, 2_000, 4_000]) {
      leave(world, { code: 'overloaded', retry: true });
      expect(closedOf(tab).retryAt).toBe(world.now + wait);
      awaitRetry(started);
      world.socket.welcome();
    }
  });

  test('a goodbye before any welcome ends the attempt at once', () => {
    const { world, tab } = start();
    tab.subscribe('run:1');
    world.socket.accept();
    leave(world, { code: 'bad_frame', retry: true });
    expect(closedOf(tab)).toMatchObject({ reason: 'server', attempt: 1 });
  });

  test('frames behind a goodbye in one message are still processed', () => {
    const { world, tab } = connect();
    const { id } = decide(tab, 'g');
    world.socket.text(
      JSON.stringify([
        { type: 'goodbye', code: 'draining', message: '', retry: true },
        { type: 'command_ack', id },
      ]),
    );
    expect(tab.settled).toMatchObject([{ id }]);
  });
});

describe('unauthorized', () => {
  function withToken() {
    const { world } = start();
    const tab = world.attach({ hasToken: true });
    tab.subscribe('run:1');
    const give = (token: string) =>
      tab.call({ method: 'token', request: tab.tokenRequest, answer: { token } });
    give('first');
    return { world, tab, give };
  }
  const goodbye = { code: 'unauthorized', retry: true };

  test('a refused token is replaced once, at once, and then the connection pauses', () => {
    const { world, tab, give } = withToken();
    world.socket.accept();
    leave(world, goodbye);
    expect(tab.connection?.state).toBe('connecting');
    give('second');
    world.socket.accept();
    expect(world.socket.sent('hello')).toMatchObject([{ token: 'second' }]);
    leave(world, goodbye);
    expect(closedOf(tab)).toMatchObject({ reason: 'unauthorized', attempt: 0, retryAt: null });
    world.advance(3_600_000);
    tab.call({ method: 'signal', signal: 'online' });
    expect(world.sockets).toHaveLength(2);
  });

  test('the close code 4401 means the same', () => {
    const { world, tab, give } = withToken();
    world.socket.close(4401);
    give('second');
    world.socket.close(4401);
    expect(closedOf(tab)).toMatchObject({ reason: 'unauthorized', retryAt: null });
  });

  test('reconnect() asks for a token again', () => {
    const { world, tab, give } = withToken();
    leave(world, goodbye);
    give('second');
    leave(world, goodbye);
    tab.call({ method: 'reconnect' });
    give('third');
    world.socket.welcome();
    expect(world.socket.sent('hello')[0]).toMatchObject({ token: 'third' });
    expect(tab.connection?.state).toBe('open');
  });

  test('a tab that comes brings a new token', () => {
    const { world, give } = withToken();
    leave(world, goodbye);
    give('second');
    leave(world, goodbye);
    const other = world.attach({ hasToken: true });
    expect(other.connection?.state).toBe('connecting');
  });

  test('a server that welcomes and then refuses makes no storm', () => {
    const { world, tab, give } = withToken();
    for (const token of ['second', 'third', 'fourth']) {
      if (tab.connection?.state === 'closed') break;
      world.socket.welcome();
      leave(world, goodbye);
      give(token);
    }
    expect(world.sockets).toHaveLength(2);
    expect(closedOf(tab)).toMatchObject({ reason: 'unauthorized', retryAt: null });
  });

  test('a token that expires on a connection that lasted is replaced each time', () => {
    const { world, tab, give } = withToken();
    for (const token of ['second', 'third', 'fourth']) {
      world.socket.welcome();
      world.advance(10_000);
      leave(world, goodbye);
      give(token);
      expect(tab.connection?.state).toBe('connecting');
    }
  });
});

describe('a socket that ends without a goodbye', () => {
  test.for([
    { code: 1006, reason: 'network' },
    { code: 1005, reason: 'network' },
    { code: 1001, reason: 'server' },
    { code: 1011, reason: 'server' },
    { code: 1012, reason: 'server' },
  ])('$code is retried', ({ code, reason }) => {
    const { world, tab } = connect();
    world.socket.close(code, 'because');
    const detail = { closeCode: code, message: 'because' };
    expect(closedOf(tab)).toMatchObject({ reason, detail, retryAt: world.now + 1_000 });
  });

  test.for([
    { code: 4403, reason: 'identity_mismatch' },
    { code: 4409, reason: 'superseded' },
    { code: 4400, reason: 'server' },
  ])('$code pauses', ({ code, reason }) => {
    const { world, tab } = connect();
    world.socket.close(code);
    expect(closedOf(tab)).toMatchObject({ reason, retryAt: null });
  });
});

test('a server cannot put its clients off for longer than a day, and a person need not wait for it', () => {
  const { world, tab } = connect({ settings: { jitter: 'none' } });
  leave(world, { code: 'overloaded', retry: true, retry_after_ms: 1e300 });
  expect(closedOf(tab)).toMatchObject({ retryAt: world.now + 86_400_000 });
  tab.call({ method: 'reconnect' });
  expect(world.sockets).toHaveLength(2);
});
