/** How the console tells what went wrong in a run, and what a person has decided there. */
import { cleanup, fireEvent, type RenderResult, render, within } from '@testing-library/react';
import type { EventInput } from 'trunkline/protocol';
import type { Testbed } from 'trunkline/testing';
import { afterEach, expect, it } from 'vitest';
import { createToasts, ToastsProvider } from '../../../demo/console/errors/toasts.ts';
import { Page } from '../../../demo/console/session/page.tsx';
import { Provider } from '../../../demo/console/trunk.ts';
import { type ConsoleProtocol, type NodeState, RUNS_TOPIC, runTopic } from '../../../demo/engine/protocol.ts';
import { startBed } from './support/bed.ts';

type RunState = Extract<EventInput<ConsoleProtocol>, { type: 'run_state' }>;

afterEach(() => {
  cleanup();
  location.hash = '';
});

function show(bed: Testbed<ConsoleProtocol>): RenderResult {
  const { client } = bed.openTab({ identity: 'Ada', token: () => 'Ada' });
  const view = render(
    <Provider client={client}>
      <ToastsProvider value={createToasts()}>
        <Page name="Ada" report={() => {}} />
      </ToastsProvider>
    </Provider>,
  );
  return { ...view, ...within(view.container) };
}

async function tellRun(bed: Testbed<ConsoleProtocol>, run: Partial<RunState> & { runId: string }) {
  const told: RunState = {
    type: 'run_state',
    pipeline: 'release',
    title: 'Release',
    state: 'running',
    startedAt: bed.now(),
    startedBy: 'Bob',
    finishedAt: null,
    nodes: 3,
    done: 0,
    failed: 0,
    gatesWaiting: 0,
    spent: 0,
    budget: 0,
    ...run,
  };
  for (const topic of [RUNS_TOPIC, runTopic(run.runId)]) await bed.server.emit(topic, told);
}

async function tellNode(bed: Testbed<ConsoleProtocol>, runId: string, nodeId: string, state: NodeState) {
  const times = { startedAt: bed.now(), finishedAt: bed.now() };
  const message = state === 'rejected' ? 'rejected by Grace: not on a Friday' : 'ended with code 1';
  const node = { type: 'node_state', nodeId, state, attempt: 1, attempts: 1, ...times, message } as const;
  await bed.server.emit(runTopic(runId), node);
}

async function drawRun(bed: Testbed<ConsoleProtocol>, runId: string) {
  const nodes = [
    { nodeId: 'lint', title: 'Lint', kind: 'task' as const, after: [] },
    { nodeId: 'gate', title: 'Approval', kind: 'gate' as const, after: [] },
    { nodeId: 'ship', title: 'Ship', kind: 'task' as const, after: ['lint', 'gate'] },
  ];
  await bed.server.emit(runTopic(runId), { type: 'run_graph', part: 0, parts: 1, nodes });
}

it('tells a rejected gate as a decision, not as a failure, and offers to ask it again', async () => {
  await using bed = startBed();
  location.hash = '#/r1';
  const page = show(bed);
  await drawRun(bed, 'r1');
  const over = { runId: 'r1', finishedAt: bed.now(), message: 'Approval rejected by Grace' };
  await tellRun(bed, { ...over, state: 'failed', failed: 1, rejected: 1 });
  await tellNode(bed, 'r1', 'lint', 'failed');
  await tellNode(bed, 'r1', 'gate', 'rejected');
  await bed.settle();
  expect(page.getByText('1 failed').dataset['state']).toBe('failed');
  expect(page.getByText('1 rejected').dataset['state']).toBe('rejected');
  expect(page.getByRole('button', { name: 'Rerun 1 failed' })).toBeDefined();

  await tellNode(bed, 'r1', 'lint', 'succeeded');
  await tellRun(bed, { ...over, state: 'rejected', failed: 0, rejected: 1 });
  await bed.settle();
  expect(page.queryByRole('button', { name: /^Rerun .* failed$/ })).toBeNull();
  expect(page.queryByText(/failed/i)).toBeNull();
  const header = within(page.getByRole('heading', { name: 'Release' }).closest('header') ?? document.body);
  expect(header.getByText('Rejected').dataset['state']).toBe('rejected');
  const reason = header.getByRole('link', { name: 'Approval' }).closest('p');
  expect(reason?.textContent).toBe('Approval rejected by Grace: not on a Friday');
  expect(reason?.dataset['state']).toBe('rejected');
  expect(page.getByRole('button', { name: 'Rejected 1' }), 'in the table of a narrow window').toBeDefined();

  location.hash = '#/r1/gate';
  await bed.settle();
  fireEvent.click(page.getByRole('button', { name: 'Ask again' }));
  await bed.settle();
  expect(bed.server.received).toMatchObject([{ command: { type: 'retry_node', nodeId: 'gate' } }]);
  location.hash = '#/r1/lint';
  await bed.settle();
  expect(page.queryByRole('button', { name: 'Ask again' })).toBeNull();
});

it('tells in notices of failures which of the runs of one name they are about', async () => {
  await using bed = startBed();
  const page = show(bed);
  const fail = (runId: string, nodeId: string | null, message: string) =>
    bed.server.emit(runTopic(runId), { type: 'error', runId, nodeId, title: 'Lint', message, at: bed.now() });
  for (const runId of ['r1', 'r2', 'r3', 'r4']) await tellRun(bed, { runId });
  await bed.settle();
  const notices = within(page.getByRole('region', { name: 'Notices' }));
  const runsOf = (text: string) =>
    [...(notices.getByText(text).closest('.toast')?.querySelectorAll('.toast-run') ?? [])].map(
      ({ textContent }) => textContent,
    );
  await fail('r1', null, 'The budget of 1 USD is used up.');
  expect(runsOf('The budget of 1 USD is used up.')).toEqual([
    expect.stringMatching(/^Release r1, started .*\d\d:\d\d:\d\d by Bob$/),
  ]);
  await fail('r2', 'lint', 'Lint ended with code 1');
  expect(runsOf('Lint ended with code 1')).toEqual([expect.stringMatching(/^Release r2, started/)]);
  for (const runId of ['r1', 'r3', 'r4']) await fail(runId, 'lint', 'Lint ended with code 1');
  expect(runsOf('4 nodes of 4 runs have failed: Lint, Lint, Lint and 1 more')).toEqual([
    expect.stringMatching(/^Release r2/),
    expect.stringMatching(/^Release r1/),
    expect.stringMatching(/^Release r3/),
    'and 1 more run',
  ]);
});
