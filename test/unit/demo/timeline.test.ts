import { expect, test } from 'vitest';
import { budgetLeft, sayLeft } from '../../../demo/console/runs/budget-level.ts';
import { durationIn } from '../../../demo/console/runs/run-time.ts';
import { attemptsOf } from '../../../demo/console/timeline/attempts.ts';
import { barsOf, legendOf } from '../../../demo/console/timeline/bars.ts';
import { inOrder, longestChain } from '../../../demo/console/timeline/longest-chain.ts';
import { sortedBy, waitsSince } from '../../../demo/console/timeline/rows.ts';
import { costSteps, cpuSteps, highest, memorySteps } from '../../../demo/console/timeline/series.ts';
import { formatTick, placeIn, spanOf, tickStep } from '../../../demo/console/timeline/span.ts';
import { sayChain, sayRow } from '../../../demo/console/timeline/words.ts';
import type { NodeStateEvent } from '../../../demo/engine/events.ts';

const node = (nodeId: string, rest: Partial<NodeStateEvent>): NodeStateEvent => ({
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

const step = (nodeId: string, after: readonly string[] = []) => ({
  nodeId,
  title: nodeId.toUpperCase(),
  kind: 'task' as const,
  after,
});
const ran = (nodeId: string, startedAt: number, finishedAt: number | null) =>
  node(nodeId, { state: finishedAt === null ? 'running' : 'succeeded', startedAt, finishedAt });
const byKey = (nodes: readonly NodeStateEvent[]) =>
  new Map(nodes.map((event) => [`node:${event.nodeId}`, event]));

test('the longest chain is of what ran longest one after the other, not of what ended last', () => {
  const graph = [step('c', ['a', 'b']), step('a'), step('b'), step('late'), step('never', ['c'])];
  // What waited for a place ended last, and depends on nothing.
  const nodes = byKey([ran('a', 0, 10), ran('b', 0, 30), ran('c', 30, 60), ran('late', 60, 100)]);
  expect(longestChain(inOrder(graph), nodes, 100)).toEqual({ nodeIds: ['b', 'c'], ms: 60 });
});

test('the longest chain counts all attempts, and what runs now until now', () => {
  const graph = [step('tried'), step('now', ['tried']), step('other')];
  const nodes = byKey([TRIED, ran('now', 70, null), ran('other', 0, 42)]);
  expect(longestChain(inOrder(graph), nodes, 75)).toEqual({ nodeIds: ['tried', 'now'], ms: 45 });
  expect(longestChain(inOrder(graph), nodes, 90)).toEqual({ nodeIds: ['tried', 'now'], ms: 60 });
  expect(longestChain(inOrder(graph), new Map(), 90)).toBeNull();
});

test('the longest chain is found in thousands of nodes one after the other', () => {
  const count = 5_000;
  const graph = Array.from({ length: count }, (_, i) =>
    step(`n${i}`, i === 0 ? [] : [`n${i - 1}`]),
  ).reverse();
  const nodes = byKey(graph.map(({ nodeId }) => ran(nodeId, 0, 1)));
  expect(longestChain(inOrder(graph), nodes, 1)?.nodeIds).toHaveLength(count);
});

test('rows are in order of their first attempts, with what has not begun at the end, or as in the pipeline', () => {
  const graph = [step('pending'), step('b'), step('tried'), step('a')];
  const nodes = byKey([TRIED, ran('b', 20, null), ran('a', 5, 9)]);
  const ids = (order: 'start' | 'graph') => sortedBy(order, graph, nodes).map(({ nodeId }) => nodeId);
  expect(ids('start')).toEqual(['a', 'tried', 'b', 'pending']);
  expect(ids('graph')).toEqual(['pending', 'b', 'tried', 'a']);
});

test('a node waits from when all that it depends on had succeeded', () => {
  const nodes = byKey([ran('a', 0, 10), ran('b', 0, 30), ran('running', 0, null)]);
  expect(waitsSince(step('x', ['a', 'b']), nodes, 0)).toBe(30);
  expect(waitsSince(step('x', ['a', 'running']), nodes, 0)).toBeNull();
  expect(waitsSince(step('x', ['a', 'pending']), nodes, 0)).toBeNull();
  expect(waitsSince(step('first'), nodes, 3), 'from the begin of the run').toBe(3);
  expect(waitsSince(step('a'), nodes, 0), 'it has begun').toBeNull();
  const paused = node('paused', { state: 'pending', readyAt: 50 });
  expect(waitsSince(step('paused', ['a']), byKey([ran('a', 0, 10), paused]), 0), 'after the pause').toBe(50);
});

test('a row says in words what its bars show', () => {
  const told = { step: step('tried'), node: TRIED, waitsSince: null, isInChain: true };
  expect(sayRow({ ...told, node: undefined, isInChain: false }, {}, 0)).toBe('TRIED, pending');
  expect(sayRow({ ...told, node: undefined, waitsSince: 0, isInChain: false }, {}, 2_000)).toBe(
    'TRIED, pending: waits for 2.0 s',
  );
  const one = node('tried', { readyAt: 0, startedAt: 2_000, finishedAt: 5_100 });
  expect(sayRow({ ...told, node: one }, {}, 9_000)).toBe(
    'TRIED, succeeded: waited 2.0 s, ran 3.1 s; in the longest chain',
  );
  const two = node('tried', {
    state: 'running',
    attempt: 2,
    startedAt: 7_000,
    earlier: [{ state: 'failed', startedAt: 2_000, finishedAt: 5_000 }],
  });
  expect(sayRow({ ...told, node: two, isInChain: false }, {}, 9_000)).toBe(
    'TRIED, running: first attempt: ran 3.0 s, failed; second attempt: runs for 2.0 s',
  );
  const replay = { replay: { speed: 10, makespanSeconds: null, executedAt: null } };
  expect(sayRow({ ...told, node: one, isInChain: false }, replay, 9_000)).toBe(
    'TRIED, succeeded: waited 20.0 s, ran 31.0 s',
  );
});

test('a gate’s time is a wait for a person, and is drawn as that; what ran is drawn by how it ended', () => {
  const gate = { ...step('gate'), kind: 'gate' as const };
  const rejected = node('gate', { state: 'rejected', readyAt: 0, startedAt: 100, finishedAt: 900 });
  expect(barsOf(gate, rejected, null)).toEqual([
    { kind: 'waited', from: 0, to: 100 },
    { kind: 'asked', from: 100, to: 900 },
  ]);
  const waiting = node('gate', { state: 'waiting', startedAt: 100 });
  expect(barsOf(gate, waiting, null)).toEqual([{ kind: 'asked', from: 100, to: null }]);
  expect(barsOf(step('tried'), TRIED, null)).toEqual([
    { kind: 'ran', state: 'failed', from: 10, to: 20 },
    { kind: 'ran', state: 'interrupted', from: 30, to: 40 },
    { kind: 'ran', state: 'succeeded', from: 50, to: 70 },
  ]);
  expect(barsOf(step('next'), undefined, 70)).toEqual([{ kind: 'waited', from: 70, to: null }]);
});

test('the legend has each look that a bar has, and no other', () => {
  const gate = { ...step('gate'), kind: 'gate' as const };
  const waiting = node('gate', { state: 'waiting', startedAt: 100 });
  const meanings = (nodes: readonly NodeStateEvent[]) =>
    legendOf([step('tried'), gate, step('now')], byKey(nodes)).map(({ meaning }) => meaning);
  expect(meanings([TRIED, ran('now', 70, null)])).toEqual([
    'Waited to begin',
    'Failed',
    'Interrupted',
    'Running',
    'Succeeded',
  ]);
  expect(meanings([waiting])).toEqual(['Waited to begin', 'Waited for a person']);
});

test('of a long chain its begin and its end are named', () => {
  const nodeIds = Array.from({ length: 9 }, (_, index) => `${index}`);
  expect(sayChain({ nodeIds, ms: 0 }, new Map([['0', 'First']]))).toBe(
    'First → 1 → 2 → … 3 more … → 6 → 7 → 8',
  );
});

test('a timeline shows all of a run, and of one that goes on a little of what is ahead', () => {
  expect(spanOf({ startedAt: 100, finishedAt: 300 }, 300)).toEqual({ from: 100, to: 300 });
  expect(spanOf({ startedAt: 0, finishedAt: null }, 100_000).to).toBeGreaterThan(100_000);
  expect(spanOf({ startedAt: 5, finishedAt: 5 }, 5).to, 'never of no length').toBe(6);
  expect(placeIn({ from: 0, to: 200 }, 50, 100)).toEqual({ left: '25%', width: '25%' });
  expect(placeIn({ from: 100, to: 200 }, 50, 300), 'nothing reaches out of it').toEqual({
    left: '0%',
    width: '100%',
  });
});

test.each([
  [17_000, 5, 5_000, ['0', '5 s', '15 s']],
  [300, 8, 50, ['0', '50 ms', '150 ms']],
  [240_000, 10, 30_000, ['0', '30 s', '1:30']],
  [9_000_000, 8, 1_800_000, ['0', '30:00', '1:30:00']],
  [30 * 86_400_000, 10, 3 * 86_400_000, ['0', '72:00:00', '216:00:00']],
])('of %i ms at most %i moments are named, %i ms apart', (ms, most, expected, labels) => {
  expect(tickStep(ms, most)).toBe(expected);
  expect([0, 1, 3].map((count) => formatTick(count * expected, expected))).toEqual(labels);
});

test('CPU and memory are summed over what ran at the same time, each attempt as it was measured', () => {
  const other = node('other', { startedAt: 15, finishedAt: 60, metrics: used(45, 0.045, 50, 0) });
  const nodes = [TRIED, other];
  // One core's work in 10 ms, and two cores' in 20; the attempt that was broken off was not measured.
  expect(cpuSteps(nodes).map(({ at, value }) => [at, Number(value.toFixed(6))])).toEqual([
    [10, 1],
    [15, 2],
    [20, 1],
    [50, 3],
    [60, 2],
    [70, 0],
  ]);
  expect(memorySteps(nodes).map(({ value }) => value)).toEqual([100, 150, 50, 250, 200, 0]);
  expect(highest(memorySteps(nodes))).toBe(250);
  // In a replay bars are shorter than what was measured, and the cores are those of then.
  const replayed = node('replayed', { startedAt: 0, finishedAt: 1, metrics: used(1_000, 2, 0, 0) });
  expect(highest(cpuSteps([replayed]))).toBe(2);
});

test('the budget warns when less than a fifth is left', () => {
  expect(budgetLeft(0.79, 1)).toMatchObject({ level: 'fine' });
  expect(budgetLeft(0.82, 1)).toMatchObject({ level: 'low' });
  expect(budgetLeft(1.2, 1)).toEqual({ level: 'spent', left: 0 });
  expect(sayLeft(budgetLeft(0.82, 1))).toBe('18 % left');
});
