import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../src/server/system-clock.ts';
import { startTimer } from '../../../src/server/timer.ts';

const DAY_MS = 86_400_000;

function withClock(): void {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

test.each([
  ['a millisecond', 1],
  ['the longest time that a timer holds', 2 ** 31 - 1],
  ['a millisecond more', 2 ** 31],
  ['25 days', 25 * DAY_MS],
  ['ten years', 3_650 * DAY_MS],
])('a callback comes after %s, and not before', (_, delayMs) => {
  withClock();
  for (const start of [startTimer, systemClock.setTimer]) {
    const callback = vi.fn();
    start(delayMs, callback);
    vi.advanceTimersByTime(delayMs - 1);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(60 * DAY_MS);
    expect(callback).toHaveBeenCalledOnce();
  }
});

test('a callback that is due already comes at once, without a warning of Node', async () => {
  const warned = vi.fn();
  process.on('warning', warned);
  onTestFinished(() => {
    process.off('warning', warned);
  });
  await new Promise<void>((resolve) => startTimer(-0.5, resolve));
  // Node warns in the turn after.
  await new Promise((resolve) => setImmediate(resolve));
  expect(warned).not.toHaveBeenCalled();
});

test('a timer without end never calls back, and one that is ended does not either, in whichever part of its time', () => {
  withClock();
  const never = vi.fn();
  const endIt = startTimer(Number.POSITIVE_INFINITY, never);
  const ended = vi.fn();
  const end = startTimer(60 * DAY_MS, ended);
  vi.advanceTimersByTime(40 * DAY_MS);
  end();
  vi.advanceTimersByTime(400 * DAY_MS);
  expect(never).not.toHaveBeenCalled();
  expect(ended).not.toHaveBeenCalled();
  endIt();
  expect(vi.getTimerCount()).toBe(0);
});
