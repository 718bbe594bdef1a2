import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { AuditTrail, startEntry } from '../../../demo/engine/audit-trail.ts';
import type { AuditEntry } from '../../../demo/engine/events.ts';
import { auditKey, KEPT_AUDIT_ENTRIES, runTopic } from '../../../demo/engine/protocol.ts';
import { graphs } from '../../../demo/langgraph/graphs.ts';
import { ask } from '../../../demo/langgraph/node-tools.ts';
import { rowOf } from './support/graphs.ts';
import { startKillable } from './support/killing.ts';
import { connectOperator, type Operator } from './support/operator.ts';
import { pidIn } from './support/processes.ts';
import { eventually, operate, serve, serveKind, sourceOf, temporaryFolder } from './support/workshop.ts';

/** Ids of commands. */
const LATE = '01890a5d-ac96-774b-bcce-b302099a8057';
const DECISION = '01890a5d-ac96-774b-bcce-b302099a8058';

/** What the trail says, one line each: `Ada approve gate: looks good`. */
function trailOf(operator: Operator): string[] {
  return operator.events('audit_entry').map(said);
}
function said({ by, action, nodeId, outcome, comment, message }: AuditEntry): string {
  const what = [by ?? 'server', action, nodeId, outcome === 'refused' ? 'refused' : null];
  const why = [comment, message].filter((text) => text !== '');
  return [what.filter((part) => part !== null).join(' '), ...why].join(': ');
}
/** As somebody is told who joins now. */
async function joined(server: { url: string }, runId: string, entries: number): Promise<Operator> {
  const operator = await operate(server);
  operator.watch(runTopic(runId));
  await eventually(() => operator.events('audit_entry').length >= entries);
  return operator;
}
const over = (operator: Operator) => operator.until('run_state', ({ finishedAt }) => finishedAt !== null);
const decide = (
  operator: Operator,
  { runId, gateId }: { runId: string; gateId: string },
  verdict: 'approve' | 'reject',
  { comment = '', id }: { comment?: string; id?: string } = {},
) => operator.send({ type: 'human_decision', runId, gateId, verdict, comment }, id);

const servePipeline = (dataFolder = temporaryFolder()) =>
  serve([sourceOf('kind', [{ id: 'gate', gate: { title: 'Well?' } }])], { dataFolder });
const serveGraph = (dataFolder = temporaryFolder()) => {
  const gate = () => ({ verdicts: [ask({ title: 'Well?' }).verdict] });
  return serveKind((folder) => graphs([rowOf('kind', [{ gate }], { gates: ['gate'] })], folder), {
    dataFolder,
  });
};

test.each([
  ['pipelines', servePipeline],
  ['LangGraph', serveGraph],
])(
  'who did what in a run of %s is told, with what came of it, and with all that was written',
  async (_, start) => {
    const server = await start();
    const ada = await operate(server);
    const grace = await operate(server, 'Grace');
    const runId = await ada.start('kind');
    const gate = await ada.until('human_gate_waiting');
    await decide(ada, gate, 'approve', { comment: 'Looks good.\nShip it!' });
    await over(ada);
    await decide(grace, gate, 'reject', { comment: 'No, wait' });
    await grace.send({ type: 'cancel_run', runId });
    await eventually(() => trailOf(ada).length === 4);
    expect(trailOf(ada)).toEqual([
      'Ada start',
      'Ada approve gate: Looks good.\nShip it!',
      'Grace reject gate refused: No, wait: It was approved by Ada: Looks good.\nShip it!.',
      'Grace cancel refused: The run is over.',
    ]);
    expect(trailOf(await joined(server, runId, 4))).toEqual(trailOf(ada));
  },
);

test('what the server does of its own accord is told as well', async () => {
  const server = await serve([
    sourceOf('own', [
      {
        id: 'flaky',
        run: ['sh', '-c', 'test -e go || { touch go; exit 1; }'],
        retries: 1,
        retryAfterSeconds: 0.01,
      },
      {
        id: 'short',
        after: ['flaky'],
        gate: { title: 'Quick!', timeLimitSeconds: 0.2, onExpiry: 'approve' },
      },
      { id: 'open', after: ['short'], gate: { title: 'Well?' } },
    ]),
  ]);
  const ada = await operate(server);
  const runId = await ada.start('own');
  await ada.until('human_gate_waiting', ({ nodeId }) => nodeId === 'open');
  await ada.send({ type: 'cancel_run', runId });
  await eventually(() => trailOf(ada).length === 5);
  expect(trailOf(ada)).toEqual([
    'Ada start',
    'server retry flaky: attempt 1 of 2 ended with code 1; again in 0.01 s',
    'server expire short: approved, because nobody decided in time',
    'Ada cancel',
    'server withdraw open',
  ]);
});

test('a refusal that nobody was told of is refused again, and told once, after a restart as well', async () => {
  const server = await servePipeline();
  const before = await operate(server);
  const runId = await before.start('kind');
  const gate = await before.until('human_gate_waiting');
  await decide(before, gate, 'approve', { id: DECISION });
  await over(before);
  for (let time = 0; time < 2; time += 1) await decide(before, gate, 'reject', { id: LATE });
  await server.restart('hard');
  const ada = await operate(server);
  expect(await decide(ada, gate, 'reject', { id: LATE })).toMatchObject({ code: 'gate_closed' });
  expect(await decide(ada, gate, 'approve', { id: DECISION })).toMatchObject({ duplicate: true });
  expect(await ada.send({ type: 'cancel_run', runId })).toMatchObject({ code: 'run_over' });
  expect(trailOf(await joined(server, runId, 4))).toEqual([
    'Ada start',
    'Ada approve gate',
    'Ada reject gate refused: It was approved by Ada.',
    'Ada cancel refused: The run is over.',
  ]);
});

test('a server that is killed in mid-run is told of when it is back, with what that broke off', async () => {
  const dataFolder = temporaryFolder();
  const first = await startKillable('killable.ts', dataFolder, '0');
  const before = await connectOperator(first.url);
  const runId = await before.start('long');
  const gate = await before.until('human_gate_waiting');
  const folder = join(dataFolder, 'runs', runId);
  await Promise.all(['once', 'anew'].map((name) => pidIn(folder, name)));
  await decide(before, gate, 'approve', { comment: 'go on' });
  await first.kill();

  const second = await startKillable('killable.ts', dataFolder, new URL(first.url).port);
  const ada = await connectOperator(second.url);
  ada.watch(runTopic(runId));
  await eventually(() => trailOf(ada).length >= 6);
  const told = trailOf(ada);
  expect(told.slice(0, 2)).toEqual(['Ada start', 'Ada approve gate: go on']);
  expect(told[2]).toMatch(/^server restart: no server was there for \d+ s$/);
  expect(told.slice(3).sort()).toEqual([
    'server interrupt anew: broken off by a restart of the server',
    'server interrupt once: broken off by a restart of the server',
    'server retry anew: broken off by a restart of the server, begun anew',
  ]);
  ada.destroy();
  await second.kill();
}, 30_000);

test('a run that nobody can go on with has that in its trail, and who asks for more all the same', async () => {
  const complaint = vi.spyOn(console, 'error').mockImplementation(() => {});
  onTestFinished(() => complaint.mockRestore());
  const dataFolder = temporaryFolder();
  const server = await servePipeline(dataFolder);
  const before = await operate(server);
  const runId = await before.start('kind');
  await before.until('human_gate_waiting');
  rmSync(join(dataFolder, 'runs', runId, 'run.json'));
  await server.restart('soft');
  const grace = await operate(server, 'Grace');
  await grace.send({ type: 'retry_node', runId, nodeId: 'gate' });
  await grace.send({ type: 'cancel_run', runId: 'unknown' });
  expect(trailOf(await joined(server, runId, 5))).toEqual([
    'Ada start',
    'server interrupt gate: the server was restarted, and what the run is made of is gone',
    'server withdraw gate',
    'server give_up: the server was restarted, and what the run is made of is gone',
    expect.stringMatching(/^Grace retry gate refused: Run .* is out of reach: .*run\.json/),
  ]);
});

const expired = (gateId: string, at: number) =>
  ({
    type: 'human_gate_resolved',
    runId: 'r',
    gateId,
    nodeId: 'gate',
    verdict: 'reject',
    how: 'expired',
    by: null,
    comment: '',
    at,
  }) as const;

test('what a server could not tell before it died follows from what it had told, once', () => {
  const told = new AuditTrail([startEntry('Ada', 1)]).followsFrom(expired('r/gate/1', 5));
  expect(told).toMatchObject({ action: 'expire', nodeId: 'gate', by: null, at: 5, number: 1 });
  if (!told) throw new Error('nothing was told');
  const next = new AuditTrail([startEntry('Ada', 1), told]);
  expect(next.followsFrom(expired('r/gate/1', 5))).toBeNull();
  expect(next.followsFrom(expired('r/gate/2', 6))).toMatchObject({ number: 2 });
});

test('what the server has much to tell of takes no room from what people did, and is not told again', () => {
  const trail = new AuditTrail([startEntry('Ada', 1)]);
  const kept = new Map<string, AuditEntry>();
  const keep = (entry: AuditEntry | null) => entry && kept.set(auditKey(entry), entry);
  keep(startEntry('Ada', 1));
  for (let n = 1; n <= KEPT_AUDIT_ENTRIES + 10; n += 1) keep(trail.followsFrom(expired(`r/gate/${n}`, n)));
  keep(trail.accepted({ id: LATE, principal: 'Grace' }, { action: 'cancel', nodeId: null }));
  const people = [...kept.values()].filter(({ by }) => by !== null);
  expect(people.map(({ by, action, number }) => `${by} ${action} ${number}`)).toEqual([
    'Ada start 1',
    'Grace cancel 2',
  ]);
  expect(kept.size).toBe(KEPT_AUDIT_ENTRIES + 2);
  const next = new AuditTrail([...kept.values()]);
  expect(next.followsFrom(expired('r/gate/3', 3))).toBeNull();
  expect(next.followsFrom(expired('r/gate/new', KEPT_AUDIT_ENTRIES + 11))).toMatchObject({
    number: KEPT_AUDIT_ENTRIES + 11,
  });
});
