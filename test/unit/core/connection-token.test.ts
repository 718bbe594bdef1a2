import { describe, expect, test } from 'vitest';
import type { AddressAnswer, AttachRequest } from '../../../src/protocol/port.ts';
import { HubWorld, type WorldTab } from '../../support/hub-world.ts';
import { closedOf, decide, ops, start } from './ops.ts';

function give(tab: WorldTab, answer: AddressAnswer): void {
  tab.call({ method: 'token', request: tab.tokenRequest, answer });
}

/** A world in which the connection is wanted, and the tabs that can give tokens. */
function tabs(count: number): { world: HubWorld; asked: WorldTab[] } {
  const world = new HubWorld(ops);
  const asked = Array.from({ length: count }, () => world.attach({ hasToken: true }));
  return { world, asked };
}

/** How often each was asked. */
function requests(asked: readonly WorldTab[]): number[] {
  return asked.map((tab) => tab.batches.filter(({ tokenRequest }) => tokenRequest !== undefined).length);
}

test('a tab is asked at every connect, before the socket is opened', () => {
  const { world, asked } = tabs(1);
  const [tab] = asked as [WorldTab];
  tab.subscribe('run:1');
  expect(world.sockets).toHaveLength(0);
  expect(tab.connection?.state).toBe('connecting');
  give(tab, { token: 'one' });
  world.socket.welcome();
  expect(world.socket.sent('hello')[0]).toMatchObject({ token: 'one' });
  world.socket.close();
  world.advance(1_000);
  expect(world.sockets).toHaveLength(1);
  give(tab, { token: 'two' });
  world.socket.accept();
  expect(world.socket.sent('hello')).toMatchObject([{ token: 'two' }]);
});

test('nobody is asked where no tab has tokens', () => {
  const { world, tab } = start();
  tab.subscribe('run:1');
  world.socket.accept();
  expect(world.socket.sent('hello')[0]).not.toHaveProperty('token');
});

test('a tab may say that there is none', () => {
  const { world, asked } = tabs(1);
  const [tab] = asked as [WorldTab];
  tab.subscribe('run:1');
  give(tab, { token: null });
  world.socket.accept();
  expect(world.socket.sent('hello')[0]).not.toHaveProperty('token');
});

test('a visible tab is asked first', () => {
  const world = new HubWorld(ops);
  const hidden = world.attach({ hasToken: true, visible: false });
  const visible = world.attach({ hasToken: true });
  hidden.subscribe('run:1');
  expect(requests([hidden, visible])).toEqual([0, 1]);
});

describe('the next tab is asked', () => {
  test('after 5 s', () => {
    const { world, asked } = tabs(2);
    const [first, second] = asked as [WorldTab, WorldTab];
    first.subscribe('run:1');
    world.advance(4_999);
    expect(requests(asked)).toEqual([1, 0]);
    world.advance(1);
    expect(requests(asked)).toEqual([1, 1]);
    give(first, { token: 'late' });
    expect(world.sockets).toHaveLength(0);
    give(second, { token: 'two' });
    world.socket.accept();
    expect(world.socket.sent('hello')).toMatchObject([{ token: 'two' }]);
  });

  test('when the first one goes', () => {
    const { asked } = tabs(2);
    const [first] = asked as [WorldTab];
    first.subscribe('run:1');
    asked[1]?.subscribe('run:1');
    first.leave();
    expect(requests(asked)).toEqual([1, 1]);
  });

  test("when the first one's function fails", () => {
    const { asked } = tabs(2);
    const [first] = asked as [WorldTab];
    first.subscribe('run:1');
    give(first, { failed: 'no network' });
    expect(requests(asked)).toEqual([1, 1]);
  });
});

test('when every tab was asked in vain, that is for now: the attempt failed, says why, and is repeated with backoff', () => {
  const { world, asked } = tabs(2);
  const [first, second] = asked as [WorldTab, WorldTab];
  first.subscribe('run:1');
  give(first, { failed: 'no network' });
  world.advance(5_000);
  expect(closedOf(first)).toMatchObject({ reason: 'network', attempt: 1, retryAt: world.now + 1_000 });
  expect(closedOf(first).detail?.message).toContain('5000 ms');
  world.advance(1_000);
  give(first, { failed: 'no network' });
  give(second, { failed: 'no idea' });
  expect(closedOf(first).detail?.message).toContain('no idea');
  expect(closedOf(first).attempt).toBe(2);
  expect(world.sockets).toHaveLength(0);
});

describe('with no tab left', () => {
  function alone() {
    const { world, asked } = tabs(1);
    const [tab] = asked as [WorldTab];
    decide(tab, 'g');
    give(tab, { token: 'one' });
    world.socket.welcome();
    tab.leave();
    return { world };
  }

  test('the last token serves once more', () => {
    const { world } = alone();
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome();
    expect(world.socket.sent('hello')[0]).toMatchObject({ token: 'one' });
    world.socket.close();
    world.advance(2_000);
    expect(world.sockets).toHaveLength(2);
    expect(world.report.connection).toMatchObject({ state: 'closed', reason: 'network', attempt: 3 });
  });

  test('a tab that comes is asked at once', () => {
    const { world } = alone();
    world.socket.close();
    world.advance(1_000);
    world.socket.close();
    world.advance(2_000);
    expect(world.report.connection).toMatchObject({ reason: 'network' });
    const tab = world.attach({ hasToken: true });
    give(tab, { token: 'two' });
    world.socket.accept();
    expect(world.socket.sent('hello')).toMatchObject([{ token: 'two' }]);
  });

  test('the last token in memory serves where the last tab goes while it is asked', () => {
    const { world, asked } = tabs(1);
    const [tab] = asked as [WorldTab];
    decide(tab, 'g');
    give(tab, { token: 'one' });
    world.socket.close();
    world.advance(1_000);
    tab.leave();
    world.socket.accept();
    expect(world.socket.sent('hello')).toMatchObject([{ token: 'one' }]);
  });
});

test('an answer to an earlier question is none to the present one', () => {
  const { world, asked } = tabs(1);
  const [tab] = asked as [WorldTab];
  tab.subscribe('run:1');
  const stale = tab.tokenRequest;
  give(tab, { token: 'one' });
  world.socket.close();
  world.advance(1_000);
  tab.call({ method: 'token', request: stale, answer: { token: 'stale' } });
  expect(world.sockets).toHaveLength(1);
  world.attach({ hasToken: true }).call({
    method: 'token',
    request: tab.tokenRequest,
    answer: { token: 'of another' },
  });
  expect(world.sockets).toHaveLength(1);
});

test('a token is in hello, and nowhere else', () => {
  const { world, asked } = tabs(1);
  const [tab] = asked as [WorldTab];
  decide(tab, 'g');
  give(tab, { token: 'very-secret' });
  world.socket.welcome();
  world.socket.close(1011, 'oops');
  world.advance(1_000);
  give(tab, { failed: 'no' });
  const elsewhere = world.effects.filter(
    (effect) => !(effect.type === 'write' && JSON.parse(String(effect.message)).type === 'hello'),
  );
  expect(JSON.stringify(elsewhere)).not.toContain('very-secret');
  expect(JSON.stringify(world.report)).not.toContain('very-secret');
});

test('a token that one tab gave is told to no tab, in whatever the hub says', () => {
  const { world, asked } = tabs(2);
  const [tab, other] = asked as [WorldTab, WorldTab];
  tab.subscribe('run:1');
  decide(tab, 'g');
  give(tab, { token: 'secret' });
  world.socket.accept();
  expect(world.socket.sent('hello')).toMatchObject([{ token: 'secret' }]);
  world.socket.say({ type: 'goodbye', code: 'unauthorized', message: 'ran out', retry: true });
  world.socket.close(4401);
  give(tab, { token: 'secret' });
  world.socket.welcome();
  const inspected = other.call({ method: 'inspect' });
  const left = other.call({ method: 'signOut', discard: false });
  expect(JSON.stringify([tab.batches, other.batches, inspected, left])).not.toContain('secret');
});

test('a token endpoint that fails for an hour pauses nothing: what waits leaves when it answers', () => {
  const { world, asked } = tabs(1);
  const [tab] = asked as [WorldTab];
  const { id } = decide(tab, 'g');
  for (let minute = 0; minute < 60; minute++) {
    if (tab.connection?.state === 'connecting') give(tab, { failed: 'Error: 503' });
    expect(closedOf(tab)).toMatchObject({ reason: 'network', retryAt: expect.any(Number) });
    world.advance(60_000);
  }
  give(tab, { token: 'one' });
  world.socket.welcome();
  expect(world.socket.sent('command')).toMatchObject([{ id }]);
});

test('that there is no token is for the server to judge: only its word pauses', () => {
  const { world, asked } = tabs(1);
  const [tab] = asked as [WorldTab];
  tab.subscribe('run:1');
  const refuse = () => {
    give(tab, { token: null });
    world.socket.accept();
    expect(world.socket.sent('hello')).not.toEqual([expect.objectContaining({ token: expect.anything() })]);
    world.socket.say({ type: 'goodbye', code: 'unauthorized', message: 'who is it?', retry: true });
    world.socket.close(4401);
  };
  refuse();
  refuse();
  expect(closedOf(tab)).toMatchObject({ reason: 'unauthorized', retryAt: null });
});

test('what a token function quotes of the last token is told to nobody', () => {
  const { world, asked } = tabs(1);
  const [tab] = asked as [WorldTab];
  tab.subscribe('run:1');
  give(tab, { token: 'very-secret' });
  world.socket.close();
  world.advance(1_000);
  give(tab, { failed: 'Error: very-secret ran out' });
  expect(closedOf(tab).detail?.message).toContain('Error: … ran out');
});

describe('a url that is a function', () => {
  const ticketed = (world: HubWorld, request: Partial<AttachRequest> = {}) =>
    world.attach({ url: null, ...request });

  test('is asked for at each connect, with the token', () => {
    const world = new HubWorld(ops);
    const tab = ticketed(world, { hasToken: true });
    tab.subscribe('run:1');
    expect(world.sockets).toHaveLength(0);
    give(tab, { token: 'one', url: 'wss://a.test/ws?ticket=1' });
    expect(world.socket.url).toBe('wss://a.test/ws?ticket=1');
    world.socket.welcome();
    expect(world.socket.sent('hello')).toMatchObject([{ token: 'one' }]);
    world.socket.close();
    world.advance(1_000);
    expect(world.sockets).toHaveLength(1);
    give(tab, { token: 'one', url: 'wss://a.test/ws?ticket=2' });
    expect(world.socket.url).toBe('wss://a.test/ws?ticket=2');
  });

  test('is asked for in the plain dialect, which has no token', () => {
    const world = new HubWorld(ops);
    const tab = ticketed(world, { dialect: { plain: {} } });
    tab.subscribe('default');
    give(tab, { token: null, url: 'wss://a.test/ws?ticket=1' });
    expect(world.socket).toMatchObject({ url: 'wss://a.test/ws?ticket=1', subprotocol: null });
  });

  test('is asked of a tab that has one, and not of others', () => {
    const world = new HubWorld(ops);
    const plain = world.attach({ hasToken: true });
    const tab = ticketed(world, { visible: false });
    plain.subscribe('run:1');
    expect(requests([plain, tab])).toEqual([0, 1]);
    give(tab, { failed: 'no ticket' });
    expect(closedOf(plain)).toMatchObject({ reason: 'network' });
    expect(closedOf(plain).detail?.message).toContain('no ticket');
  });

  test('that gives none fails the attempt', () => {
    const world = new HubWorld(ops);
    const tab = ticketed(world);
    tab.subscribe('run:1');
    give(tab, { token: null });
    expect(closedOf(tab)).toMatchObject({ reason: 'network', retryAt: world.now + 1_000 });
  });

  test('is not remembered: with no tab left there is no connection, and one that comes is asked at once', () => {
    const world = new HubWorld(ops);
    const tab = ticketed(world);
    decide(tab, 'g');
    give(tab, { token: null, url: 'wss://a.test/ws?ticket=1' });
    world.socket.welcome();
    tab.leave();
    world.socket.close();
    world.advance(1_000);
    expect(world.sockets).toHaveLength(1);
    expect(world.report.connection).toMatchObject({ state: 'closed', reason: 'network' });
    const next = ticketed(world);
    give(next, { token: null, url: 'wss://a.test/ws?ticket=2' });
    expect(world.sockets).toHaveLength(2);
  });

  test('is opened, and neither told nor stored', () => {
    const world = new HubWorld(ops);
    const tab = ticketed(world);
    const other = world.attach();
    ticketed(world).leave();
    decide(tab, 'g');
    tab.subscribe('run:1');
    give(tab, { token: null, url: 'wss://a.test/ws?ticket=secret' });
    ticketed(world, { appVersion: 2 });
    world.socket.close();
    const elsewhere = world.effects.filter(({ type }) => type !== 'open_socket');
    expect(JSON.stringify([elsewhere, tab.batches, other.batches, world.report])).not.toContain('secret');
  });

  test('is shown as its origin, and no more of it, in the report, the log and what is said of a failure', () => {
    const world = new HubWorld(ops);
    const tab = ticketed(world);
    tab.subscribe('run:1');
    expect(world.report.origin).toBeNull();
    const url = 'wss://hidden:hidden@a.test:8443/hidden/ws?ticket=hidden#hidden';
    give(tab, { token: null, url });
    expect(world.socket.url).toBe(url);
    world.advance(10_000);
    expect(world.report.origin).toBe('wss://a.test:8443');
    expect(closedOf(tab).detail?.message).toBe('no welcome from wss://a.test:8443 within 10000 ms');
    const lines = tab.batches.flatMap(({ reports = [] }) => reports).map(({ message }) => message);
    expect(lines).toContainEqual(expect.stringContaining('wss://a.test:8443'));
    const elsewhere = world.effects.filter(({ type }) => type !== 'open_socket');
    expect(JSON.stringify([elsewhere, tab.batches, world.report])).not.toContain('hidden');
  });
});
