import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { WaitingGate } from '../../../demo/engine/events.ts';
import { markOf } from '../../../demo/engine/execute.ts';
import { goesOn } from '../../../demo/engine/gate-events.ts';
import { endMarkedGroups } from '../../../demo/engine/process-group.ts';
import { runTopic } from '../../../demo/engine/protocol.ts';
import { startKillable } from './support/killing.ts';
import { LONG } from './support/long.ts';
import { connectOperator, type Operator } from './support/operator.ts';
import { isAlive, pidIn } from './support/processes.ts';
import { eventually, operate, serve, sourceOf, temporaryFolder } from './support/workshop.ts';

/** The newest state of each node. */
function states(operator: Operator): Record<string, string> {
  return Object.fromEntries(operator.events('node_state').map(({ nodeId, state }) => [nodeId, state]));
}

/** Starts the run of `LONG`, until both tasks run and the gate waits. Answers their processes. */
async function underWay(ada: Operator, dataFolder: string) {
  const runId = await ada.start('long');
  onTestFinished(async () => {
    await endMarkedGroups(markOf(runId));
  });
  const folder = join(dataFolder, 'runs', runId);
  const gate = await ada.until('human_gate_waiting');
  const pids = await Promise.all(['once', 'anew'].map((name) => pidIn(folder, name)));
  return { runId, folder, gate, pids };
}

/** What must be so after a restart, whatever kind it was. */
async function expectHonestState(ada: Operator, runId: string): Promise<void> {
  ada.watch(runTopic(runId));
  await ada.until('node_state', ({ nodeId, state }) => nodeId === 'once' && state === 'interrupted');
  await ada.until('node_state', (node) => node.nodeId === 'anew' && node.attempt === 2);
  expect(states(ada)).toEqual({ done: 'succeeded', once: 'interrupted', anew: 'running', gate: 'waiting' });
  await ada.until('error', ({ nodeId }) => nodeId === 'once');
  await ada.until('run_state', (run) => run.gatesWaiting === 1 && run.spent >= 1 && run.state === 'running');
  expect(new Set(ada.events('run_state').map(({ startedBy }) => startedBy))).toEqual(new Set(['Ada']));
}

/** From there, everything can still be brought to its end. */
async function finish(ada: Operator, runId: string, folder: string, gateId: string): Promise<void> {
  expect(await ada.send({ type: 'human_decision', runId, gateId, verdict: 'approve' })).toMatchObject({
    type: 'command_ack',
  });
  writeFileSync(join(folder, 'go'), '');
  await ada.until('run_state', ({ state, finishedAt }) => state === 'interrupted' && finishedAt !== null);
  expect(await ada.send({ type: 'retry_node', runId, nodeId: 'once' })).toMatchObject({
    type: 'command_ack',
  });
  const over = await ada.until('run_state', ({ state }) => state === 'succeeded');
  expect(over).toMatchObject({ done: 6, nodes: 6, failed: 0 });
}

test('a server that is killed in mid-run goes on where it can, and says what was broken off', async () => {
  const dataFolder = temporaryFolder();
  const first = await startKillable('killable.ts', dataFolder, '0');
  const before = await connectOperator(first.url);
  const { runId, folder, gate, pids } = await underWay(before, dataFolder);
  await first.kill();
  await before.closed;
  for (const pid of pids) expect(isAlive(pid), 'left behind').toBe(true);
  rmSync(join(folder, 'anew.pid'));

  const second = await startKillable('killable.ts', dataFolder, new URL(first.url).port);
  for (const pid of pids) await eventually(() => !isAlive(pid));
  const ada = await connectOperator(second.url);
  await expectHonestState(ada, runId);
  // It was killed a second at most after it had said that it was there.
  const waiting = ada.events('human_gate_waiting').at(-1);
  expect(waiting).toMatchObject({ gateId: gate.gateId, stoodStill: { ms: expect.any(Number) } });
  expect(waiting?.expiresAt).toBe(gate.expiresAt + (waiting?.stoodStill?.ms ?? 0));
  await finish(ada, runId, folder, gate.gateId);
  ada.destroy();
  await second.kill();
}, 30_000);

test.each(['soft', 'hard'] as const)('a run outlives a %s restart', async (how) => {
  const dataFolder = temporaryFolder();
  const server = await serve([LONG], { dataFolder });
  const before = await operate(server);
  const { runId, folder, gate, pids } = await underWay(before, dataFolder);
  await server.restart(how);
  expect(await before.closed).toBe(how === 'soft' ? 1012 : 1006);
  for (const pid of pids) expect(isAlive(pid)).toBe(false);
  const ada = await operate(server);
  await expectHonestState(ada, runId);
  await finish(ada, runId, folder, gate.gateId);
});

test.each(['soft', 'hard'] as const)(
  'a gate has as much time left after a %s restart as it had before, however long the server was away',
  async (how) => {
    const server = await serve([
      sourceOf('short', [{ id: 'gate', gate: { title: 'Quick!', timeLimitSeconds: 2 } }]),
    ]);
    const before = await operate(server);
    const runId = await before.start('short');
    const gate = await before.until('human_gate_waiting');
    const awayMs = 2_200;
    await server.restart(how, awayMs);
    expect(Date.now()).toBeGreaterThan(gate.expiresAt);

    const ada = await operate(server);
    const later = await ada.until('human_gate_waiting');
    const stoodStillMs = later.expiresAt - gate.expiresAt;
    expect(stoodStillMs).toBeGreaterThanOrEqual(awayMs);
    expect(later).toEqual({
      ...gate,
      expiresAt: later.expiresAt,
      stoodStill: { ms: stoodStillMs, until: expect.any(Number) },
    });
    expect(later.expiresAt - (later.stoodStill?.until ?? 0)).toBeLessThanOrEqual(2_000);
    const decision = { type: 'human_decision', runId, gateId: gate.gateId, verdict: 'approve' };
    expect(await ada.send(decision)).toMatchObject({ type: 'command_ack' });
    await ada.until('run_state', ({ state }) => state === 'succeeded');
  },
);

test('a gate that nobody decides ends when its time is over, that without a server not counted, over several restarts', async () => {
  const server = await serve([
    sourceOf('short', [{ id: 'gate', gate: { title: 'Quick!', timeLimitSeconds: 1, onExpiry: 'approve' } }]),
  ]);
  const before = await operate(server);
  const runId = await before.start('short');
  const gate = await before.until('human_gate_waiting');
  await server.restart('hard', 600);
  await server.restart('hard', 600);
  const ada = await operate(server);
  const later = await ada.until('human_gate_waiting');
  expect(later.stoodStill?.ms).toBeGreaterThanOrEqual(1_200);
  expect(later.expiresAt).toBe(gate.expiresAt + (later.stoodStill?.ms ?? 0));
  const resolved = await ada.until('human_gate_resolved');
  expect(resolved).toMatchObject({ gateId: gate.gateId, how: 'expired', verdict: 'approve' });
  expect(resolved.expiresAt).toBe(later.expiresAt);
  expect(resolved.at).toBeGreaterThanOrEqual(later.expiresAt);
  await ada.until('run_state', (run) => run.runId === runId && run.state === 'succeeded');
});

test('what a server has told of a clock that stood still is not counted twice where it ended before it said that it was there', () => {
  const gate: WaitingGate = {
    type: 'human_gate_waiting',
    runId: 'r',
    gateId: 'r/g/1',
    nodeId: 'g',
    title: 'Well?',
    show: [],
    decidedBy: 'anybody',
    askedAt: 1_000,
    expiresAt: 61_000,
    onExpiry: 'reject',
  };
  const once = goesOn(gate, 5_000, 9_000);
  expect(once).toEqual({ ...gate, expiresAt: 65_000, stoodStill: { ms: 4_000, until: 9_000 } });
  const twice = goesOn(once ?? gate, 5_000, 10_000);
  expect(twice).toEqual({ ...gate, expiresAt: 66_000, stoodStill: { ms: 5_000, until: 10_000 } });
  expect(goesOn(gate, 20_000, 15_000), 'a clock that was set back').toBeNull();
});

test('a restart changes nothing of a run that is over, which can still be retried', async () => {
  const server = await serve([
    sourceOf('once', [
      { id: 'a', run: ['sh', '-c', 'test -e go || { touch go; exit 1; }'] },
      { id: 'b', after: ['a'], run: ['true'] },
    ]),
  ]);
  const before = await operate(server);
  const runId = await before.start('once');
  const over = await before.until('run_state', ({ finishedAt }) => finishedAt !== null);
  await server.restart('soft');
  const ada = await operate(server);
  expect(await ada.until('run_state')).toEqual(over);
  ada.watch(runTopic(runId));
  expect(await ada.send({ type: 'retry_node', runId, nodeId: 'a' })).toMatchObject({ type: 'command_ack' });
  await ada.until('run_state', ({ state }) => state === 'succeeded');
});

test('a run that begins again from a node, or with what had failed, outlives a restart in mid-way', async () => {
  const dataFolder = temporaryFolder();
  const server = await serve(
    [
      sourceOf('again', [
        { id: 'first', run: ['sh', '-c', 'echo line; echo first >>ran'] },
        { id: 'asks', after: ['first'], gate: { title: 'Well?' } },
        { id: 'last', after: ['asks'], run: ['sh', '-c', 'test -e mended'] },
      ]),
    ],
    { dataFolder },
  );
  const before = await operate(server);
  const runId = await before.start('again');
  const approve = async (ada: Operator, attempt: number) => {
    const gateId = `${runId}/asks/${attempt}`;
    await ada.until('human_gate_waiting', (gate) => gate.gateId === gateId);
    return await ada.send({ type: 'human_decision', runId, gateId, verdict: 'approve' });
  };
  await approve(before, 1);
  await before.until('run_state', ({ state, finishedAt }) => state === 'failed' && finishedAt !== null);
  expect(await before.send({ type: 'rerun_from', runId, nodeId: 'first' })).toMatchObject({
    type: 'command_ack',
  });
  await before.until('human_gate_waiting', ({ gateId }) => gateId === `${runId}/asks/2`);
  await server.restart('hard');

  const ada = await operate(server);
  ada.watch(runTopic(runId));
  expect(await approve(ada, 2)).toMatchObject({ type: 'command_ack' });
  await ada.until('run_state', ({ state, finishedAt }) => state === 'failed' && finishedAt !== null);
  await server.restart('soft');

  const eve = await operate(server);
  eve.watch(runTopic(runId));
  const folder = join(dataFolder, 'runs', runId);
  writeFileSync(join(folder, 'mended'), '');
  expect(await eve.send({ type: 'retry_failed', runId })).toMatchObject({ type: 'command_ack' });
  await eve.until('run_state', ({ state }) => state === 'succeeded');
  expect(readFileSync(join(folder, 'ran'), 'utf8')).toBe('first\nfirst\n');
  expect(eve.events('log').map(({ nodeId, number }) => `${nodeId} ${number}`)).toEqual([
    'first 1',
    'last 1',
    'first 2',
    'last 2',
  ]);
});

test('a run whose folder is gone is given up, and its gate withdrawn', async () => {
  const complaint = vi.spyOn(console, 'error').mockImplementation(() => {});
  onTestFinished(() => complaint.mockRestore());
  const dataFolder = temporaryFolder();
  const server = await serve([sourceOf('lost', [{ id: 'gate', gate: { title: 'Well?' } }])], { dataFolder });
  const before = await operate(server);
  const runId = await before.start('lost');
  await before.until('run_state', ({ state }) => state === 'waiting');
  rmSync(join(dataFolder, 'runs', runId, 'run.json'));
  await server.restart('soft');
  const ada = await operate(server);
  const over = await ada.until('run_state', ({ state }) => state === 'interrupted');
  expect(over).toMatchObject({ gatesWaiting: 0, finishedAt: expect.any(Number) });
  expect(await ada.until('human_gate_resolved')).toMatchObject({ how: 'cancelled' });
  const answer = await ada.send({ type: 'retry_node', runId, nodeId: 'gate' });
  expect(answer).toMatchObject({ code: 'unknown_run', message: expect.stringContaining('run.json') });
  expect(complaint).toHaveBeenCalledOnce();
});

test('a cancelled run is cancelled after a restart, too', async () => {
  const dataFolder = temporaryFolder();
  const server = await serve(
    [
      sourceOf('stubborn', [
        { id: 'stubborn', run: ['sh', '-c', 'trap "" TERM; touch ready; while :; do sleep 0.1; done'] },
        { id: 'then', after: ['stubborn'], run: ['true'] },
      ]),
    ],
    { dataFolder },
  );
  const before = await operate(server);
  const runId = await before.start('stubborn');
  await eventually(() => existsSync(join(dataFolder, 'runs', runId, 'ready')));
  expect(await before.send({ type: 'cancel_run', runId })).toMatchObject({ type: 'command_ack' });
  await server.restart('hard');
  const ada = await operate(server);
  const over = await ada.until('run_state', ({ finishedAt }) => finishedAt !== null);
  expect(over).toMatchObject({ state: 'cancelled', message: 'cancelled by Ada' });
  ada.watch(runTopic(runId));
  await ada.until('node_state', ({ nodeId }) => nodeId === 'stubborn');
  expect(states(ada)['then']).toBe('cancelled');
});
