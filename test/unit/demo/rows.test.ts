/** What the console's table of nodes shows, and in what order. */

import { expect, test } from 'vitest';
import { begunAfter } from '../../../demo/console/node/begun-after.ts';
import {
  countStates,
  durationOf,
  filterRows,
  type Order,
  rowsOf,
  sortRows,
} from '../../../demo/console/node/rows.ts';
import type { NodeStateEvent } from '../../../demo/engine/events.ts';

const CLOCK = { run: {}, now: 100_000 };

function nodeOf(nodeId: string, node: Partial<NodeStateEvent>): [string, NodeStateEvent] {
  const none = { attempt: 1, attempts: 1, startedAt: 1_000, finishedAt: null };
  return [`node:${nodeId}`, { type: 'node_state', nodeId, state: 'pending', ...none, ...node }];
}
const metrics = (durationMs: number, cost = 0) => ({ durationMs, cpuSeconds: 0, memoryBytes: 0, cost });

const GRAPH = [
  { nodeId: 'a', title: 'Step 10' },
  { nodeId: 'b', title: 'Step 9' },
  { nodeId: 'c', title: 'never begun' },
  { nodeId: 'd', title: 'Deploy' },
  { nodeId: 'e', title: 'step 2' },
];
const NODES = new Map([
  nodeOf('a', { state: 'succeeded', startedAt: 5_000, finishedAt: 6_000, metrics: metrics(800, 2) }),
  nodeOf('b', {
    state: 'failed',
    startedAt: 3_000,
    finishedAt: 9_000,
    metrics: metrics(6_000, 1),
    attempt: 3,
  }),
  nodeOf('d', { state: 'waiting', startedAt: 9_000 }),
  nodeOf('e', { state: 'running', startedAt: 4_000 }),
]);
const ROWS = rowsOf(GRAPH, NODES);
const sorted = (by: Order['by'], isDescending = false) =>
  sortRows(ROWS, { by, isDescending }, CLOCK)
    .map(({ nodeId }) => nodeId)
    .join('');

test('rows sort by what needs somebody, by name as people count, by start, duration, attempt and cost', () => {
  expect(sorted('state')).toBe('dbeac');
  expect(sorted('state', true)).toBe('caebd');
  expect(sorted('name')).toBe('dceba');
  expect(sorted('start')).toBe('beadc');
  expect(sorted('duration')).toBe('abdec');
  expect(sorted('attempt', true)).toBe('badec');
  expect(sorted('cost')).toBe('bacde');
});

test('what has no start or duration comes last in either direction', () => {
  expect(sorted('start', true)).toBe('daebc');
  expect(sorted('duration', true)).toBe('edbac');
});

test('rows that are alike stay in the order of the pipeline', () => {
  const rows = rowsOf(GRAPH, new Map());
  expect(sortRows(rows, { by: 'state', isDescending: true }, CLOCK)).toEqual(rows);
});

test('a filter takes any of the chosen states and a part of a title or an id, in any case', () => {
  const ids = (filter: Parameters<typeof filterRows>[1]) =>
    filterRows(ROWS, filter).map(({ nodeId }) => nodeId);
  expect(ids({ states: new Set(), name: '' })).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(ids({ states: new Set(['failed', 'running']), name: '' })).toEqual(['b', 'e']);
  expect(ids({ states: new Set(), name: ' STEP ' })).toEqual(['a', 'b', 'e']);
  expect(ids({ states: new Set(['failed']), name: 'step' })).toEqual(['b']);
  expect(ids({ states: new Set(), name: 'c' })).toEqual(['c']);
});

test('states are counted, the most urgent first, those that no node is in left out', () => {
  expect(countStates(ROWS)).toEqual([
    ['waiting', 1],
    ['failed', 1],
    ['running', 1],
    ['succeeded', 1],
    ['pending', 1],
  ]);
});

test('a duration is what was measured, else the time between start and end, or until now', () => {
  const of = (node: Partial<NodeStateEvent>) => durationOf(nodeOf('a', node)[1], CLOCK);
  expect(of({ finishedAt: 3_000, metrics: metrics(1_500) })).toBe(1_500);
  expect(of({ finishedAt: 3_000 })).toBe(2_000);
  expect(of({})).toBe(99_000);
  expect(of({ startedAt: null, metrics: metrics(7) })).toBeNull();
  expect(of({ state: 'interrupted', finishedAt: 3_000, metrics: metrics(7) })).toBe(2_000);
  expect(durationOf(undefined, CLOCK)).toBeNull();
  const replay = { speed: 10, makespanSeconds: null, executedAt: null };
  expect(durationOf(nodeOf('a', {})[1], { ...CLOCK, run: { replay } })).toBe(990_000);
});

test('of the nodes after one, those that have begun are counted, each once, however they depend on it', () => {
  const graph = [
    { nodeId: 'a', after: [] },
    { nodeId: 'b', after: ['a'] },
    { nodeId: 'c', after: ['a'] },
    { nodeId: 'd', after: ['b', 'c'] },
    { nodeId: 'e', after: ['d'] },
    { nodeId: 'other', after: [] },
  ];
  const begun = ['a', 'b', 'd', 'other'].map((id) => nodeOf(id, {}));
  const nodes = new Map([...begun, nodeOf('c', { attempt: 0, state: 'skipped' })]);
  expect(begunAfter(graph, nodes, 'a')).toBe(2);
  expect(begunAfter(graph, nodes, 'd')).toBe(0);
});
