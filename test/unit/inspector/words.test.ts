import { expect, test } from 'vitest';
import { sayBytes, sayDuration, sayMore, sayName, sayTime } from '../../../src/inspector/element/words.ts';

test('a duration is said in the unit that tells most', () => {
  expect([0, 999, 1_500, 61_000, 3_700_000].map(sayDuration)).toEqual([
    '0 ms',
    '999 ms',
    '1.5 s',
    '1 min 1 s',
    '1 h 1 min',
  ]);
});

test('a size is said in the unit that tells most', () => {
  expect([0, 999, 1_500, 2_500_000, 3e9].map(sayBytes)).toEqual(['0 B', '999 B', '1.5 kB', '2.5 MB', '3 GB']);
});

test('a time is said to the millisecond, and of another day with its date', () => {
  const today = new Date();
  today.setHours(9, 8, 7, 6);
  expect(sayTime(today.getTime())).toBe('09:08:07.006');
  expect(sayTime(new Date(2020, 0, 2, 3, 4).getTime())).toBe('2020-01-02 03:04');
});

test("a field's name is said in words", () => {
  expect(sayName('malformedFrames')).toBe('Malformed frames');
});

test('of a lost connection all is said that is known', () => {
  expect(
    sayMore({
      state: 'closed',
      reason: 'network',
      detail: { closeCode: 1006, cause: 'no_route' },
      attempt: 2,
      retryAt: null,
      circuit: 'open',
    }),
  ).toBe('cause: no route, close code 1006, 2 failed in a row, circuit open');
});
