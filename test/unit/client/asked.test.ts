import { expect, test } from 'vitest';
import { asked } from '../../../src/client/asked.ts';
import { browser } from '../../../src/client/browser.ts';

const START = 1_700_000_000_000;

test.each([
  ['time passes', 60_000, 60_000, START],
  ['the clock is set back', -3_590_000, 10_000, START - 3_600_000],
  ['the machine sleeps, and uptime stands still', 60_000, 0, START],
  ['the clock is set ahead, which cannot be told from a sleep', 3_610_000, 10_000, START],
])('when somebody asked, by the clock as it stands once %s', (_, passed, awakeMs, expected) => {
  const time = { now: START, uptime: 5_000 };
  const askedAt = asked({ ...browser, now: () => time.now, uptime: () => time.uptime });
  expect(askedAt()).toBe(START);
  time.now += passed;
  time.uptime += awakeMs;
  expect(askedAt()).toBe(expected);
});
