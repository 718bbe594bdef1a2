import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runTopic } from '../../../demo/engine/protocol.ts';
import { traceSource } from '../../../demo/engine/saved-run.ts';
import { loadTrace } from '../../../demo/engine/trace.ts';
import type { Operator } from './support/operator.ts';
import { writeWorkflow } from './support/workflow.ts';
import { operate, serve, temporaryFolder } from './support/workshop.ts';

const tasks = (list: object[], machines?: object[]) => ({
  name: 'made',
  workflow: {
    specification: { tasks: list },
    execution: { tasks: list.map((task) => ({ runtimeInSeconds: 1, ...task })), machines },
  },
});

function write(content: unknown): string {
  const path = join(temporaryFolder(), 'trace.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** Each node ran after all that it depends on had succeeded. */
function expectRightOrder(ada: Operator): void {
  const after = new Map(
    ada.events('run_graph').flatMap(({ nodes }) => nodes.map((node) => [node.nodeId, node.after] as const)),
  );
  const succeeded = new Set<string>();
  for (const { nodeId, state } of ada.events('node_state')) {
    if (state === 'running') {
      for (const name of after.get(nodeId) ?? [])
        expect(succeeded.has(name), `${nodeId} after ${name}`).toBe(true);
    }
    if (state === 'succeeded') succeeded.add(nodeId);
  }
  expect(succeeded.size).toBe(after.size);
}

test('edges count wherever the instance tells of them; cores bound what runs at the same time', async () => {
  const path = write(
    tasks(
      [{ id: 'a', children: ['b'] }, { id: 'b' }, { id: 'c', parents: ['b'], name: 'last' }],
      [{ cpu: { coreCount: 2 } }, { cpu: null }, {}],
    ),
  );
  const { pipeline } = await loadTrace(path, ['last']);
  expect(pipeline.parallel).toBe(2);
  expect(pipeline.nodes.map(({ id, after }) => [id, after])).toEqual([
    ['a', []],
    ['b', ['a']],
    ['gate:c', ['b']],
    ['c', ['gate:c']],
  ]);
});

test.each([
  ['no JSON', '{', [], /trace\.json: /],
  ['another format', {}, [], /no workflow in WfFormat 1\.5: name: /],
  ['a task without an id', tasks([{ name: 'x' }]), [], /workflow\.specification\.tasks\.0\.id: /],
  [
    'an unknown parent',
    tasks([{ id: 'a', parents: ['b'] }]),
    [],
    /nodes\[0\]\.after\[0\]: there is no node "b"/,
  ],
  [
    'a circle',
    tasks([
      { id: 'a', parents: ['b'] },
      { id: 'b', parents: ['a'] },
    ]),
    [],
    /wait for each other/,
  ],
  ['an unknown gate', tasks([{ id: 'a' }]), ['z'], /has no task "z" to put a gate before/],
])('%s is refused, with the place', async (_name, content, gates, message) => {
  await expect(loadTrace(write(content), gates)).rejects.toThrow(message);
});

test('a replay has the graph, the times and the costs of the execution, at the speed asked for', async () => {
  const path = writeWorkflow(temporaryFolder(), { layers: 3, width: 4, seconds: 10 });
  const server = await serve([await traceSource({ path, speed: 50, gates: ['task_2_0'] })]);
  const ada = await operate(server);
  const startedAt = Date.now();
  const runId = await ada.start('trace');
  const gate = await ada.until('human_gate_waiting');
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(2 * (10_000 / 50));
  await ada.send({ type: 'human_decision', runId, gateId: gate.gateId, verdict: 'approve' });
  const over = await ada.until('run_state', ({ state }) => state === 'succeeded');
  const last = await ada.until(
    'node_state',
    (node) => node.nodeId === 'task_2_0' && node.state === 'succeeded',
  );
  expect(last.metrics).toEqual({ durationMs: 10_000, cpuSeconds: 5, memoryBytes: 1_000, cost: 0.000_25 });
  expect(over.spent).toBeCloseTo(12 * 0.000_25, 9);
  expectRightOrder(ada);
});

test('a replay that a restart broke off goes on by itself', async () => {
  const path = writeWorkflow(temporaryFolder(), { layers: 6, width: 5, seconds: 10 });
  const server = await serve([await traceSource({ path, speed: 50, gates: [] })]);
  const before = await operate(server);
  const runId = await before.start('trace');
  await before.until('node_state', ({ nodeId, state }) => nodeId === 'task_2_0' && state === 'running');
  await server.restart('hard');
  const ada = await operate(server);
  ada.watch(runTopic(runId));
  const over = await ada.until('run_state', ({ finishedAt }) => finishedAt !== null);
  expect(over).toMatchObject({ state: 'succeeded', done: 30, failed: 0 });
});

test('thousands of tasks are replayed in the right order, and drawn in several parts', async () => {
  const path = writeWorkflow(temporaryFolder(), { layers: 20, width: 250 });
  const server = await serve([await traceSource({ path, speed: 1_000, gates: [] })]);
  const ada = await operate(server);
  await ada.start('trace');
  const over = await ada.until('run_state', ({ finishedAt }) => finishedAt !== null);
  expect(over).toMatchObject({ state: 'succeeded', nodes: 5_000, done: 5_000 });
  const graph = ada.events('run_graph');
  expect(graph.length).toBeGreaterThan(1);
  expect(graph.map(({ part, parts }) => [part, parts])).toEqual(graph.map((_, part) => [part, graph.length]));
  expectRightOrder(ada);
}, 60_000);
