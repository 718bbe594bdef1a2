/** How the console tells that what a person wants to run again was asked for and accepted. */
import { act, cleanup, fireEvent, render, within } from '@testing-library/react';
import { createTestbed } from 'trunkline/testing';
import { afterEach, expect, it } from 'vitest';
import { createToasts, ToastsProvider } from '../../../demo/console/errors/toasts.ts';
import { Page } from '../../../demo/console/session/page.tsx';
import { Provider } from '../../../demo/console/trunk.ts';
import type { NodeStateEvent, RunStateEvent } from '../../../demo/engine/events.ts';
import { protocol, RUNS_TOPIC, runTopic } from '../../../demo/engine/protocol.ts';

const RUN: RunStateEvent = {
  type: 'run_state',
  runId: 'r1',
  pipeline: 'release',
  title: 'Release',
  state: 'failed',
  startedAt: 1,
  startedBy: 'Bob',
  finishedAt: 2,
  nodes: 1,
  done: 0,
  failed: 1,
  gatesWaiting: 0,
  spent: 0,
  budget: 0,
};
const NODE: NodeStateEvent = {
  type: 'node_state',
  nodeId: 'lint',
  state: 'failed',
  attempt: 1,
  attempts: 1,
  startedAt: 1,
  finishedAt: 2,
};

afterEach(() => {
  cleanup();
  location.hash = '';
});

it('says that a rerun waits for the line, and once it is accepted who asked and what is to run again', async () => {
  await using bed = createTestbed(protocol, {
    act,
    authenticate: (token) => token ?? null,
    commands: {
      human_decision: ({ verdict }) => ({ verdict }),
      start_run: () => ({ runId: 'r1' }),
      retry_failed({ runId }, { publish, principal: by }) {
        publish(runTopic(runId), { ...NODE, state: 'pending', attempts: 2 });
        for (const topic of [RUNS_TOPIC, runTopic(runId)])
          publish(topic, { ...RUN, state: 'running', finishedAt: null, failed: 0 });
        const done = { number: 1, at: 3, by, action: 'retry_failed', nodeId: null, outcome: 'done' } as const;
        publish(runTopic(runId), { type: 'audit_entry', ...done, message: '', comment: '', cause: 'c' });
      },
    },
  });
  location.hash = '#/r1';
  const { client } = bed.openTab({ identity: 'Ada', token: () => 'Ada' });
  const { container } = render(
    <Provider client={client}>
      <ToastsProvider value={createToasts()}>
        <Page name="Ada" report={() => {}} />
      </ToastsProvider>
    </Provider>,
  );
  const page = within(container);
  const nodes = [{ nodeId: 'lint', title: 'Lint', kind: 'task' as const, after: [] }];
  await bed.server.emit(runTopic('r1'), { type: 'run_graph', part: 0, parts: 1, nodes });
  for (const topic of [RUNS_TOPIC, runTopic('r1')]) await bed.server.emit(topic, RUN);
  await bed.server.emit(runTopic('r1'), NODE);
  await bed.settle();

  await bed.server.stop();
  await bed.settle();
  fireEvent.click(page.getByRole('button', { name: 'Rerun 1 failed' }));
  await bed.settle();
  expect(page.getByText(/^You asked to run what failed again – it waits in this browser/)).toBeDefined();
  expect((page.getByRole('button', { name: 'Queued …' }) as HTMLButtonElement).disabled).toBe(true);

  await bed.server.start();
  await bed.advance(30_000);
  const told = 'It runs again: Ada ran the failed nodes again; 1 node still to run again.';
  expect(page.getByText(told).closest('[role=status]')).not.toBeNull();
  expect(page.queryByRole('button', { name: 'Queued …' })).toBeNull();
});
