import { expect, test } from 'vitest';
import { bestOf, pairedRatios, spreadOf } from '../../../bench/shared/paired.ts';

test('ratios are of the same turn: a busy one, in which both are slow, changes nothing', () => {
  expect(pairedRatios([10, 40, 12], [5, 20, 6])).toEqual([2, 2, 2]);
  // The medians alone would say 2 as well, but of 12 by 6: here no turn is like the other.
  expect(spreadOf(pairedRatios([10, 40, 12], [20, 10, 6]))).toEqual({
    median: 2,
    min: 0.5,
    max: 4,
    turns: 3,
  });
});

test('a turn that lacks one of the two, or has nothing to compare with, is no pair', () => {
  expect(pairedRatios([1, null, 3, 4], [2, 2, null, 0])).toEqual([0.5]);
  expect(pairedRatios([1, 2, 3], [2])).toEqual([0.5]);
  expect(pairedRatios([1], [])).toEqual([]);
  expect(pairedRatios([0, 0], [4, 0])).toEqual([0]);
});

test('the spread of nothing is nothing, and leaves out the turns that have none', () => {
  expect(spreadOf([])).toBeNull();
  expect(spreadOf([null, null])).toBeNull();
  expect(spreadOf([null, 4, 2, null, 9])).toEqual({ median: 4, min: 2, max: 9, turns: 3 });
});

test('the best of several is looked for turn by turn', () => {
  const all = [
    [10, 300, null],
    [30, 100, null, 7],
  ];
  expect(bestOf(all, 'higher')).toEqual([30, 300, null, 7]);
  expect(bestOf(all, 'lower')).toEqual([10, 100, null, 7]);
  expect(bestOf([], 'lower')).toEqual([]);
});
