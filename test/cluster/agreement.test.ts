import { expect, it } from 'vitest';
import { Agreement, type ServerLife } from './run/agreement.ts';

/** Applied one record after the other, a second each. */
function lived(agreement: Agreement, name: string, digests: readonly string[]): ServerLife {
  const life = agreement.begin(name);
  life.apply(digests.map((digest, index) => ({ position: index + 1, digest, at: index * 1_000 })));
  return life;
}

it('finds servers that differ and go on, and how long it took who said so', () => {
  const agreement = new Agreement();
  lived(agreement, 'one', ['a', 'b', 'c']);
  lived(agreement, 'two', ['a', 'b', 'c', 'd']);
  expect(agreement.problems(0)).toEqual([]);
  const other = lived(agreement, 'other', ['a', 'x', 'y']);
  expect(agreement.problems(10_000)).toHaveLength(2);
  other.saidAt = 1_000 + 10_000;
  expect(agreement.problems(10_000)).toEqual([]);
  expect(agreement.slowestMs).toBe(10_000);
  expect(agreement.problems(9_999)).toEqual([
    expect.stringContaining('differ from record 2 on: noticed after 10000 ms'),
    expect.stringContaining('other, process 3'),
  ]);
});

it('does not ask of a server that was ended to say anything', () => {
  const agreement = new Agreement();
  lived(agreement, 'one', ['a']);
  lived(agreement, 'other', ['x']).endedAt = 500;
  expect(agreement.problems(1_000)).toEqual([]);
});
