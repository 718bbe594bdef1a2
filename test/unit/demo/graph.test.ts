/** What the console's graph draws of a run's nodes, and where. */
import { expect, test } from 'vitest';
import { type Card, linksOf, toCards, toLinks } from '../../../demo/console/graph/cards.ts';
import { firstView, READABLE_ZOOM } from '../../../demo/console/graph/first-view.ts';
import { placeBoxes } from '../../../demo/console/graph/layout.ts';
import { findMatches, nextMatch } from '../../../demo/console/graph/search.ts';
import { MANY, programOf, type Stage, toStages } from '../../../demo/console/graph/stages.ts';
import { countStates, mostUrgent, nextOfState, type States } from '../../../demo/console/graph/states.ts';
import type { GraphStep } from '../../../demo/console/graph/use-graph.ts';
import type { NodeState } from '../../../demo/engine/protocol.ts';

const step = (nodeId: string, after: string[] = [], title = nodeId): GraphStep => ({
  nodeId,
  title,
  kind: 'task',
  after,
});

/** As Pegasus names its tasks: a program, and a number of five digits. */
function layered(programs: readonly string[], width: number): GraphStep[] {
  const idOf = (layer: number, place: number) =>
    `${programs[layer]}_ID${String(layer * width + (place % width)).padStart(5, '0')}`;
  return programs.flatMap((_, layer) =>
    Array.from({ length: width }, (_, place) =>
      step(idOf(layer, place), layer === 0 ? [] : [idOf(layer - 1, place), idOf(layer - 1, place + 1)]),
    ),
  );
}

const summaryOf = (stages: readonly Stage[]) => stages.map(({ title, steps }) => [title, steps.length]);
const statesOf = (states: Record<string, NodeState>): States =>
  new Map(Object.entries(states).map(([nodeId, state]) => [`node:${nodeId}`, { state }]));
const placed = (cards: readonly Card[], id: string) => cards.find((card) => card.id === id);

test('a graph that can be seen at one look has no stages', () => {
  expect(toStages(layered(['a', 'b', 'c'], MANY / 3))).toEqual([]);
});

test('in a large graph the nodes of one program at one depth become a stage', () => {
  const graph = [
    ...layered(['mProject', 'mDiffFit', 'mBackground'], 60),
    step('mAdd', ['mBackground_ID00121']),
  ];
  expect(summaryOf(toStages(graph))).toEqual([
    ['mProject', 60],
    ['mDiffFit', 60],
    ['mBackground', 60],
  ]);
});

test('the same program at another depth is another stage, and a gate is none of its tasks', () => {
  const tasks = layered(['work', 'work'], 90);
  const gates = tasks.slice(0, 5).map(
    ({ nodeId }, at): GraphStep => ({
      ...step(`gate:${nodeId}`, [], `work ${at}`),
      kind: 'gate',
    }),
  );
  expect(summaryOf(toStages([...tasks, ...gates]))).toEqual([
    ['work', 90],
    ['work', 5],
    ['work', 90],
  ]);
});

test.each([
  ['sG1IterDecon_ID0000012', 'sG1IterDecon'],
  ['layer 3', 'layer'],
  ['Align (7)', 'Align'],
  ['FASTQC', 'FASTQC'],
  ['12', '12'],
  ['Grid12', 'Grid'],
])('the program of "%s" is "%s"', (title, program) => {
  expect(programOf(title)).toBe(program);
});

test('where every title is another one, all of a depth are a stage, named by what is in it', () => {
  const letters = [...'abcdefghij'];
  const names = letters.flatMap((a) => letters.map((b) => `${a}${b}`)).slice(0, 80);
  const graph = [...names.map((name) => step(name)), ...names.map((name) => step(`${name}!`, [name]))];
  expect(summaryOf(toStages(graph))).toEqual([
    ['aa, ab and 78 more', 80],
    ['aa!, ab! and 78 more', 80],
  ]);
});

test('a chain of thousands is cut into stages, each of which comes after the one before', () => {
  const graph = Array.from({ length: 34 * MANY }, (_, at) =>
    step(`n ${at}`, at === 0 ? [] : [`n ${at - 1}`]),
  );
  const stages = toStages(graph);
  expect(stages.length).toBeLessThanOrEqual(MANY);
  expect(stages.flatMap(({ steps }) => steps)).toEqual(graph);
  expect(toLinks(graph, toCards(graph, stages, new Map()))).toHaveLength(stages.length - 1);
});

test('a graph that goes round in a circle has stages all the same', () => {
  const graph = Array.from({ length: 200 }, (_, at) => step(`n ${at}`, [`n ${(at + 199) % 200}`]));
  expect(toStages(graph).flatMap(({ steps }) => steps)).toHaveLength(200);
});

test('an open stage shows a page of its nodes, and links lead to what is drawn', () => {
  const graph = [...layered(['first', 'second'], 200), step('last', ['second_ID00399'])];
  const stages = toStages(graph);
  const [first, second] = stages.map(({ stageId }) => stageId);
  if (!first || !second) throw new Error('there are no two stages');
  const cards = toCards(graph, stages, new Map([[second, 1]]));

  expect(cards.map(({ kind }) => kind)).toEqual(['stage', 'open', 'step']);
  const open = placed(cards, second);
  expect(open?.kind === 'open' && open.shown.map(({ nodeId }) => nodeId)).toEqual(
    graph.slice(200 + MANY, 400).map(({ nodeId }) => nodeId),
  );
  expect(toLinks(graph, cards)).toEqual([
    { from: first, to: second },
    { from: second, to: 'last' },
  ]);
  expect(linksOf('second_ID00399', graph, cards)).toEqual([
    { from: first, to: 'second_ID00399' },
    { from: 'second_ID00399', to: 'last' },
  ]);
});

test('what is urgent is found, and asked again the next one of the state', () => {
  const states = statesOf({ b: 'succeeded', c: 'failed', d: 'running', e: 'failed' });
  const nodes = ['a', 'b', 'c', 'd', 'e'];
  expect(countStates(nodes, states)).toEqual([
    { state: 'failed', count: 2 },
    { state: 'running', count: 1 },
    { state: 'succeeded', count: 1 },
    { state: 'pending', count: 1 },
  ]);
  expect(mostUrgent(nodes, states)).toBe('c');
  expect(mostUrgent(nodes, statesOf({ c: 'failed', e: 'waiting' })), 'its time runs').toBe('e');
  expect(mostUrgent(nodes, statesOf({ c: 'rejected', e: 'skipped' }))).toBe('c');
  expect(mostUrgent(['a', 'b'], states)).toBeNull();
  const next = (after: string | null) => nextOfState(nodes, states, { state: 'failed', after });
  expect([next(null), next('c'), next('e'), next('elsewhere')]).toEqual(['c', 'e', 'c', 'c']);
});

test('a search goes through titles and ids in the order of the graph, and round', () => {
  const graph = [step('1', [], 'Sum up'), step('2', [], 'Approval'), step('sum-2', [], 'Report')];
  const matches = findMatches(graph, ' SUM');
  expect(matches).toEqual(['1', 'sum-2']);
  expect([nextMatch(matches, null, 1), nextMatch(matches, '1', 1), nextMatch(matches, 'sum-2', 1)]).toEqual([
    '1',
    'sum-2',
    '1',
  ]);
  expect([nextMatch(matches, null, -1), nextMatch(matches, '1', -1)]).toEqual(['sum-2', 'sum-2']);
  expect(findMatches(graph, ' ')).toEqual([]);
  expect(nextMatch([], null, 1)).toBeNull();
});

const chain = (length: number) =>
  Array.from({ length }, (_, at) => ({
    id: `${at}`,
    width: 184,
    height: 72,
    after: at === 0 ? [] : [`${at - 1}`],
  }));

test('a graph goes in the direction in which it is drawn larger, unless it has one', () => {
  const boxes = chain(6);
  const tall = { width: 600, height: 700 };
  expect(placeBoxes({ boxes, window: tall, direction: null }).direction).toBe('down');
  expect(placeBoxes({ boxes, window: { width: 2_000, height: 400 }, direction: null }).direction).toBe(
    'right',
  );
  const { places } = placeBoxes({ boxes, window: tall, direction: 'right' });
  expect(places.map(({ id }) => id)).toEqual(places.toSorted((a, b) => a.x - b.x).map(({ id }) => id));
  expect(new Set(places.map(({ y }) => y)).size).toBe(1);
});

test('a rank of many boxes becomes a block, in which none covers another', () => {
  const boxes = Array.from({ length: 120 }, (_, at) => ({ id: `${at}`, width: 184, height: 72, after: [] }));
  const { places } = placeBoxes({ boxes, window: { width: 600, height: 500 }, direction: 'right' });
  const columns = new Set(places.map(({ x }) => x));
  expect(columns.size).toBeGreaterThan(2);
  expect(columns.size).toBeLessThan(12);
  expect(new Set(places.map(({ x, y }) => `${x} ${y}`)).size).toBe(120);
});

const pane = { width: 648, height: 577 };

test('a small graph is shown whole and no smaller than it can be read', () => {
  const all = { x: 0, y: 0, width: 560, height: 300 };
  const { x, y, zoom } = firstView(all, { ...all, width: 10, height: 10 }, pane);
  expect(zoom).toBeGreaterThan(1);
  expect([x, y].every((side) => side >= 0)).toBe(true);
  expect(x + all.width * zoom).toBeLessThanOrEqual(pane.width);
  expect(y + all.height * zoom).toBeLessThanOrEqual(pane.height);
});

test('a large graph opens on what matters, in letters that can be read, and never beside itself', () => {
  const all = { x: 0, y: 0, width: 5_000, height: 5_000 };
  const viewOf = (at: number) => firstView(all, { x: at, y: at, width: 184, height: 72 }, pane);
  const { x, y, zoom } = viewOf(2_000);
  expect(zoom).toBe(READABLE_ZOOM);
  expect(2_000 * zoom + x).toBeGreaterThan(0);
  expect(2_184 * zoom + x).toBeLessThan(pane.width);
  expect(2_072 * zoom + y).toBeLessThan(pane.height);
  expect(viewOf(0).x).toBeGreaterThanOrEqual(0);
  expect(viewOf(4_816).x + 5_000 * zoom).toBeGreaterThan(pane.width - 20);
});
