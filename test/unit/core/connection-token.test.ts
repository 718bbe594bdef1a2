import { describe, expect, test } from 'vitest';
import { HubWorld, type WorldTab } from '../../support/hub-world.ts';
import { closedOf, decide, ops, start } from './ops.ts';

function give(tab: WorldTab, answer: { token: string | null } | { failed: string }): void {
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

test('when every tab was asked in vain, the attempt failed, says why, and is repeated with backoff', () => {
  const { world, asked } = tabs(2);
  const [first, second] = asked as [WorldTab, WorldTab];
  first.subscribe('run:1');
  give(first, { failed: 'no network' });
  world.advance(5_000);
  expect(closedOf(first)).toMatchObject({ reason: 'unauthorized', attempt: 1, retryAt: world.now + 1_000 });
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
    expect(world.report.connection).toMatchObject({ state: 'closed', reason: 'unauthorized', attempt: 3 });
  });

  test('a tab that comes is asked at once', () => {
    const { world } = alone();
    world.socket.close();
    world.advance(1_000);
    world.socket.close();
    world.advance(2_000);
    expect(world.report.connection).toMatchObject({ reason: 'unauthorized' });
    const tab = world.attach({ hasToken: true });
    give(tab, { token: 'two' });
    world.socket.accept();
    expect(world.socket.sent('hello')).toMatchObject([{ token: 'two' }]);
  });

  test('also where the last tab goes while it is asked', () => {
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
    (effect) => !(effect.type === 'write' && JSON.parse(effect.text).type === 'hello'),
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
