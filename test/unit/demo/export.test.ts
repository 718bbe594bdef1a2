import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { fileNameOf } from '../../../demo/console/export/file-name.ts';
import { type RunFile, runFile, runFileOf } from '../../../demo/console/export/run-file.ts';
import { wfInstanceOf } from '../../../demo/console/export/wf-instance.ts';
import { runTopic } from '../../../demo/engine/protocol.ts';
import type { Source } from '../../../demo/engine/saved-run.ts';
import { traceSource } from '../../../demo/engine/saved-run.ts';
import type { Operator } from './support/operator.ts';
import { wfInstance } from './support/wf-schema.ts';
import { writeWorkflow } from './support/workflow.ts';
import { operate, serve, sourceOf, temporaryFolder } from './support/workshop.ts';

const AT = { exportedAt: 1_700_000_000_000, asOf: 1_700_000_000_000 };

/** Of what an operator was told of a run. */
function exported({ told }: Operator, runId: string): RunFile {
  const events = told.filter(({ topic }) => topic === runTopic(runId)).map(({ event }) => event);
  const file = runFileOf(events as Parameters<typeof runFileOf>[0], AT);
  if (!file) throw new Error('there is not enough of the run');
  return file;
}
async function over(operator: Operator, runId: string): Promise<void> {
  const isOver = ({ topic, event }: Operator['told'][number]) =>
    topic === runTopic(runId) && event.type === 'run_state' && event.finishedAt !== null;
  await operator.until('run_state', () => operator.told.some(isOver));
}
/** A run of a pipeline, to its end: its gates are approved. */
async function ran(source: Source, verdict: 'approve' | 'reject' = 'approve'): Promise<RunFile> {
  const server = await serve([source]);
  const ada = await operate(server);
  const runId = await ada.start(source.pipeline.name);
  if (source.pipeline.nodes.some((node) => 'gate' in node)) {
    const { gateId } = await ada.until('human_gate_waiting');
    await ada.send({ type: 'human_decision', runId, gateId, verdict, comment: 'As you like' });
  }
  await over(ada, runId);
  return exported(ada, runId);
}
function write(instance: object | null): string {
  const path = join(temporaryFolder(), 'exported.json');
  writeFileSync(path, JSON.stringify(instance));
  return path;
}
/** By id: title, dependencies and how long it took. */
const shapeOf = ({ nodes }: RunFile) =>
  Object.fromEntries(
    nodes.map(({ nodeId, title, after, standing }) => [
      nodeId,
      { title, after: [...after].sort(), seconds: (standing?.metrics?.durationMs ?? Number.NaN) / 1_000 },
    ]),
  );

const SHOP = sourceOf('shop', [
  { id: 'fetch', title: 'Fetch', run: ['sh', '-c', 'echo fetched; sleep 0.15'] },
  { id: 'weigh', after: ['fetch'], run: ['sleep', '0.3'] },
  {
    id: 'count',
    after: ['fetch'],
    run: ['sh', '-c', 'test -e go || { touch go; exit 1; }'],
    retries: 1,
    retryAfterSeconds: 0,
  },
  { id: 'ship', title: 'Ship it?', after: ['weigh', 'count'], gate: { title: 'Well?' } },
  { id: 'upload', after: ['ship'], run: ['true'] },
]);

test('a run as a file has its graph, states, attempts, figures, gates, history and log, and can be read again', async () => {
  const file = await ran(SHOP);
  expect(z.parse(runFile, JSON.parse(JSON.stringify(file)))).toEqual(file);
  expect(file).toMatchObject({ format: 'trunkline-run', version: 1, run: { title: 'shop', done: 5 } });
  expect(file.nodes.map(({ nodeId, standing }) => [nodeId, standing?.state, standing?.attempt])).toEqual([
    ['fetch', 'succeeded', 1],
    ['weigh', 'succeeded', 1],
    ['count', 'succeeded', 2],
    ['ship', 'succeeded', 1],
    ['upload', 'succeeded', 1],
  ]);
  expect(file.nodes[2]?.standing?.earlier).toMatchObject([{ state: 'failed' }]);
  expect(file.gates).toMatchObject([
    { asked: { title: 'Well?' }, resolved: { by: 'Ada', verdict: 'approve', comment: 'As you like' } },
  ]);
  expect(file.history.map(({ by, action }) => [by, action])).toEqual([
    ['Ada', 'start'],
    [null, 'retry'],
    ['Ada', 'approve'],
  ]);
  expect(file.log).toContainEqual(expect.objectContaining({ nodeId: 'fetch', line: 'fetched', number: 1 }));
  expect(file.cost).toMatchObject({ currency: 'USD' });
});

test('of a run of which not everything has come there is no file', () => {
  expect(runFileOf([], AT)).toBeNull();
});

test('an exported run is an instance of WfCommons, and its replay has the same nodes, dependencies and durations', async () => {
  const file = await ran(SHOP);
  const instance = wfInstanceOf(file);
  expect(z.safeParse(wfInstance, JSON.parse(JSON.stringify(instance))).error).toBeUndefined();
  const replay = await ran(await traceSource({ path: write(instance), speed: 10, gates: [] }));
  const before = shapeOf(file);
  const waited = file.nodes.find(({ nodeId }) => nodeId === 'ship')?.standing;
  // A gate has no figures of its own: it took as long as it waited.
  const seconds = ((waited?.finishedAt ?? 0) - (waited?.startedAt ?? 0)) / 1_000;
  expect(shapeOf(replay)).toEqual({ ...before, ship: { ...before['ship'], seconds } });
  expect(replay.parallel).toBe(file.parallel);
  expect(replay.run.replay?.makespanSeconds).toBeGreaterThan(0.45);
  // And the replay can be exported in its turn.
  const again = wfInstanceOf(replay);
  expect(z.safeParse(wfInstance, JSON.parse(JSON.stringify(again))).error).toBeUndefined();
});

test('what has not run is left out of an instance, and said to be', async () => {
  const file = await ran(SHOP, 'reject');
  const instance = z.parse(wfInstance, JSON.parse(JSON.stringify(wfInstanceOf(file))));
  expect(instance.workflow.specification.tasks.map(({ id }) => id)).toEqual([
    'fetch',
    'weigh',
    'count',
    'ship',
  ]);
  expect(instance.description).toBe('1 of 5 nodes have not run, and are left out.');
});

test('a run of which nothing has ended is no instance', async () => {
  const file = await ran(SHOP);
  expect(
    wfInstanceOf({ ...file, nodes: file.nodes.map((node) => ({ ...node, standing: null })) }),
  ).toBeNull();
});

test('an id that the format does not allow becomes one that it does, and stays its own', async () => {
  const path = writeWorkflow(temporaryFolder(), { layers: 2, width: 2, seconds: 1 });
  const file = await ran(await traceSource({ path, speed: 100, gates: ['task_1_0'] }));
  const odd = {
    ...file,
    nodes: file.nodes.map((node) => ({ ...node, nodeId: node.nodeId.replace('task_0_0', 'gate_task_1_0') })),
  };
  const instance = z.parse(wfInstance, JSON.parse(JSON.stringify(wfInstanceOf(odd))));
  const ids = instance.workflow.specification.tasks.map(({ id }) => id);
  expect(ids).toContain('gate_task_1_0');
  expect(ids).toContain('gate_task_1_0_2');
  expect(new Set(ids).size).toBe(5);
});

test('all that is saved of a run is named by one rule', () => {
  const run = { pipeline: 'Deploy: the shop', runId: 'r1' };
  expect(fileNameOf(run, 'json')).toBe('deploy-the-shop-r1.json');
  expect(fileNameOf(run, 'wfcommons.json')).toBe('deploy-the-shop-r1.wfcommons.json');
  expect(fileNameOf({ ...run, nodeId: 'scan/1' }, 'log')).toBe('deploy-the-shop-r1-scan-1.log');
  expect(fileNameOf({ pipeline: null, runId: 'r1', nodeId: null }, 'log')).toBe('run-r1.log');
});
