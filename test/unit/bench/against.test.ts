import { expect, test } from 'vitest';
import { changesOf } from '../../../bench/report/against.ts';
import { OWN } from '../../../bench/run/contenders.ts';

const row = (figure: string, values: (number | null)[]) => ({
  case: 'burst',
  figure,
  contender: 'trunkline-whole',
  values,
});
const compare = (figure: string, today: (number | null)[], former: (number | null)[]) =>
  changesOf({
    commit: 'abc',
    contenders: OWN,
    today: [row(figure, today)],
    former: [row(figure, former)],
    skipped: [],
  });

test('a change is what the turns agree about: a gain where less is better, or more', () => {
  expect(compare('p99', [8, 80, 9, 9, 9], [10, 90, 10, 10, 10])).toMatchObject([
    { ratio: { median: expect.closeTo(0.9), turns: 5 }, is: 'gain' },
  ]);
  expect(compare('perSecond', [8, 80, 9, 9, 9], [10, 90, 10, 10, 10])).toMatchObject([{ is: 'loss' }]);
  expect(compare('p99', [8, 100, 9, 9, 9], [10, 90, 10, 10, 10])).toMatchObject([{ is: 'open' }]);
});

test('a few turns that agree by chance are no change', () => {
  expect(compare('p99', [8, 8, 8, 8], [10, 10, 10, 10])).toMatchObject([
    { ratio: { median: 0.8 }, is: 'open' },
  ]);
});

test('a figure that the former build has not is no change, and one against 0 has no ratio', () => {
  expect(compare('p99', [8], [])).toEqual([]);
  expect(compare('p99', [8], [null])).toEqual([]);
  expect(compare('p99', [8], [0])).toMatchObject([{ ratio: null, is: 'open', former: { median: 0 } }]);
});
