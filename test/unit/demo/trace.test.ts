import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parseExecutedAt } from '../../../demo/engine/executed-at.ts';
import { runTopic } from '../../../demo/engine/protocol.ts';
import { traceSource } from '../../../demo/engine/saved-run.ts';
import { commandOf, loadTrace, replayTask, sayGates } from '../../../demo/engine/trace.ts';
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

/** One task, of an execution that says more. */
const executed = (execution: object, task: object = {}) => ({
  name: 'made',
  schemaVersion: '1.5',
  workflow: {
    specification: { tasks: [{ id: 'a' }] },
    execution: { tasks: [{ id: 'a', runtimeInSeconds: 1, ...task }], ...execution },
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
  [
    'an unknown child',
    tasks([{ id: 'a', children: ['b'] }]),
    [],
    /specification\.tasks\[0\]\.children\[0\]: "a" leads to "b", which is no task/,
  ],
  [
    'a task without a record of its execution',
    executed({ tasks: [] }),
    [],
    /specification\.tasks\[0\]: "a" has no record in execution\.tasks/,
  ],
  [
    'a second record of one task',
    executed({ tasks: [1, 2].map((runtimeInSeconds) => ({ id: 'a', runtimeInSeconds })) }),
    [],
    /execution\.tasks\[1\]: a second record of "a", after execution\.tasks\[0\]/,
  ],
  [
    'a record of what is no task',
    executed({ tasks: ['a', 'b'].map((id) => ({ id, runtimeInSeconds: 1 })) }),
    [],
    /execution\.tasks\[1\]: a record of "b", which is no task/,
  ],
  [
    'a workflow without an execution',
    { name: 'x', schemaVersion: '1.5', workflow: { specification: { tasks: [{ id: 'a' }] } } },
    [],
    /has nothing to replay/,
  ],
  [
    'a file of an older version',
    { name: 'x', schemaVersion: '1.4', workflow: { makespanInSeconds: 1, tasks: [{ name: 'a' }] } },
    [],
    /is in WfFormat 1\.4, and 1\.5 and 1\.6 can be replayed.*wfcommons-migrate-instance\.py --backup FILE/,
  ],
  [
    'a file of an older version that does not name it',
    { name: 'x', workflow: { tasks: [{ name: 'a' }] } },
    [],
    /is in WfFormat 1\.4 or older/,
  ],
])('%s is refused, with the place', async (_name, content, gates, message) => {
  await expect(loadTrace(write(content), gates)).rejects.toThrow(message);
});

test('a list of many problems is told by its first ones and their number', async () => {
  const ids = Array.from({ length: 12 }, (_, index) => `t${index}`);
  const trace = executed({ tasks: ids.map((id) => ({ id, runtimeInSeconds: 1 })) });
  await expect(loadTrace(write(trace))).rejects.toThrow(/"t9".*\n {2}and 3 more$/s);
});

test.each([
  ['extended ISO 8601', '2023-03-29T10:02:36-10:00', '2023-03-29T20:02:36.000Z'],
  ['extended, ahead of UTC', '2020-12-27T18:23:37+05:30', '2020-12-27T12:53:37.000Z'],
  ['basic ISO 8601', '20200401T035043+0000', '2020-04-01T03:50:43.000Z'],
  ['month, day and two digits of the year', '03-23-21T06:04:36Z', '2021-03-23T06:04:36.000Z'],
  ['with a fraction', '2023-03-29T10:02:36.25Z', '2023-03-29T10:02:36.250Z'],
  ['with hours alone as its offset', '20200401T035043-03', '2020-04-01T06:50:43.000Z'],
])('when it was executed is read from %s', async (_, executedAt, iso) => {
  const trace = await loadTrace(write(executed({ executedAt, makespanInSeconds: 9 })));
  expect(new Date(trace.executedAt ?? 0).toISOString()).toBe(iso);
  expect(trace.makespanSeconds).toBe(9);
});

test.each([
  ['', '2023-03-29T10:02:36', '20200401T035043', '03-23-21T06:04:36', '31-12-21T06:04:36Z', 'yesterday'],
])('what is no moment, or has no offset, is none', (...texts) => {
  for (const text of texts) expect(parseExecutedAt(text), text).toBeNull();
});

test('a name that repeats means each of its tasks, which is told; an id means that task alone', async () => {
  const path = write(
    tasks([
      { id: 'x_1', name: 'x' },
      { id: 'x_2', name: 'x' },
      // An id is what is addressed, also where it is the name of another one.
      { id: 'y', name: 'z' },
      { id: 'y_2', name: 'y' },
    ]),
  );
  const gatesOf = async (...gates: string[]) => {
    const { pipeline } = await loadTrace(path, gates);
    return pipeline.nodes.flatMap(({ id }) => (id.startsWith('gate:') ? [id] : []));
  };
  expect(await gatesOf('x')).toEqual(['gate:x_1', 'gate:x_2']);
  expect(await gatesOf('x_2')).toEqual(['gate:x_2']);
  expect(await gatesOf('y')).toEqual(['gate:y']);
  expect(sayGates(await loadTrace(path, ['x', 'y']))).toEqual([
    '"x" is the name of 2 tasks; a person is asked before each: x_1, x_2. An id means one of them.',
    'A person is asked before "y".',
  ]);
});

test('what all names begin with is left out of the titles, up to a point, and stays in the ids', async () => {
  const path = write(
    tasks([
      { id: 'NF.CORE.FASTQC_1', name: 'NF.CORE.FASTQC' },
      { id: 'NF.CORE.FASTQC.MORE_2', name: 'NF.CORE.FASTQC.MORE' },
    ]),
  );
  const { pipeline } = await loadTrace(path, ['NF.CORE.FASTQC']);
  expect(pipeline.nodes.map(({ id, title }) => [id, title])).toEqual([
    ['gate:NF.CORE.FASTQC_1', 'Go on?'],
    ['NF.CORE.FASTQC_1', 'FASTQC'],
    ['NF.CORE.FASTQC.MORE_2', 'FASTQC.MORE'],
  ]);
});

test('a command that is a script of many lines is cut in the log, and whole in the graph', async () => {
  const program = `# first\n${'work\n'.repeat(40)}last`;
  const trace = await loadTrace(write(executed({}, { command: { program, arguments: ['--fast'] } })));
  const lines: string[] = [];
  const options = { speed: 1_000, signal: new AbortController().signal };
  await replayTask(trace, 'a', { ...options, onLine: (_, line) => lines.push(line) });
  expect(lines).toEqual(['$ # first … (42 lines: see Command)']);
  expect(commandOf(trace, 'a')).toBe(`${program} --fast`);

  const server = await serve([
    { kind: 'trace', pipeline: trace.pipeline, trace, path: '', speed: 1, gates: [] },
  ]);
  const ada = await operate(server);
  await ada.start('trace');
  const graph = await ada.until('run_graph');
  expect(graph.nodes).toMatchObject([{ nodeId: 'a', command: `${program} --fast` }]);
});

test('a replay that is slower than any timer is long takes its time', async () => {
  const trace = await loadTrace(write(executed({}, { runtimeInSeconds: 30_000 })));
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const done = vi.fn();
  const aborted = new AbortController();
  const options = { speed: 0.01, onLine: () => {} };
  replayTask(trace, 'a', { ...options, signal: new AbortController().signal }).then(done);
  const broken = replayTask(trace, 'a', { ...options, signal: aborted.signal });
  await vi.advanceTimersByTimeAsync(2_999_999_000);
  expect(done).not.toHaveBeenCalled();
  aborted.abort();
  expect(await broken).toMatchObject({ ok: false, message: 'was cancelled' });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(done).toHaveBeenCalledWith(expect.objectContaining({ ok: true, durationMs: 30_000_000 }));
  expect(vi.getTimerCount()).toBe(0);
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
  expect(over.replay).toEqual({ speed: 50, makespanSeconds: 30, executedAt: null });
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
  // Whoever falls behind is given the state in parts, and this may be in an early one.
  const succeeded = () => ada.events('node_state').filter(({ state }) => state === 'succeeded');
  await expect
    .poll(() => new Set(succeeded().map(({ nodeId }) => nodeId)).size, { timeout: 30_000 })
    .toBe(5_000);
  const graph = ada.events('run_graph');
  expect(graph.length).toBeGreaterThan(1);
  expect(graph.map(({ part, parts }) => [part, parts])).toEqual(graph.map((_, part) => [part, graph.length]));
  expectRightOrder(ada);
}, 60_000);
