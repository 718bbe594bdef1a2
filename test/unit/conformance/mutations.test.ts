import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { mutations, UNSEEN_LINES } from '../../support/conformance/mutations.ts';

test('a seed draws the same twenty wrong servers each time, and another seed others', () => {
  const names = (seed: number) => mutations(seed, 20).map(({ name }) => name);
  expect(new Set(names(1)).size).toBe(20);
  expect(names(1)).toEqual(names(1));
  expect(names(2)).not.toEqual(names(1));
});

test('what no client can see of the server is there, each line once', () => {
  const times = ({ file, line }: (typeof UNSEEN_LINES)[number]) =>
    readFileSync(resolve(import.meta.dirname, '../../..', file), 'utf8').split(`\n${line}\n`).length - 1;
  expect(UNSEEN_LINES.filter((unseen) => times(unseen) !== 1)).toEqual([]);
});
