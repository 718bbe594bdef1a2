/** Whether what must be reached was reached. */
import { CONTENDERS } from '../run/contenders.ts';
import { type Measured, wordsOf } from '../run/results.ts';
import { bestOf, pairedRatios, type Spread, spreadOf, type Turns } from '../shared/paired.ts';
import { formatNumber } from './format.ts';
import { GOALS, type Goal } from './goals.ts';

export interface Verdict {
  readonly target: string;
  readonly reached: string;
  /** `null`: not measured. */
  readonly met: boolean | null;
}

const NOT_MEASURED = 'not measured';
const ALL_ARRIVE = '10,000 events a second to 10 tabs: the last value of every key arrives';

export function judge(results: Measured): Verdict[] {
  return [...GOALS.map((goal) => judgeGoal(goal, results)), judgeConflation(results)];
}

function judgeGoal(goal: Goal, results: Measured): Verdict {
  const { atMost, atLeast, against, unit = '' } = goal;
  const spread = spreadFor(goal, results);
  const shownUnit = against ? '×' : unit;
  const limit = atMost === undefined ? `at least ${atLeast}` : `at most ${formatNumber(atMost)}`;
  const target = `${goal.goal}: ${limit}${shownUnit}`;
  if (!spread) return { target, reached: NOT_MEASURED, met: null };
  const met = spread.median <= (atMost ?? Infinity) && spread.median >= (atLeast ?? -Infinity);
  const shown = (value: number) => formatNumber(value);
  const range = spread.turns > 1 ? ` (${shown(spread.min)} to ${shown(spread.max)})` : '';
  return { target, reached: `${shown(spread.median)}${shownUnit}${range}`, met };
}

/** Of the figure, or of its ratios turn by turn; `null` where it was not measured. */
export function spreadFor(goal: Goal, { rows }: Measured): Spread | null {
  const { case: name, figure, contender = 'trunkline', against } = goal;
  const turnsOf = (one: { case: string; figure: string; contender: string }): Turns =>
    rows.find((row) => row.case === one.case && row.figure === one.figure && row.contender === one.contender)
      ?.values ?? [];
  const ours = turnsOf({ case: name, figure, contender });
  if (!against) return spreadOf(ours);
  const other = { case: name, figure, ...against };
  if (against.contender !== 'all') return spreadOf(pairedRatios(ours, turnsOf(other)));
  const others = CONTENDERS.filter((one) => one.server !== 'trunkline').map((one) =>
    turnsOf({ ...other, contender: one.name }),
  );
  return spreadOf(pairedRatios(ours, bestOf(others, goal.atLeast === undefined ? 'lower' : 'higher')));
}

function judgeConflation({ checked }: Measured): Verdict {
  const check = checked.find((one) => one.case === 'conflation' && one.contender === 'trunkline');
  if (!check) return { target: ALL_ARRIVE, reached: NOT_MEASURED, met: null };
  const flaws = wordsOf(check.flaws);
  return { target: ALL_ARRIVE, reached: flaws === '' ? 'in every tab' : flaws, met: flaws === '' };
}
