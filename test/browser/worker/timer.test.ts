import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { browser } from '../../../worker/browser/platform.ts';
import { Timer } from '../../../worker/shell/timer.ts';

const DAY_MS = 86_400_000;
const due = vi.fn();
const timer = new Timer(browser, due);
beforeEach(() => {
  vi.useFakeTimers();
  due.mockClear();
});
afterEach(() => {
  timer.set(null);
  vi.useRealTimers();
});

/** Beyond the 2^31 - 1 ms that a browser's timer can hold. */
const FAR_MS = 25 * DAY_MS;

it('looks at the clock when its moment has come, once', () => {
  timer.set(Date.now() + 1_000);
  vi.advanceTimersByTime(999);
  expect(due).not.toHaveBeenCalled();
  vi.advanceTimersByTime(DAY_MS);
  expect(due).toHaveBeenCalledOnce();
});

it('looks every 5 s on the way to a moment that is far, for its owner to set it anew', () => {
  const at = Date.now() + FAR_MS;
  const looks: number[] = [];
  const far = new Timer(browser, () => {
    looks.push(Date.now());
    if (Date.now() < at) far.set(at);
  });
  far.set(at);
  vi.advanceTimersByTime(FAR_MS + DAY_MS);
  expect(looks).toHaveLength(FAR_MS / 5_000);
  expect(looks.at(-1)).toBe(at);
});

it('looks at once for a moment that has passed', () => {
  timer.set(Date.now() - 1_000);
  vi.advanceTimersByTime(0);
  expect(due).toHaveBeenCalledOnce();
});

it('notices soon that the clock went on while the machine slept', () => {
  timer.set(Date.now() + DAY_MS);
  vi.setSystemTime(Date.now() + 2 * DAY_MS);
  vi.advanceTimersByTime(5_000);
  expect(due).toHaveBeenCalledOnce();
});

it('notices soon that the clock was set back', () => {
  timer.set(Date.now() + 60_000);
  vi.setSystemTime(Date.now() - DAY_MS);
  vi.advanceTimersByTime(5_000);
  expect(due).toHaveBeenCalledOnce();
});

it('holds one alarm, or none', () => {
  timer.set(Date.now() + 100);
  timer.set(Date.now() + 1_000);
  timer.set(null);
  vi.advanceTimersByTime(DAY_MS);
  expect(due).not.toHaveBeenCalled();
});

it('lets one timer run through any number of later alarms, and then looks', () => {
  const setTimer = vi.fn(browser.setTimer);
  const counted = new Timer({ ...browser, setTimer }, due);
  for (let i = 0; i < 1_000; i++) counted.set(Date.now() + 100 + i);
  expect(setTimer).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(99);
  expect(due).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(due).toHaveBeenCalledOnce();
});

it('goes off for an earlier alarm that is set while a later one runs', () => {
  timer.set(Date.now() + 1_000);
  timer.set(Date.now() + 100);
  vi.advanceTimersByTime(100);
  expect(due).toHaveBeenCalledOnce();
});

it('does not wait for a timer that the clock has overtaken', () => {
  timer.set(Date.now() + 4_000);
  vi.setSystemTime(Date.now() + DAY_MS);
  timer.set(Date.now() + 10);
  vi.advanceTimersByTime(10);
  expect(due).toHaveBeenCalledOnce();
});
