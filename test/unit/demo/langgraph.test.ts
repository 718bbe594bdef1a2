import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { RunStateEvent } from '../../../demo/engine/events.ts';
import { runTopic } from '../../../demo/engine/protocol.ts';
import { graphs } from '../../../demo/langgraph/graphs.ts';
import { ask } from '../../../demo/langgraph/node-tools.ts';
import {
  accountOf,
  does,
  fileThere,
  KILLABLE,
  type NodeFunction,
  note,
  noted,
  rowOf,
} from './support/graphs.ts';
import { startKillable } from './support/killing.ts';
import { connectOperator, type Operator } from './support/operator.ts';
import { eventually, operate, serveKind, temporaryFolder } from './support/workshop.ts';

const DAY_SECONDS = 86_400;
/** A command's id. */
const DECISION = '01890a5d-ac96-774b-bcce-b302099a8057';
/** Notes that it runs, asks, and notes the verdict. */
const gate =
  (title: string, more: object = {}): NodeFunction =>
  (_, config) => {
    note(config, `asks ${title}`);
    const { verdict } = ask({ title, timeLimitSeconds: DAY_SECONDS, ...more });
    note(config, `${title} ${verdict}`);
    return { verdicts: [verdict] };
  };
const fails: NodeFunction = () => {
  throw new Error('it is broken');
};

async function serveGraph(...[name, places, options]: Parameters<typeof rowOf>) {
  const dataFolder = temporaryFolder();
  const server = await serveKind((folder) => graphs([rowOf(name, places, options)], folder), { dataFolder });
  const ada = await operate(server);
  return { server, ada, dataFolder };
}
/** Once its own topic says so, so that all before it was heard as well. */
async function over(operator: Operator): Promise<RunStateEvent> {
  const run = await operator.until('run_state', ({ finishedAt }) => finishedAt !== null);
  const isTold = ({ topic, event }: Operator['told'][number]) =>
    topic === runTopic(run.runId) && event.type === 'run_state' && event.finishedAt !== null;
  await eventually(() => operator.told.some(isTold));
  return run;
}
const approve = (operator: Operator, runId: string, gateId: string, id?: string) =>
  operator.send({ type: 'human_decision', runId, gateId, verdict: 'approve' }, id);
/** What a node was shown to be, one after the other. */
const shown = (operator: Operator, node: string) =>
  operator
    .events('node_state')
    .filter(({ nodeId }) => nodeId === node)
    .map(({ state, attempt }) => `${state} ${attempt}`);
const last = (operator: Operator) =>
  Object.fromEntries(operator.events('node_state').map(({ nodeId, state }) => [nodeId, state]));

test('a graph goes through its nodes, waits at an interrupt, and goes on with the decision', async () => {
  const { ada, dataFolder } = await serveGraph(
    'chain',
    [{ first: does('first', 0.2) }, { gate: gate('Well?') }, { last: does('last', 0.1) }],
    { gates: ['gate'], budget: { limit: 1, currency: 'EUR' } },
  );
  const runId = await ada.start('chain');
  const asked = await ada.until('human_gate_waiting');
  expect(asked).toMatchObject({
    runId,
    nodeId: 'gate',
    title: 'Well?',
    decidedBy: 'anybody',
    onExpiry: 'reject',
  });
  await ada.until('run_state', ({ state, gatesWaiting }) => state === 'waiting' && gatesWaiting === 1);
  const graph = await ada.until('run_graph');
  expect(graph.nodes).toEqual([
    { nodeId: 'first', title: 'first', kind: 'task', after: [] },
    { nodeId: 'gate', title: 'gate', kind: 'gate', after: ['first'] },
    { nodeId: 'last', title: 'last', kind: 'task', after: ['gate'] },
  ]);
  expect(await approve(ada, runId, asked.gateId)).toMatchObject({ type: 'command_ack' });
  expect(await over(ada)).toMatchObject({ state: 'succeeded', done: 3, nodes: 3, spent: 0.3, budget: 1 });
  expect(noted(dataFolder, runId)).toEqual(['first', 'asks Well?', 'asks Well?', 'Well? approve', 'last']);
  expect(shown(ada, 'gate')).toEqual(['running 1', 'waiting 1', 'running 1', 'succeeded 1']);
  const decided = await ada.until(
    'node_state',
    ({ nodeId, state }) => nodeId === 'gate' && state === 'succeeded',
  );
  expect(decided.message).toBe('approved by Ada');
  expect(ada.events('cost_update').at(-1)).toMatchObject({ spent: 0.3, budget: 1, currency: 'EUR' });
  expect(ada.events('log')).toContainEqual({
    type: 'log',
    nodeId: 'last',
    stream: 'out',
    line: 'last is done',
    at: expect.any(Number),
    number: 1,
  });
  expect(await approve(ada, runId, asked.gateId)).toMatchObject({ code: 'gate_closed', retry: false });
});

test('of two gates beside each other each is asked once, whichever is decided first, while a node beside them runs', async () => {
  const { ada, dataFolder } = await serveGraph('pair', [
    {
      one: gate('One?'),
      two: gate('Two?'),
      slow: async (_, config) => fileThere(config, 'go').then(() => ({})),
    },
    { last: does('last') },
  ]);
  const runId = await ada.start('pair');
  const two = await ada.until('human_gate_waiting', ({ nodeId }) => nodeId === 'two');
  const one = await ada.until('human_gate_waiting', ({ nodeId }) => nodeId === 'one');
  await approve(ada, runId, two.gateId);
  expect(noted(dataFolder, runId)).not.toContain('Two? approve');
  writeFileSync(join(dataFolder, 'runs', runId, 'go'), '');
  await eventually(() => noted(dataFolder, runId).includes('Two? approve'));
  await ada.until('run_state', ({ state, gatesWaiting }) => state === 'waiting' && gatesWaiting === 1);
  await approve(ada, runId, one.gateId);
  expect(await over(ada)).toMatchObject({ state: 'succeeded', done: 4 });
  expect(new Set(ada.events('human_gate_waiting').map(({ gateId }) => gateId)).size).toBe(2);
  expect(shown(ada, 'one')).toEqual(['running 1', 'waiting 1', 'running 1', 'succeeded 1']);
  expect(shown(ada, 'two')).toEqual(['running 1', 'waiting 1', 'running 1', 'succeeded 1']);
  expect(shown(ada, 'slow')).toEqual(['running 1', 'succeeded 1']);
  expect(noted(dataFolder, runId).filter((line) => line === 'Two? approve')).toHaveLength(1);
});

test('a node that asks twice asks two questions, each of which is answered for itself', async () => {
  const { ada, dataFolder } = await serveGraph('twice', [
    {
      both: (_, config) => {
        const first = ask({ title: 'First?', timeLimitSeconds: DAY_SECONDS });
        const second = ask({ title: 'Second?', timeLimitSeconds: DAY_SECONDS });
        note(config, `${first.verdict} ${second.verdict}: ${second.comment}`);
        return {};
      },
    },
  ]);
  const runId = await ada.start('twice');
  const first = await ada.until('human_gate_waiting');
  await approve(ada, runId, first.gateId);
  const second = await ada.until('human_gate_waiting', ({ title }) => title === 'Second?');
  const no = { type: 'human_decision', runId, gateId: second.gateId, verdict: 'reject', comment: 'not now' };
  await ada.send(no);
  expect(await over(ada)).toMatchObject({ state: 'succeeded' });
  expect(noted(dataFolder, runId)).toEqual(['approve reject: not now']);
  expect(shown(ada, 'both')).toEqual([
    'running 1',
    'waiting 1',
    'running 1',
    'waiting 1',
    'running 1',
    'succeeded 1',
  ]);
});

test('only whom a question names may decide it, and what its time makes of it is an answer', async () => {
  const { ada, server, dataFolder } = await serveGraph('late', [
    { gate: gate('Quick?', { decidedBy: 'Grace', timeLimitSeconds: 1, onExpiry: 'approve' }) },
  ]);
  const runId = await ada.start('late');
  const { gateId } = await ada.until('human_gate_waiting');
  expect(await approve(ada, runId, gateId)).toMatchObject({ code: 'not_yours' });
  await server.restart('hard', 1_000);
  const again = await operate(server);
  again.watch(runTopic(runId));
  expect(await over(again)).toMatchObject({ state: 'succeeded' });
  expect(noted(dataFolder, runId).at(-1)).toBe('Quick? approve');
  expect(await approve(again, runId, gateId)).toMatchObject({ code: 'gate_closed' });
});

test('a node that fails ends the run; run again, the graph goes on from its newest checkpoint', async () => {
  let isMended = false;
  const { ada, dataFolder } = await serveGraph('mended', [
    { first: does('first') },
    {
      breaks: (state, config) => (isMended ? does('mended')(state, config) : fails(state, config)),
      gate: gate('Well?'),
    },
    { last: does('last') },
  ]);
  const runId = await ada.start('mended');
  expect(await over(ada)).toMatchObject({ state: 'failed', message: 'it is broken', failed: 1 });
  expect(await ada.until('error')).toMatchObject({ nodeId: 'breaks', message: 'it is broken' });
  expect(last(ada)).toMatchObject({ first: 'succeeded', breaks: 'failed', last: 'skipped' });
  isMended = true;
  ada.forget();
  expect(await ada.send({ type: 'retry_node', runId, nodeId: 'first' })).toMatchObject({
    code: 'not_retryable',
  });
  expect(await ada.send({ type: 'rerun_from', runId, nodeId: 'first' })).toMatchObject({
    code: 'not_rerunnable',
    message: expect.stringContaining('newest checkpoint'),
  });
  expect(await ada.send({ type: 'retry_failed', runId })).toMatchObject({ type: 'command_ack' });
  const { gateId } = await ada.until('human_gate_waiting');
  await approve(ada, runId, gateId);
  expect(await over(ada)).toMatchObject({ state: 'succeeded', done: 4, failed: 0 });
  expect(shown(ada, 'breaks')).toEqual(['pending 1', 'running 2', 'succeeded 2']);
  expect(noted(dataFolder, runId).filter((line) => line === 'first')).toHaveLength(1);
});

test('a cancelled run ends what runs and withdraws what it asks; run again, it asks anew', async () => {
  const { ada } = await serveGraph('cancelled', [
    { gate: gate('Well?'), slow: async (_, config) => fileThere(config, 'never').then(() => ({})) },
    { last: does('last') },
  ]);
  const runId = await ada.start('cancelled');
  const first = await ada.until('human_gate_waiting');
  await ada.until('node_state', ({ nodeId, state }) => nodeId === 'slow' && state === 'running');
  expect(await ada.send({ type: 'cancel_run', runId })).toMatchObject({ type: 'command_ack' });
  expect(await over(ada)).toMatchObject({ state: 'cancelled', message: 'cancelled by Ada', gatesWaiting: 0 });
  expect(last(ada)).toEqual({ gate: 'cancelled', slow: 'cancelled', last: 'cancelled' });
  expect(await ada.until('human_gate_resolved')).toMatchObject({ gateId: first.gateId, how: 'cancelled' });
  expect(await ada.send({ type: 'retry_node', runId, nodeId: 'gate' })).toMatchObject({
    type: 'command_ack',
  });
  const again = await ada.until('human_gate_waiting', ({ gateId }) => gateId !== first.gateId);
  expect(await approve(ada, runId, again.gateId)).toMatchObject({ type: 'command_ack' });
});

test.each(['soft', 'hard'] as const)(
  'a run outlives a %s restart of its server, with what it asks',
  async (how) => {
    const { ada, server, dataFolder } = await serveGraph('lasting', [
      { first: does('first', 0.5) },
      { gate: gate('Well?') },
      { last: does('last', 0.25) },
    ]);
    const runId = await ada.start('lasting');
    const asked = await ada.until('human_gate_waiting');
    await ada.until('run_state', ({ state }) => state === 'waiting');
    await server.restart(how);
    const again = await operate(server);
    again.watch(runTopic(runId));
    const waiting = await again.until('human_gate_waiting');
    const { stoodStill, expiresAt } = waiting;
    expect(waiting).toEqual({ ...asked, stoodStill, expiresAt });
    expect(stoodStill?.ms).toBeGreaterThan(0);
    expect(expiresAt).toBe(asked.expiresAt + (stoodStill?.ms ?? 0));
    await approve(again, runId, asked.gateId);
    expect(await over(again)).toMatchObject({ state: 'succeeded', done: 3, spent: 0.75 });
    expect(noted(dataFolder, runId)).toEqual(['first', 'asks Well?', 'asks Well?', 'Well? approve', 'last']);
    expect(again.events('node_state').map(({ attempt }) => attempt)).not.toContain(2);
  },
);

test.each(KILLABLE)(
  'a server that is killed where its graph %s has the decision count once',
  async (which) => {
    const dataFolder = temporaryFolder();
    const first = await startKillable('killable-graph.ts', dataFolder, '0', which);
    const before = await connectOperator(first.url);
    const runId = await before.start('killable');
    const asked = await before.until('human_gate_waiting');
    const answer = approve(before, runId, asked.gateId, DECISION);
    if (which === 'is busy beside its gate') {
      expect(await answer).toMatchObject({ type: 'command_ack' });
      await first.kill();
    }
    // Else it dies by itself, perhaps before it has answered.
    await first.exited;

    const second = await startKillable('killable-graph.ts', dataFolder, new URL(first.url).port, which);
    const ada = await connectOperator(second.url);
    ada.watch(runTopic(runId));
    writeFileSync(join(dataFolder, 'runs', runId, 'go'), '');
    expect(await over(ada)).toMatchObject({ state: 'succeeded', done: 4, failed: 0, spent: 0.75 });
    expect(noted(dataFolder, runId).filter((line) => line !== 'asks')).toEqual(['first', 'approve by Ada']);
    expect(last(ada)).toEqual({
      first: 'succeeded',
      gate: 'succeeded',
      busy: 'succeeded',
      last: 'succeeded',
    });
    expect(ada.events('human_gate_waiting')).toEqual([]);
    const gates = ada.events('node_state').filter(({ nodeId }) => nodeId === 'gate');
    expect(new Set(gates.map(({ attempt }) => attempt))).toEqual(new Set([1]));
    const repeated = await approve(ada, runId, asked.gateId, DECISION);
    expect(repeated).toMatchObject({ type: 'command_ack', duplicate: true });
    expect(await approve(ada, runId, asked.gateId)).toMatchObject({ code: 'gate_closed' });
    ada.destroy();
    await second.kill();
  },
  60_000,
);

test('a step that had ended when the server died, ahead of the next checkpoint, is not taken for the end of the run', async () => {
  const busy: NodeFunction = async (_, config) => await fileThere(config, 'go').then(() => ({}));
  const places = [{ first: does('first', 0.5) }, { busy }, { last: does('last') }];
  const { ada, server, dataFolder } = await serveGraph('cut', places);
  const runId = await ada.start('cut');
  await ada.until('node_state', ({ nodeId, state }) => nodeId === 'busy' && state === 'running');
  const restarted = server.restart('hard', 1_000);
  await ada.closed;
  dropNewestCheckpoint(join(dataFolder, 'runs', 'langgraph.sqlite'));
  await restarted;
  const again = await operate(server);
  again.watch(runTopic(runId));
  writeFileSync(join(dataFolder, 'runs', runId, 'go'), '');
  expect(await over(again)).toMatchObject({ state: 'succeeded', done: 3, spent: 0.5 });
  expect(noted(dataFolder, runId)).toEqual(['first', 'last']);
});

/** As if the server had died before it was written: what had led to it is there. */
function dropNewestCheckpoint(file: string): void {
  const checkpoints = new DatabaseSync(file);
  const newest = '(SELECT max(id) FROM checkpoints)';
  checkpoints.exec(`DELETE FROM writes WHERE checkpoint_id = ${newest}`);
  checkpoints.exec(`DELETE FROM checkpoints WHERE id = ${newest}`);
  checkpoints.close();
}

test('a run that was never given to its graph begins when the server is back', async () => {
  const { ada, server, dataFolder } = await serveGraph('begun', [
    { slow: async (_, config) => fileThere(config, 'go').then(() => ({ accounts: [accountOf(1)] })) },
  ]);
  const runId = await ada.start('begun');
  await server.restart('hard');
  const again = await operate(server);
  again.watch(runTopic(runId));
  writeFileSync(join(dataFolder, 'runs', runId, 'go'), '');
  expect(await over(again)).toMatchObject({ state: 'succeeded', done: 1, spent: 1 });
});

test('a node that fails after its answer is run again with that answer, without asking anew', async () => {
  let isMended = false;
  const answered: NodeFunction = (_, config) => {
    const { verdict } = ask({ title: 'Well?', timeLimitSeconds: DAY_SECONDS });
    if (!isMended) throw new Error('it is broken');
    note(config, verdict);
    return {};
  };
  const { ada, dataFolder } = await serveGraph('answered', [{ gate: answered }, { last: does('last') }]);
  const runId = await ada.start('answered');
  const { gateId } = await ada.until('human_gate_waiting');
  await approve(ada, runId, gateId);
  expect(await over(ada)).toMatchObject({ state: 'failed', message: 'it is broken' });
  isMended = true;
  ada.forget();
  expect(await ada.send({ type: 'retry_failed', runId })).toMatchObject({ type: 'command_ack' });
  expect(await over(ada)).toMatchObject({ state: 'succeeded', done: 2, failed: 0 });
  expect(noted(dataFolder, runId)).toEqual(['approve', 'last']);
  expect(ada.events('human_gate_waiting')).toEqual([]);
});

test('what was broken off because its graph was gone can be run again when that is back', async () => {
  const complaint = vi.spyOn(console, 'error').mockImplementation(() => {});
  onTestFinished(() => complaint.mockRestore());
  const dataFolder = temporaryFolder();
  const places = [{ gate: gate('Well?') }, { last: does('last') }];
  let name = 'here';
  const server = await serveKind((folder) => graphs([rowOf(name, places)], folder), { dataFolder });
  const before = await operate(server);
  const runId = await before.start('here');
  await before.until('human_gate_waiting');
  name = 'another';
  await server.restart('soft');
  const between = await operate(server);
  between.watch(runTopic(runId));
  expect(await over(between)).toMatchObject({ state: 'interrupted' });
  name = 'here';
  await server.restart('soft');
  const ada = await operate(server);
  ada.watch(runTopic(runId));
  await over(ada);
  ada.forget();
  expect(await ada.send({ type: 'retry_failed', runId })).toMatchObject({ type: 'command_ack' });
  const { gateId } = await ada.until('human_gate_waiting');
  await approve(ada, runId, gateId);
  expect(await over(ada)).toMatchObject({ state: 'succeeded', done: 2 });
});
