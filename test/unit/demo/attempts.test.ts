import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EARLIER_ATTEMPTS, setAside } from '../../../demo/engine/attempts.ts';
import { type NodeStateEvent, parseEvent } from '../../../demo/engine/events.ts';
import { runTopic } from '../../../demo/engine/protocol.ts';
import type { Operator } from './support/operator.ts';
import { eventually, operate, serve, sourceOf, temporaryFolder } from './support/workshop.ts';

const newest = (operator: Operator, nodeId: string): NodeStateEvent | undefined =>
  operator.events('node_state').findLast((node) => node.nodeId === nodeId);

/** Fails the first time, and whenever there is no file `mended` after that. */
const flaky = ['sh', '-c', 'if [ -e tried ]; then test -e mended; else touch tried; exit 1; fi'];

test('each attempt is told with its times, how it ended and what it cost, and since when it could begin', async () => {
  const dataFolder = temporaryFolder();
  const server = await serve(
    [
      sourceOf('flaky', [
        { id: 'first', run: ['true'] },
        { id: 'flaky', after: ['first'], run: flaky, retries: 1, retryAfterSeconds: 0.2, cost: 0.1 },
      ]),
    ],
    { dataFolder },
  );
  const ada = await operate(server);
  const runId = await ada.start('flaky');
  const over = await ada.until('run_state', ({ finishedAt }) => finishedAt !== null);
  const first = newest(ada, 'first');
  const failed = newest(ada, 'flaky');
  expect(first?.readyAt).toBe(over.startedAt);
  expect(failed).toMatchObject({ state: 'failed', attempt: 2, metrics: { cost: expect.closeTo(0.2) } });
  const [one, ...none] = failed?.earlier ?? [];
  expect(none).toEqual([]);
  expect(one).toMatchObject({
    state: 'failed',
    readyAt: first?.finishedAt,
    metrics: { cost: expect.closeTo(0.1) },
  });
  expect(one?.startedAt).toBeGreaterThanOrEqual(first?.finishedAt ?? Number.NaN);
  // The pause between two attempts is no waiting.
  expect(failed?.readyAt).toBe((one?.finishedAt ?? 0) + 200);
  expect(failed?.startedAt).toBeGreaterThanOrEqual((failed?.readyAt ?? 0) - 1);

  // A person's wish for another attempt is one it could begin at.
  writeFileSync(join(dataFolder, 'runs', runId, 'mended'), '');
  const asked = Date.now();
  await ada.send({ type: 'retry_node', runId, nodeId: 'flaky' });
  await ada.until('run_state', ({ state }) => state === 'succeeded');
  const passed = newest(ada, 'flaky');
  expect(passed?.earlier?.map(({ state, startedAt }) => [state, startedAt])).toEqual([
    ['failed', one?.startedAt],
    ['failed', failed?.startedAt],
  ]);
  expect(passed?.readyAt).toBeGreaterThanOrEqual(asked);
});

test('attempts outlive a restart of the server, the one that it broke off among them', async () => {
  const waits = [
    'sh',
    '-c',
    'if [ -e tried ]; then touch ready; while [ ! -e go ]; do sleep 0.05; done; else touch tried; exit 1; fi',
  ];
  const dataFolder = temporaryFolder();
  const pipeline = sourceOf('long', [
    { id: 'task', run: waits, retries: 1, retryAfterSeconds: 0, repeatable: true },
  ]);
  const server = await serve([pipeline], { dataFolder });
  const before = await operate(server);
  const runId = await before.start('long');
  const folder = join(dataFolder, 'runs', runId);
  await eventually(() => existsSync(join(folder, 'ready')));
  const running = await before.until('node_state', (node) => node.attempt === 2 && node.state === 'running');
  await server.restart('hard');

  const ada = await operate(server);
  ada.watch(runTopic(runId));
  const again = await ada.until('node_state', ({ attempt, state }) => attempt === 3 && state === 'running');
  expect(again.earlier).toEqual([
    running?.earlier?.[0],
    {
      state: 'interrupted',
      readyAt: running?.readyAt,
      startedAt: running?.startedAt,
      finishedAt: expect.any(Number),
    },
  ]);
  expect(again.readyAt).toBeGreaterThanOrEqual(again.earlier?.[1]?.finishedAt ?? Number.NaN);
  writeFileSync(join(folder, 'go'), '');
  await ada.until('run_state', ({ state }) => state === 'succeeded');
});

test('of many attempts the newest are told', () => {
  let node: NodeStateEvent = {
    type: 'node_state',
    nodeId: 'a',
    state: 'pending',
    attempt: 0,
    attempts: 99,
    startedAt: null,
    finishedAt: null,
  };
  for (let at = 1; at <= EARLIER_ATTEMPTS + 2; at++) {
    node = setAside({ ...node, state: 'failed', startedAt: at, finishedAt: at });
  }
  expect(node.earlier).toHaveLength(EARLIER_ATTEMPTS);
  expect(node.earlier?.at(-1)?.startedAt).toBe(EARLIER_ATTEMPTS + 2);
});

test('a node is read as an older version told it', () => {
  const told = { nodeId: 'a', state: 'running', attempt: 2, attempts: 3, startedAt: 7, finishedAt: null };
  const event = { type: 'node_state', ...told };
  expect(parseEvent(JSON.stringify(event))).toEqual(event);
});

test('how an attempt ended is the engine’s own word in the log, not output of the task', async () => {
  const run = ['sh', '-c', 'echo working; echo broken >&2; exit 3'];
  const ada = await operate(await serve([sourceOf('breaks', [{ id: 'task', run }])]));
  await ada.start('breaks');
  await ada.until('run_state', ({ finishedAt }) => finishedAt !== null);
  const said = ada.events('log').map(({ stream, line }) => `${stream}: ${line}`);
  expect(said.sort()).toEqual(['engine: attempt 1 of 1 ended with code 3', 'err: broken', 'out: working']);
});
