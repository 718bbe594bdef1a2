import { expect, test } from 'vitest';
import { durationIn } from '../../../demo/console/runs/run-time.ts';
import { attemptsOf, type NodeEvent } from '../../../demo/console/timeline/attempts.ts';
import { costSteps } from '../../../demo/console/timeline/series.ts';

const node = (nodeId: string, rest: Partial<NodeEvent>): NodeEvent => ({
  type: 'node_state',
  nodeId,
  state: 'succeeded',
  attempt: 1,
  attempts: 1,
  startedAt: null,
  finishedAt: null,
  ...rest,
});

const used = (durationMs: number, cpuSeconds: number, memoryBytes: number, cost: number) => ({
  durationMs,
  cpuSeconds,
  memoryBytes,
  cost,
});

/** Fails from 10 to 20, is broken off from 30 to 40, and succeeds from 50 to 70. */
const TRIED = node('tried', {
  attempt: 3,
  attempts: 3,
  readyAt: 45,
  startedAt: 50,
  finishedAt: 70,
  metrics: used(20, 0.04, 200, 3),
  earlier: [
    { state: 'failed', readyAt: 5, startedAt: 10, finishedAt: 20, metrics: used(10, 0.01, 100, 1) },
    { state: 'interrupted', startedAt: 30, finishedAt: 40 },
  ],
});

test('a node has its earlier attempts and the newest, each with what was measured of itself', () => {
  expect(attemptsOf(TRIED)).toEqual([
    { state: 'failed', readyAt: 5, startedAt: 10, finishedAt: 20, metrics: used(10, 0.01, 100, 1) },
    { state: 'interrupted', readyAt: 30, startedAt: 30, finishedAt: 40, metrics: undefined },
    { state: 'succeeded', readyAt: 45, startedAt: 50, finishedAt: 70, metrics: used(20, 0.04, 200, 3) },
  ]);
  const running = { ...TRIED, state: 'running', finishedAt: null } as const;
  expect(attemptsOf(running).at(-1)).toMatchObject({ finishedAt: null, metrics: undefined });
  expect(attemptsOf(node('skipped', { state: 'skipped' }))).toEqual([]);
});

test('each attempt’s own cost counts at its end', () => {
  const other = node('other', { startedAt: 0, finishedAt: 20, metrics: used(20, 0, 0, 0.5) });
  expect(costSteps([TRIED, other])).toEqual([
    { at: 20, value: 1.5 },
    { at: 70, value: 3.5 },
  ]);
  expect(costSteps([])).toEqual([]);
});

test('a duration is by the clock, and in a replay in the time of what was recorded', () => {
  expect(durationIn({}, 1_000, 3_000)).toBe(2_000);
  expect(durationIn({ replay: { speed: 60, makespanSeconds: 1, executedAt: null } }, 1_000, 3_000)).toBe(
    120_000,
  );
  expect(durationIn({}, 3_000, 1_000), 'of two clocks that differ').toBe(0);
});
