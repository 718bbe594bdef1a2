import { expect, test } from 'vitest';
import { mutations } from '../../support/conformance/mutations.ts';

test('a seed draws the same twenty wrong servers each time, and another seed others', () => {
  const names = (seed: number) => mutations(seed, 20).map(({ name }) => name);
  expect(new Set(names(1)).size).toBe(20);
  expect(names(1)).toEqual(names(1));
  expect(names(2)).not.toEqual(names(1));
});
