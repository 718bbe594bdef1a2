/** The whole page of the console on a testbed: what an operator sees when things go wrong. */
import { act, cleanup, fireEvent, type RenderResult, render, within } from '@testing-library/react';
import { createTestbed, type Testbed, type TestTab } from 'trunkline/testing';
import { afterEach, expect, it } from 'vitest';
import { createToasts, ToastsProvider } from '../../../demo/console/errors/toasts.ts';
import { Page } from '../../../demo/console/session/page.tsx';
import { Provider } from '../../../demo/console/trunk.ts';
import { type ConsoleProtocol, protocol, RUNS_TOPIC, runTopic } from '../../../demo/engine/protocol.ts';

const NAME = 'Ada';
const RUN = { runId: 'r1', gateId: 'g1', nodeId: 'ask' };
const QUEUED = 'Decision queued – connection lost';
const NOTHING_TO_DECIDE = 'No decision is waiting for you.';

function startConsole(): Testbed<ConsoleProtocol> {
  return createTestbed(protocol, {
    act,
    // The page counts down by the real clock.
    now: Date.now(),
    authenticate: (token) => token ?? null,
    commands: {
      human_decision({ verdict, comment }, { publish, principal: by }) {
        const decided = { ...RUN, how: 'decided', by, verdict, comment, at: Date.now() } as const;
        publish(RUNS_TOPIC, { type: 'human_gate_resolved', ...decided });
        return { verdict };
      },
      start_run: () => ({ runId: RUN.runId }),
    },
  });
}

const openTab = (bed: Testbed<ConsoleProtocol>) => bed.openTab({ identity: NAME, token: () => NAME });

const askForDecision = (bed: Testbed<ConsoleProtocol>) =>
  bed.server.emit(RUNS_TOPIC, {
    type: 'human_gate_waiting',
    ...RUN,
    title: 'Deploy the release',
    show: [{ label: 'Diff', text: '+1 line' }],
    decidedBy: 'anybody',
    askedAt: bed.now(),
    expiresAt: bed.now() + 600_000,
    onExpiry: 'reject',
  });

/** The console as this tab shows it. Both tabs of a test are in one document. */
function show({ client }: TestTab<ConsoleProtocol>): RenderResult {
  const view = render(
    <Provider client={client}>
      <ToastsProvider value={createToasts()}>
        <Page name={NAME} report={({ message }) => reported.push(message)} />
      </ToastsProvider>
    </Provider>,
  );
  return { ...view, ...within(view.container) };
}

const reported: string[] = [];
afterEach(() => {
  cleanup();
  expect(reported.splice(0)).toEqual([]);
});

it('delivers a decision once that was made without a server, over a reload; the other tab sees it', async () => {
  await using bed = startConsole();
  const tab = openTab(bed);
  const page = show(tab);
  const other = show(openTab(bed));
  await askForDecision(bed);
  await bed.server.stop();
  fireEvent.click(page.getByRole('button', { name: 'Approve' }));
  await bed.settle();
  for (const view of [page, other]) expect(view.getAllByText(QUEUED)).not.toEqual([]);

  const reloaded = await tab.reload();
  page.unmount();
  const again = show(reloaded);
  await bed.settle();
  expect(again.getAllByText(QUEUED)).not.toEqual([]);
  expect(bed.server.received).toEqual([]);

  await bed.server.start();
  await bed.advance(30_000);
  expect(bed.server.received).toMatchObject([
    {
      attempt: 1,
      principal: NAME,
      topic: runTopic(RUN.runId),
      command: { type: 'human_decision', gateId: RUN.gateId, verdict: 'approve' },
    },
  ]);
  for (const view of [again, other]) {
    expect(view.queryByText(QUEUED)).toBeNull();
    expect(view.getByText(NOTHING_TO_DECIDE)).toBeDefined();
  }
  expect(other.getByText('Deploy the release – approved by Ada')).toBeDefined();
  await bed.advance(300_000);
  expect(bed.server.received).toHaveLength(1);
  expect(bed.errors).toEqual([]);
});

it('tells every tab when the server refuses a decision, and lets the operator decide again', async () => {
  await using bed = startConsole();
  const page = show(openTab(bed));
  const other = show(openTab(bed));
  await askForDecision(bed);
  bed.server.refuse('human_decision', { code: 'forbidden', message: 'Ada may not decide this.' });
  fireEvent.click(page.getByRole('button', { name: 'Reject' }));
  await bed.settle();
  for (const view of [page, other]) {
    expect(view.getByText('The server refused the decision: Ada may not decide this.')).toBeDefined();
  }
  bed.server.accept('human_decision');
  fireEvent.click(page.getByRole('button', { name: 'Reject' }));
  await bed.settle();
  expect(page.getByText(NOTHING_TO_DECIDE)).toBeDefined();
  expect(bed.errors).toEqual([]);
});

it('closes an open gate that somebody else decided while the hub was dead', async () => {
  await using bed = startConsole();
  const page = show(openTab(bed));
  await askForDecision(bed);
  expect(page.getByRole('dialog', { name: 'Deploy the release' })).toBeDefined();
  await bed.worker.kill();
  await bed.server.emit(RUNS_TOPIC, {
    type: 'human_gate_resolved',
    ...RUN,
    verdict: 'reject',
    how: 'decided',
    by: 'Bob',
    comment: 'not on a Friday',
    at: bed.now(),
  });
  expect(page.getByRole('dialog')).toBeDefined();
  await bed.advance(1_000);
  expect(page.queryByRole('dialog')).toBeNull();
  expect(page.getByText('Deploy the release – rejected by Bob: not on a Friday')).toBeDefined();
  expect(bed.errors).toEqual([]);
});
