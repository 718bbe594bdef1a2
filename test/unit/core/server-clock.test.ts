import { expect, test } from 'vitest';
import { ServerClock } from '../../../worker/core/connection/server-clock.ts';
import { HubWorld } from '../../support/hub-world.ts';
import { connect, ops, start } from './ops.ts';

/** What the tab was told last: by how much the server's clock is ahead of the browser's. */
function ahead({ batches }: ReturnType<typeof start>['tab']): number | undefined {
  const clock = batches.findLast((batch) => batch.clock)?.clock;
  return clock && clock.server - clock.browser;
}

const HOUR_MS = 3_600_000;

test('tabs are told nothing of a clock that nobody heard of', () => {
  const { tab } = start();
  expect(tab.batches.length).toBeGreaterThan(0);
  expect(ahead(tab)).toBeUndefined();
});

test('a welcome tells the time, as it was in the middle of the round trip', () => {
  const { world, tab } = start();
  tab.subscribe('run:1');
  world.socket.accept();
  world.advance(400);
  const server_time = world.now + HOUR_MS;
  world.socket.say({ type: 'welcome', session: 's', principal: 'ann', server_time, dedupe_since: 0 });
  expect(ahead(tab)).toBe(HOUR_MS + 200);
  // A tab that comes later is told at once.
  expect(ahead(world.attach())).toBe(HOUR_MS + 200);
});

test('a pong that came faster tells it better, and a slower one changes nothing', () => {
  const { world, tab } = connect({ settings: { heartbeatMs: 1_000 } });
  const pongAfter = (ms: number, aheadMs: number) => {
    world.advance(1_000);
    world.advance(ms);
    const id = world.socket.sent('ping').at(-1)?.id ?? -1;
    world.socket.say({ type: 'pong', id, server_time: world.now + aheadMs });
  };
  pongAfter(0, 5);
  expect(ahead(tab)).toBe(5);
  pongAfter(300, -100);
  expect(ahead(tab)).toBe(5);
});

test("the browser's clock that is set back takes the server's with it no more than a step", () => {
  const { world, tab } = connect();
  expect(ahead(tab)).toBe(0);
  world.now -= HOUR_MS;
  expect(ahead(world.attach())).toBe(HOUR_MS);
});

test('a clock that is set ahead, or a sleep, leaves the server’s in doubt until the server is heard again', () => {
  const { world, tab } = connect();
  world.now += HOUR_MS;
  world.feed({ type: 'deadline' });
  const later = world.attach();
  expect(ahead(later)).toBeUndefined();
  // However much worse than before it is known now.
  world.advance(400);
  const id = world.socket.sent('ping').at(-1)?.id ?? -1;
  world.socket.say({ type: 'pong', id, server_time: world.now - HOUR_MS });
  expect([ahead(tab), ahead(later)]).toEqual([200 - HOUR_MS, 200 - HOUR_MS]);
});

test("a server's clock that was set is believed at once, whatever was measured better before", () => {
  const clock = new ServerClock();
  expect(clock.at(10)).toBeNull();
  expect(clock.heard(1_000_000, 10, 10)).toBe(true);
  expect(clock.heard(1_000_100, 0, 120)).toBe(false);
  expect(clock.at(200)).toBe(1_000_190);
  expect(clock.heard(5_000_000, 0, 200)).toBe(true);
  expect(clock.at(200)).toBe(5_000_100);
});

test('what was measured long ago gives way to what is measured less well', () => {
  const clock = new ServerClock();
  clock.heard(0, 0, 0);
  expect(clock.heard(HOUR_MS + 100, HOUR_MS - 400, HOUR_MS)).toBe(true);
});

test("the plain dialect's server has no clock", () => {
  const world = new HubWorld(ops);
  const tab = world.attach({ dialect: { plain: {} } });
  tab.subscribe('default');
  world.socket.accept();
  expect(world.report.connection.state).toBe('open');
  expect(ahead(tab)).toBeUndefined();
});
