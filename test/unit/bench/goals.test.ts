import { expect, test } from 'vitest';
import { GOALS } from '../../../bench/report/goals.ts';
import { summaryOf } from '../../../bench/report/summary.ts';
import { judge } from '../../../bench/report/targets.ts';
import { CONTENDERS, type ContenderInfo } from '../../../bench/run/contenders.ts';
import { Collector, tablesOf } from '../../../bench/run/results.ts';
import { FLAWLESS } from '../../../bench/run/scene.ts';
import { type Asked, SITTINGS, whyNot } from '../../../bench/run/sittings.ts';

const ASKED = SITTINGS.flatMap(({ cases }): readonly Asked[] => cases);

function askedAs(name: string): Asked {
  const asked = ASKED.find((one) => one.case.name === name);
  if (!asked) throw new Error(`there is no case ${name}`);
  return asked;
}
function contenderAs(name: string): ContenderInfo {
  const contender = CONTENDERS.find((one) => one.name === name);
  if (!contender) throw new Error(`there is no contender ${name}`);
  return contender;
}
/** What one contender reached in a figure, turn by turn. */
function reached(name: string, figure: string, values: Readonly<Record<string, readonly number[]>>) {
  const collector = new Collector();
  for (const [contender, turns] of Object.entries(values)) {
    for (const [turn, value] of turns.entries()) {
      collector.add(turn, askedAs(name).case, contender, { values: { [figure]: value }, flaws: FLAWLESS });
    }
  }
  return collector;
}

test('every goal names a figure of a case, and contenders that are asked it', () => {
  for (const { goal, case: name, figure, contender = 'trunkline', against } of GOALS) {
    const refs = [{ case: name, figure, contender }];
    if (against && against.contender !== 'all') refs.push({ case: name, figure, ...against });
    for (const ref of refs) {
      const asked = askedAs(ref.case);
      expect(
        asked.case.figures.map((one) => one.name),
        goal,
      ).toContain(ref.figure);
      expect(whyNot(contenderAs(ref.contender), asked), `${goal}: ${ref.contender}`).toBeNull();
    }
  }
});

test('a goal has one limit, and no two goals the same words', () => {
  for (const { goal, atMost, atLeast } of GOALS)
    expect([atMost, atLeast].filter((limit) => limit !== undefined).length, goal).toBe(1);
  expect(new Set(GOALS.map(({ goal }) => goal)).size).toBe(GOALS.length);
});

test('a verdict is of the ratios turn by turn, and tells their spread', () => {
  const measured = reached('latency-10', 'median', {
    trunkline: [1, 9, 2],
    websocket: [2, 3, 2],
  });
  const [verdict] = judge(measured);
  expect(verdict).toEqual({
    target: '500 events a second to 10 visible tabs: median, against a WebSocket per tab: at most 1×',
    reached: '1× (0.5 to 3)',
    met: true,
  });
});

test('a goal that only one of the two was measured for is neither met nor short', () => {
  const measured = reached('latency-10', 'median', { trunkline: [1] });
  expect(judge(measured).map(({ met }) => met)).toEqual(GOALS.map(() => null).concat(null));
});

test('a turn without a figure keeps the others in their places', () => {
  const collector = reached('outage', 'replay', { 'socket-io': [5] });
  const { case: outage } = askedAs('outage');
  collector.add(2, outage, 'socket-io', { values: { replay: 7 }, flaws: FLAWLESS });
  expect(collector.rows[0]?.values).toEqual([5, null, 7]);
});

test('the summary sets ours beside the best peer without a flaw, and says what was not measured', () => {
  const collector = reached('latency-10', 'median', {
    trunkline: [1, 3],
    websocket: [4, 4],
    'socket-io': [5, 5],
    'bare-port': [0.5, 0.5],
  });
  const { case: latency } = askedAs('latency-10');
  collector.add(0, latency, 'partysocket', { values: { median: 1 }, flaws: { ...FLAWLESS, lost: 3 } });
  const [first, ...others] = summaryOf(tablesOf(collector));
  expect(first).toMatchObject({
    ours: { value: 2 },
    bestPeer: { contender: 'a WebSocket per tab', value: 4 },
    limit: { value: 0.5 },
  });
  expect(others.every(({ ours }) => ours === null)).toBe(true);
});
