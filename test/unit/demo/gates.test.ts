import { expect, onTestFinished, test, vi } from 'vitest';
import { runTopic } from '../../../demo/engine/protocol.ts';
import type { ConsoleServer } from '../../../demo/server/index.ts';
import { operate, serve, sourceOf } from './support/workshop.ts';

const gated = (gate: object = {}, after: string[] = []) =>
  sourceOf('gated', [
    { id: 'prepare', run: ['sh', '-c', 'echo what was found >findings.md'] },
    {
      id: 'gate',
      title: 'The gate',
      after: ['prepare', ...after],
      gate: {
        title: 'Go on?',
        show: [
          { label: 'Findings', file: 'findings.md' },
          { label: 'More', file: 'missing.md' },
          { label: 'Text', text: 'as it is' },
        ],
        ...gate,
      },
    },
    { id: 'then', after: ['gate'], run: ['true'] },
  ]);

async function atTheGate(server: ConsoleServer) {
  const ada = await operate(server);
  const runId = await ada.start('gated');
  const gate = await ada.until('human_gate_waiting');
  await ada.until('run_state', ({ state }) => state === 'waiting');
  return { ada, runId, gate };
}

test('a gate shows what to decide on, in the run and in the list, and waits', async () => {
  const { ada, runId, gate } = await atTheGate(await serve([gated()]));
  expect(gate).toEqual({
    type: 'human_gate_waiting',
    runId,
    gateId: `${runId}/gate/1`,
    nodeId: 'gate',
    title: 'Go on?',
    show: [
      { label: 'Findings', text: 'what was found\n' },
      { label: 'More', text: '(there is no missing.md)' },
      { label: 'Text', text: 'as it is' },
    ],
    decidedBy: 'anybody',
    askedAt: expect.any(Number),
    expiresAt: gate.askedAt + 300_000,
    onExpiry: 'reject',
  });
  await ada.until('node_state', ({ state }) => state === 'waiting');
  const topics = ada.told
    .filter(({ event }) => event.type === 'human_gate_waiting')
    .map(({ topic }) => topic);
  expect(new Set(topics)).toEqual(new Set(['runs', runTopic(runId)]));
});

test('an approved gate lets the run go on; a second decision comes too late', async () => {
  const server = await serve([gated()]);
  const { ada, runId, gate } = await atTheGate(server);
  const bob = await operate(server, 'Bob');
  const id = crypto.randomUUID();
  const decision = {
    type: 'human_decision',
    runId,
    gateId: gate.gateId,
    verdict: 'approve',
    comment: 'fine',
  };
  const first = await ada.send(decision, id);
  expect(first).toMatchObject({ type: 'command_ack', result: { verdict: 'approve' } });
  expect(await bob.send({ ...decision, verdict: 'reject' })).toMatchObject({
    code: 'gate_closed',
    message: 'It was approved by Ada: fine.',
    retry: false,
  });
  expect(await ada.send(decision, id), 'the same one again').toEqual({ ...first, duplicate: true });
  await ada.until('run_state', ({ state }) => state === 'succeeded');
  const resolved = await ada.until('human_gate_resolved');
  expect(resolved).toMatchObject({ verdict: 'approve', how: 'decided', by: 'Ada', comment: 'fine' });
  const inRun = ada.told.filter(
    ({ topic, event }) => event.type === 'human_gate_resolved' && topic === runTopic(runId),
  );
  expect(inRun).toHaveLength(1);
});

test('of two decisions at the same time, one counts', async () => {
  const server = await serve([gated()]);
  const { ada, runId, gate } = await atTheGate(server);
  const bob = await operate(server, 'Bob');
  const decision = { type: 'human_decision', runId, gateId: gate.gateId };
  const answers = await Promise.all([
    ada.send({ ...decision, verdict: 'approve' }),
    bob.send({ ...decision, verdict: 'reject' }),
  ]);
  expect(answers.map(({ type }) => type).sort()).toEqual(['command_ack', 'command_nack']);
  const { by } = await ada.until('human_gate_resolved');
  expect(by).toBe(answers[0].type === 'command_ack' ? 'Ada' : 'Bob');
  await ada.until('run_state', ({ finishedAt }) => finishedAt !== null);
  expect(new Set(ada.events('human_gate_resolved').map((event) => event.by))).toEqual(new Set([by]));
});

test('a rejected gate is no failure, ends its run as rejected, and what depends on it is skipped', async () => {
  const { ada, runId, gate } = await atTheGate(await serve([gated()]));
  await ada.send({ type: 'human_decision', runId, gateId: gate.gateId, verdict: 'reject' });
  const over = await ada.until('run_state', ({ finishedAt }) => finishedAt !== null);
  expect(over).toMatchObject({
    state: 'rejected',
    message: 'The gate rejected by Ada',
    done: 1,
    failed: 0,
    rejected: 1,
  });
  const gateNode = await ada.until(
    'node_state',
    (node) => node.nodeId === 'gate' && node.finishedAt !== null,
  );
  expect(gateNode).toMatchObject({ state: 'rejected', message: 'rejected by Ada' });
  expect(ada.events('error')).toEqual([]);
  const then = await ada.until('node_state', ({ nodeId }) => nodeId === 'then');
  expect(then).toMatchObject({ state: 'skipped', message: 'The gate was rejected' });
});

test('a gate ends no earlier than it says, also where the clock is set back meanwhile', async () => {
  const { ada, gate } = await atTheGate(await serve([gated({ timeLimitSeconds: 0.3, onExpiry: 'reject' })]));
  const { now } = Date;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() - 200);
  onTestFinished(() => clock.mockRestore());
  const resolved = await ada.until('human_gate_resolved');
  expect(resolved.at).toBeGreaterThanOrEqual(gate.expiresAt);
});

test.each([
  ['reject', 'rejected'],
  ['approve', 'succeeded'],
] as const)('a gate that nobody decides ends with its %s', async (onExpiry, state) => {
  const { ada, runId, gate } = await atTheGate(await serve([gated({ timeLimitSeconds: 0.3, onExpiry })]));
  const resolved = await ada.until('human_gate_resolved');
  expect(resolved).toMatchObject({ verdict: onExpiry, how: 'expired', by: null });
  expect(resolved.at).toBeGreaterThanOrEqual(gate.expiresAt);
  await ada.until('run_state', (run) => run.state === state);
  expect(resolved.expiresAt).toBe(gate.expiresAt);
  const late = await ada.send({ type: 'human_decision', runId, gateId: gate.gateId, verdict: 'approve' });
  const became = onExpiry === 'approve' ? 'approved' : 'rejected';
  expect(late).toMatchObject({
    code: 'gate_closed',
    message: expect.stringMatching(
      `^Your approval arrived \\d+ (s|min) after the deadline; the gate was ${became} then\\.$`,
    ),
  });
});

test('a gate of one person is decided by that person alone', async () => {
  const server = await serve([gated({ decidedBy: 'Bob' })]);
  const { ada, runId, gate } = await atTheGate(server);
  const decision = { type: 'human_decision', runId, gateId: gate.gateId, verdict: 'approve' };
  expect(await ada.send(decision)).toMatchObject({ code: 'not_yours', message: 'Only Bob may decide this.' });
  const bob = await operate(server, 'Bob');
  expect(await bob.send(decision)).toMatchObject({ type: 'command_ack' });
});

test('a rejected gate can be asked again, and is another decision', async () => {
  const { ada, runId, gate } = await atTheGate(await serve([gated()]));
  const decision = { type: 'human_decision', runId, gateId: gate.gateId, verdict: 'reject' };
  await ada.send(decision);
  await ada.until('run_state', ({ state }) => state === 'rejected');
  expect(await ada.send({ type: 'retry_failed', runId }), 'it has not failed').toMatchObject({
    code: 'not_retryable',
  });
  await ada.send({ type: 'retry_node', runId, nodeId: 'gate' });
  const again = await ada.until('human_gate_waiting', ({ gateId }) => gateId !== gate.gateId);
  expect(again.gateId).toBe(`${runId}/gate/2`);
  expect(await ada.send({ ...decision, verdict: 'approve' })).toMatchObject({ code: 'gate_closed' });
  await ada.send({ ...decision, gateId: again.gateId, verdict: 'approve' });
  await ada.until('run_state', ({ state }) => state === 'succeeded');
});

test('of a failed task and a rejected gate, the task alone runs again with what failed; a rerun from before asks again', async () => {
  const task = {
    id: 'breaks',
    after: ['prepare'],
    run: ['sh', '-c', 'test -e again || { touch again; exit 1; }'],
  };
  const source = sourceOf('gated', [
    { id: 'prepare', run: ['true'] },
    task,
    { id: 'gate', after: ['prepare'], gate: { title: 'Go on?' } },
    { id: 'then', after: ['gate', 'breaks'], run: ['true'] },
  ]);
  const { ada, runId, gate } = await atTheGate(await serve([source]));
  const reject = { type: 'human_decision', runId, gateId: gate.gateId, verdict: 'reject' };
  await ada.send(reject);
  const over = await ada.until('run_state', ({ finishedAt }) => finishedAt !== null);
  expect(over).toMatchObject({ state: 'failed', failed: 1, rejected: 1 });
  ada.forget();
  await ada.send({ type: 'retry_failed', runId });
  const then = await ada.until('run_state', ({ finishedAt }) => finishedAt !== null);
  expect(then).toMatchObject({ state: 'rejected', done: 2, failed: 0, rejected: 1 });
  expect(ada.events('human_gate_waiting')).toEqual([]);

  expect(await ada.send({ type: 'rerun_from', runId, nodeId: 'prepare' })).toMatchObject({
    type: 'command_ack',
  });
  const again = await ada.until('human_gate_waiting');
  await ada.send({ ...reject, gateId: again.gateId, verdict: 'approve' });
  await ada.until('run_state', ({ state }) => state === 'succeeded');
});
