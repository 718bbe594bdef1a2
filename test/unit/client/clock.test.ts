import { expect, test } from 'vitest';
import { browser } from '../../../src/client/browser.ts';
import { createClock } from '../../../src/client/clock.ts';
import type { ClockReading } from '../../../src/protocol/port.ts';
import { scene } from './setup.ts';

const time = { now: 1_700_000_000_000, uptime: 5_000 };
const batch = (reading: ClockReading) => ({ hub: 'hub-1', clock: reading });
const clock = () => createClock({ ...browser, now: () => time.now, uptime: () => time.uptime });

test("the browser's clock is the time before the server's is known", () => {
  expect(clock().now()).toBe(time.now);
  const s = scene();
  expect(Math.abs(s.client.now() - Date.now())).toBeLessThan(1_000);
});

test('what a batch says of the clocks counts from when the hub read them', () => {
  const { now, heard } = clock();
  heard(batch({ browser: time.now - 300, server: 2_000_000_000_000 }));
  expect(now()).toBe(2_000_000_000_300);
});

test("setting the computer's clock moves nothing, and time goes on", () => {
  const { now, heard } = clock();
  heard(batch({ browser: time.now, server: 2_000_000_000_000 }));
  time.now -= 3_600_000;
  time.uptime += 1_000;
  expect(now()).toBe(2_000_000_001_000);
  // The hub read its clock before it was set back.
  heard(batch({ browser: time.now + 3_600_000, server: 2_000_000_001_000 }));
  expect(now()).toBe(2_000_000_001_000);
});

test("the server's clock is certain while the page's clocks agree on how long ago it was told", () => {
  const { server, heard } = clock();
  expect(server()).toBe(null);
  heard(batch({ browser: time.now, server: 2_000_000_000_000 }));
  time.now += 60_000;
  time.uptime += 60_000;
  expect(server()).toBe(2_000_000_060_000);
  for (const moved of [3_600_000, -3_600_000]) {
    // A clock was set, or the machine slept, in which uptime may stand still.
    time.now += moved;
    expect(server()).toBe(null);
    heard(batch({ browser: time.now, server: 2_000_000_000_000 }));
    expect(server()).toBe(2_000_000_000_000);
  }
});

test("a client's time is what its hub tells", async () => {
  const s = scene();
  s.client.connection.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({ clock: { browser: Date.now(), server: 2_000_000_000_000 } });
  expect(s.client.now()).toBeGreaterThanOrEqual(2_000_000_000_000);
  expect(s.client.now()).toBeLessThan(2_000_000_060_000);
  await s.client.send('note', { text: 'x' });
  const { serverAskedAt } = hub.sent[0] ?? {};
  expect(serverAskedAt).toBeGreaterThanOrEqual(2_000_000_000_000);
  expect(serverAskedAt).toBeLessThanOrEqual(s.client.now() + 1);
});

const START = 1_700_000_000_000;

test.each([
  ['time passes', 60_000, 60_000, START],
  ['the clock is set back', -3_590_000, 10_000, START - 3_600_000],
  ['the machine sleeps, and uptime stands still', 60_000, 0, START],
  ['the clock is set ahead, which cannot be told from a sleep', 3_610_000, 10_000, START],
])('when somebody asked, by the clock as it stands once %s', (_, passed, awakeMs, expected) => {
  time.now = START;
  const asked = clock().asked();
  expect(asked()).toEqual({ askedAt: START });
  time.now += passed;
  time.uptime += awakeMs;
  expect(asked().askedAt).toBe(expected);
});

test('when somebody asked is told as the hub counts that was heard last, however the clock was set since', () => {
  const { asked, heard } = clock();
  heard({ hub: 'hub-1', sentAt: { now: time.now - 200, ticks: 1_000 } });
  time.uptime += 5_000;
  const first = asked();
  time.now -= 3_600_000;
  time.uptime += 60_000;
  expect(first().askedBy).toEqual({ hub: 'hub-1', ticks: 6_200 });
  // It came while the first was waiting already. On its way the clock was set back.
  heard({ hub: 'hub-2', sentAt: { now: time.now + 3_600_000, ticks: 10_000 } });
  expect(first().askedBy).toEqual({ hub: 'hub-2', ticks: -50_000 });
});

test('before any server was heard a difference that was kept on the device counts, and is called old', () => {
  const { now, read, server, heard } = clock();
  expect(read()).toEqual({ now: time.now, source: 'browser' });
  const keptClock = { browser: time.now, server: time.now + 90_000 };
  heard({ hub: 'hub-1', keptClock });
  expect(now()).toBe(time.now + 90_000);
  expect(read()).toEqual({ now: time.now + 90_000, source: 'device' });
  // Nothing is promised by it.
  expect(server()).toBeNull();
  heard(batch({ browser: time.now, server: 2_000_000_000_000 }));
  heard({ hub: 'hub-1', keptClock });
  expect(read()).toEqual({ now: 2_000_000_000_000, source: 'server' });
});
