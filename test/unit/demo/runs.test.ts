import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { operate, serve, sourceOf, temporaryFolder } from './support/workshop.ts';

const sh = (script: string) => ['sh', '-c', script];

test('a run goes through its nodes in the order of their dependencies, and tells of each', async () => {
  const dataFolder = temporaryFolder();
  const server = await serve(
    [
      sourceOf('chain', [
        { id: 'c', after: ['a', 'b'], run: sh('cat a b >c; echo together') },
        { id: 'a', run: sh('echo 1 >a') },
        { id: 'b', run: sh('echo 2 >b'), cost: 0.5 },
      ]),
    ],
    { dataFolder },
  );
  const ada = await operate(server);
  const runId = await ada.start('chain');
  const over = await ada.until('run_state', ({ state }) => state === 'succeeded');
  await ada.until('run_graph');

  expect(over).toMatchObject({ runId, pipeline: 'chain', nodes: 3, done: 3, failed: 0, budget: 100 });
  expect(over.finishedAt).toBeGreaterThanOrEqual(over.startedAt);
  expect(readFileSync(join(dataFolder, 'runs', runId, 'c'), 'utf8')).toBe('1\n2\n');
  const c = await ada.until('node_state', ({ nodeId, state }) => nodeId === 'c' && state === 'succeeded');
  const b = await ada.until('node_state', ({ nodeId, state }) => nodeId === 'b' && state === 'succeeded');
  expect(c.startedAt).toBeGreaterThanOrEqual(b.finishedAt ?? Number.POSITIVE_INFINITY);
  expect(b).toMatchObject({ attempt: 1, attempts: 1 });
  expect(b.metrics?.cost).toBeGreaterThanOrEqual(0.5);
  expect(b.metrics?.durationMs).toBeGreaterThan(0);
  const line = { type: 'log', nodeId: 'c', stream: 'out', line: 'together', number: 1 };
  expect(ada.events('log')).toContainEqual({ ...line, at: expect.any(Number) });
  expect(c.lines).toBe(1);
  expect(ada.events('cost_update').at(-1)?.spent).toBe(over.spent);
  expect(over.spent).toBeGreaterThanOrEqual(0.5);
});

test('no more tasks run at the same time than the pipeline allows', async () => {
  const nodes = Array.from({ length: 6 }, (_, n) => ({ id: `n${n}`, run: ['sleep', '0.15'] }));
  const server = await serve([sourceOf('wide', nodes, { parallel: 2 })]);
  const ada = await operate(server);
  await ada.start('wide');
  await ada.until('run_state', ({ state }) => state === 'succeeded');
  await ada.until('node_state', ({ nodeId, state }) => nodeId === 'n5' && state === 'succeeded');
  let running = 0;
  let most = 0;
  for (const { state } of ada.events('node_state')) {
    running += state === 'running' ? 1 : -1;
    most = Math.max(most, running);
  }
  expect(most).toBe(2);
});

test('a task that fails is tried again, as often as it may', async () => {
  const flaky = sh('n=$(cat n 2>/dev/null || echo 0); echo $((n+1)) >n; [ $n -ge 2 ]');
  const server = await serve([
    sourceOf('flaky', [{ id: 'f', run: flaky, retries: 2, retryAfterSeconds: 0.05, cost: 1 }]),
  ]);
  const ada = await operate(server);
  await ada.start('flaky');
  const end = await ada.until('node_state', ({ state }) => state === 'succeeded' || state === 'failed');
  expect(end).toMatchObject({ state: 'succeeded', attempt: 3, attempts: 3 });
  expect(end.metrics?.cost, 'of all attempts').toBeGreaterThanOrEqual(3);
  const between = ada.events('node_state').filter(({ state }) => state === 'pending');
  expect(between.map(({ message }) => message)).toEqual([
    'attempt 1 of 3 ended with code 1; again in 0.05 s',
    'attempt 2 of 3 ended with code 1; again in 0.05 s',
  ]);
});

test('what depends on a failed node is skipped, and the rest goes on', async () => {
  const server = await serve([
    sourceOf('broken', [
      { id: 'bad', title: 'The bad one', run: sh('exit 3') },
      { id: 'never', after: ['bad'], run: ['true'] },
      { id: 'neither', after: ['never'], run: ['true'] },
      { id: 'slow', run: ['sleep', '0.3'] },
      { id: 'good', after: ['slow'], run: ['true'] },
    ]),
  ]);
  const ada = await operate(server);
  const runId = await ada.start('broken');
  const over = await ada.until('run_state', ({ finishedAt }) => finishedAt !== null);
  expect(over).toMatchObject({
    state: 'failed',
    done: 2,
    failed: 1,
    message: 'The bad one ended with code 3',
  });
  const skipped = await ada.until('node_state', ({ nodeId }) => nodeId === 'neither');
  expect(skipped).toMatchObject({ state: 'skipped', message: 'never was skipped' });
  const error = await ada.until('error');
  expect(error).toMatchObject({ runId, nodeId: 'bad', message: 'The bad one ended with code 3' });
});

test('a task that takes too long is ended', async () => {
  const server = await serve([sourceOf('slow', [{ id: 's', run: ['sleep', '60'], timeoutSeconds: 0.3 }])]);
  const ada = await operate(server);
  await ada.start('slow');
  const failed = await ada.until('node_state', ({ state }) => state === 'failed');
  expect(failed.message).toBe('took longer than 0.3 s');
});

test('a failed node can be run again, and what was skipped because of it follows', async () => {
  const server = await serve([
    sourceOf('again', [
      { id: 'needs', run: sh('test -e ready || { touch ready; exit 1; }') },
      { id: 'then', after: ['needs'], run: ['true'] },
    ]),
  ]);
  const ada = await operate(server);
  const runId = await ada.start('again');
  await ada.until('run_state', ({ state, finishedAt }) => state === 'failed' && finishedAt !== null);
  expect(await ada.send({ type: 'retry_node', runId, nodeId: 'then' })).toMatchObject({
    code: 'not_retryable',
    retry: false,
  });
  expect(await ada.send({ type: 'retry_node', runId, nodeId: 'nothing' })).toMatchObject({
    code: 'unknown_node',
  });
  expect(await ada.send({ type: 'retry_node', runId, nodeId: 'needs' })).toMatchObject({
    type: 'command_ack',
  });
  const over = await ada.until('run_state', ({ state }) => state === 'succeeded');
  expect(over).toMatchObject({ done: 2, failed: 0 });
  expect(over.message).toBeUndefined();
  const needs = ada.events('node_state').findLast(({ nodeId }) => nodeId === 'needs');
  expect(needs).toMatchObject({ attempt: 2, attempts: 2 });
});

test('all failed nodes are run again at once, with what was skipped because of them, and nothing else', async () => {
  const failsOnce = sh('test -e "$0" || { touch "$0"; exit 1; }');
  const server = await serve([
    sourceOf('many', [
      { id: 'one', run: [...failsOnce, 'one'] },
      { id: 'two', run: [...failsOnce, 'two'] },
      { id: 'good', run: ['true'] },
      { id: 'both', after: ['one', 'two'], run: ['true'] },
    ]),
  ]);
  const ada = await operate(server);
  const runId = await ada.start('many');
  const over = await ada.until('run_state', ({ finishedAt }) => finishedAt !== null);
  expect(over).toMatchObject({ state: 'failed', done: 1, failed: 2 });
  expect(await ada.send({ type: 'retry_failed', runId })).toMatchObject({ type: 'command_ack' });
  expect(await ada.until('run_state', ({ state }) => state === 'succeeded')).toMatchObject({ done: 4 });
  await ada.until('node_state', ({ nodeId, state }) => nodeId === 'both' && state === 'succeeded');
  const last = new Map(ada.events('node_state').map(({ nodeId, attempt }) => [nodeId, attempt]));
  expect(Object.fromEntries(last)).toEqual({ one: 2, two: 2, good: 1, both: 1 });
  expect(await ada.send({ type: 'retry_failed', runId })).toMatchObject({
    code: 'not_retryable',
    message: 'No node of this run has failed or was interrupted.',
  });
});

test('a run begins again from a node that has succeeded: all that depends on it follows, what does not stays', async () => {
  const server = await serve([
    sourceOf('again', [
      { id: 'first', run: sh('echo first >>done') },
      { id: 'then', title: 'Then', after: ['first'], run: sh('echo then >>done') },
      { id: 'gate', title: 'Gate', after: ['then'], gate: { title: 'Well?' } },
      { id: 'last', after: ['gate'], run: sh('cat done') },
    ]),
  ]);
  const ada = await operate(server);
  const runId = await ada.start('again');
  const approve = async (attempt: number) => {
    const gateId = `${runId}/gate/${attempt}`;
    await ada.until('human_gate_waiting', (gate) => gate.gateId === gateId);
    await ada.send({ type: 'human_decision', runId, gateId, verdict: 'approve' });
  };
  const rerun = (nodeId: string) => ada.send({ type: 'rerun_from', runId, nodeId });
  await ada.until('human_gate_waiting');
  expect(await rerun('then')).toMatchObject({
    code: 'in_the_way',
    message: '"Gate" is waiting for a decision and depends on "Then": it has to end before that runs again.',
  });
  expect(await rerun('last')).toMatchObject({
    code: 'not_rerunnable',
    message: '"last" is pending: a run can begin again only from a node that has succeeded.',
  });
  expect(await rerun('nothing')).toMatchObject({ code: 'unknown_node' });
  await approve(1);
  await ada.until('run_state', ({ state }) => state === 'succeeded');
  await ada.until('log', ({ line }) => line === 'then');
  ada.forget();

  expect(await rerun('then')).toMatchObject({ type: 'command_ack' });
  await approve(2);
  await ada.until('run_state', ({ state }) => state === 'succeeded');
  await ada.until('log', ({ number }) => number === 5);
  expect(ada.events('log').map(({ line, number }) => `${number} ${line}`)).toEqual([
    '3 first',
    '4 then',
    '5 then',
  ]);
  const ran = ada.events('node_state').filter(({ state }) => state === 'running');
  expect(ran.map(({ nodeId, attempt }) => `${nodeId} ${attempt}`)).toEqual(['then 2', 'last 2']);
});

test('a cancelled run ends what runs and starts nothing more', async () => {
  const server = await serve([
    sourceOf('long', [
      { id: 'runs', run: ['sleep', '60'] },
      { id: 'waits', gate: { title: 'Well?' } },
      { id: 'never', after: ['runs'], run: ['true'] },
    ]),
  ]);
  const ada = await operate(server);
  const runId = await ada.start('long');
  await ada.until('node_state', ({ state }) => state === 'running');
  await ada.until('human_gate_waiting');
  expect(await ada.send({ type: 'cancel_run', runId })).toMatchObject({ type: 'command_ack' });
  const over = await ada.until('run_state', ({ finishedAt }) => finishedAt !== null);
  expect(over).toMatchObject({ state: 'cancelled', message: 'cancelled by Ada', gatesWaiting: 0 });
  expect(await ada.until('human_gate_resolved')).toMatchObject({ how: 'cancelled', by: null });
  const last = new Map(ada.events('node_state').map(({ nodeId, state }) => [nodeId, state]));
  expect(Object.fromEntries(last)).toEqual({ runs: 'cancelled', waits: 'cancelled', never: 'cancelled' });
  expect(await ada.send({ type: 'cancel_run', runId })).toMatchObject({ code: 'run_over' });

  // Cancelled by mistake: the gate can be asked again.
  expect(await ada.send({ type: 'retry_node', runId, nodeId: 'waits' })).toMatchObject({
    type: 'command_ack',
  });
  await ada.until('human_gate_waiting', ({ gateId }) => gateId === `${runId}/waits/2`);
  await ada.until('run_state', ({ state, gatesWaiting }) => state === 'waiting' && gatesWaiting === 1);
});

test('a run without a budget counts nothing, and ends for no cost', async () => {
  const nodes = [{ id: 'costly', run: ['true'], cost: 1_000 }];
  const server = await serve([sourceOf('free', nodes, { budget: undefined })]);
  const ada = await operate(server);
  await ada.start('free');
  const over = await ada.until('run_state', ({ finishedAt }) => finishedAt !== null);
  expect(over).toMatchObject({ state: 'succeeded', spent: 0, budget: 0 });
  expect(ada.events('cost_update')).toEqual([]);
});

test('a run whose budget is used up starts nothing more, and says so', async () => {
  const server = await serve([
    sourceOf(
      'dear',
      [
        { id: 'one', run: ['true'], cost: 0.6 },
        { id: 'two', after: ['one'], run: ['true'], cost: 0.6 },
        { id: 'three', after: ['two'], run: ['true'] },
        { id: 'gate', after: ['one'], gate: { title: 'Well?' } },
      ],
      { budget: { limit: 1, currency: 'EUR', perCpuSecond: 0 } },
    ),
  ]);
  const ada = await operate(server);
  const runId = await ada.start('dear');
  const over = await ada.until('run_state', ({ finishedAt }) => finishedAt !== null);
  expect(over).toMatchObject({ state: 'failed', message: 'the budget is used up', spent: 1.2, budget: 1 });
  expect(await ada.until('error')).toMatchObject({
    runId,
    nodeId: null,
    message: 'The budget of 1 EUR is used up; nothing more is started.',
  });
  expect(ada.events('cost_update').at(-1)).toMatchObject({ spent: 1.2, currency: 'EUR' });
  const last = new Map(ada.events('node_state').map(({ nodeId, state }) => [nodeId, state]));
  expect(Object.fromEntries(last)).toEqual({
    one: 'succeeded',
    two: 'succeeded',
    three: 'skipped',
    gate: 'skipped',
  });
});

test('what nobody knows is refused: pipelines, runs, names', async () => {
  const server = await serve([sourceOf('known', [{ id: 'a', run: ['true'] }])]);
  const ada = await operate(server);
  expect(await ada.until('pipeline')).toEqual({
    type: 'pipeline',
    name: 'known',
    title: 'known',
    tasks: 1,
    gates: 0,
    available: true,
  });
  expect(await ada.send({ type: 'start_run', pipeline: 'other' })).toMatchObject({
    code: 'unknown_pipeline',
  });
  for (const type of ['cancel_run', 'retry_node', 'retry_failed', 'rerun_from', 'human_decision']) {
    const command = { type, runId: '../..', nodeId: 'a', gateId: 'a', verdict: 'approve' };
    expect(await ada.send(command), type).toMatchObject({ code: 'unknown_run', retry: false });
  }
  await expect(operate(server, '')).rejects.toThrow('unauthorized');
  await expect(operate(server, '<script>')).rejects.toThrow('unauthorized');
});

test('the same start, sent again, starts nothing twice', async () => {
  const server = await serve([sourceOf('once', [{ id: 'a', run: ['true'] }])]);
  const ada = await operate(server);
  const id = crypto.randomUUID();
  const first = await ada.send({ type: 'start_run', pipeline: 'once' }, id);
  const second = await ada.send({ type: 'start_run', pipeline: 'once' }, id);
  expect(first).toMatchObject({ type: 'command_ack' });
  expect(second).toEqual({ ...first, duplicate: true });
  await ada.until('run_state', ({ state }) => state === 'succeeded');
  expect(new Set(ada.events('run_state').map(({ runId }) => runId)).size).toBe(1);
});
