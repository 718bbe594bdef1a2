import { expect, test } from 'vitest';
import { linesOf, partsOf } from '../../../src/server/replicated/dump-parts.ts';

const LINES = ['{"a":1}', '', 'x'.repeat(50), '€😀'.repeat(20), '😀', ''];

test.for([2, 3, 7, 10, 1_000])('lines are the same after they were parts of at most %i units', (length) => {
  const parts = [...partsOf(LINES, length)];
  expect(parts.every((part) => part.length > 0 && part.length <= length)).toBe(true);
  // None ends within a character: as UTF-8 it is the same.
  expect(parts.map((part) => Buffer.from(part).toString())).toEqual(parts);
  expect([...linesOf(parts)]).toEqual(LINES);
});

test('a dump of no lines has no parts', () => {
  expect([...partsOf([], 10)]).toEqual([]);
  expect([...linesOf([])]).toEqual([]);
});
