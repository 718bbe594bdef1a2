/** What a run's header says of a rerun. */
import { expect, test } from 'vitest';
import { sayRerun } from '../../../demo/console/runs/rerun.ts';
import type { AuditEntry } from '../../../demo/engine/events.ts';

const RUN = { runId: 'r1', state: 'failed', finishedAt: 1 } as const;
const GOES_ON = { runId: 'r1', state: 'running', finishedAt: null } as const;
const graph = [
  { nodeId: 'lint', title: 'Lint', kind: 'task' },
  { nodeId: 'gate', title: 'Approval', kind: 'gate' },
] as const;
const nothing = { run: RUN, graph, entries: [], audit: [], nodes: [], isOnline: true };
const failed = { command: { type: 'retry_failed', runId: 'r1' }, state: 'queued' } as const;
const from = { command: { type: 'rerun_from', runId: 'r1', nodeId: 'lint' }, state: 'sent' } as const;

const entry = (number: number, facts: Partial<AuditEntry>): AuditEntry => ({
  type: 'audit_entry',
  number,
  at: number,
  by: 'Grace',
  action: 'retry_failed',
  nodeId: null,
  outcome: 'done',
  message: '',
  comment: '',
  cause: `c${number}`,
  ...facts,
});

test('what was asked for is told until the server has answered, and without a line that it waits', () => {
  expect(sayRerun({ ...nothing, entries: [failed] })).toEqual({
    state: 'pending',
    text: 'You asked to run what failed again – waiting for the server.',
  });
  expect(sayRerun({ ...nothing, entries: [from], isOnline: false })).toEqual({
    state: 'waiting',
    text: 'You asked to run “Lint” and what comes after it again – it waits in this browser until the connection is back.',
  });
});

test('a rerun that was refused, or is of another run, is not told as asked for', () => {
  expect(sayRerun({ ...nothing, entries: [{ ...failed, state: 'rejected' }] })).toBeNull();
  expect(sayRerun({ ...nothing, run: { ...RUN, runId: 'r2' }, entries: [failed] })).toBeNull();
});

test('an accepted rerun is told with who asked for it and how many nodes were put back', () => {
  const audit = [
    entry(1, { action: 'start' }),
    entry(2, {}),
    entry(3, { by: 'Bob', outcome: 'refused' }),
    entry(9, { by: null, action: 'retry', nodeId: 'lint' }),
  ];
  const nodes = [{ state: 'pending' }, { state: 'pending' }, { state: 'succeeded' }] as const;
  const told = { ...nothing, run: GOES_ON, audit, nodes };
  expect(sayRerun(told)?.text).toBe(
    'It runs again: Grace ran the failed nodes again; 2 nodes still to run again.',
  );
  const asked = [...audit, entry(10, { by: 'Ada', action: 'retry', nodeId: 'gate' })];
  expect(sayRerun({ ...told, audit: asked, nodes: [] })?.text).toBe(
    'It runs again: Ada asked “Approval” again.',
  );
});

test('of a run that is over, is being cancelled, or was never run again nothing is told', () => {
  expect(sayRerun({ ...nothing, audit: [entry(1, {})] })).toBeNull();
  expect(sayRerun({ ...nothing, run: { ...GOES_ON, state: 'cancelled' }, audit: [entry(1, {})] })).toBeNull();
  expect(sayRerun({ ...nothing, run: GOES_ON, audit: [entry(1, { action: 'start' })] })).toBeNull();
});
