/** The whole page of the console on a testbed: what an operator sees when things go wrong. */
import { act, cleanup, fireEvent, type RenderResult, render, waitFor, within } from '@testing-library/react';
import { createTestbed, type Testbed, type TestTab } from 'trunkline/testing';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { page as frame, userEvent } from 'vitest/browser';
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
      human_decision({ runId, gateId, verdict, comment }, { publish, principal: by }) {
        const gate = { ...RUN, runId, gateId };
        const decided = { ...gate, how: 'decided', by, verdict, comment, at: Date.now() } as const;
        publish(RUNS_TOPIC, { type: 'human_gate_resolved', ...decided });
        return { verdict };
      },
      start_run: () => ({ runId: RUN.runId }),
    },
  });
}

const openTab = (bed: Testbed<ConsoleProtocol>) => bed.openTab({ identity: NAME, token: () => NAME });

const askForDecision = (bed: Testbed<ConsoleProtocol>, gate: Partial<typeof RUN> = {}, limitMs = 600_000) =>
  bed.server.emit(RUNS_TOPIC, {
    type: 'human_gate_waiting',
    ...RUN,
    ...gate,
    title: 'Deploy the release',
    show: [{ label: 'Diff', text: '+1 line' }],
    decidedBy: 'anybody',
    askedAt: bed.now(),
    expiresAt: bed.now() + limitMs,
    onExpiry: 'reject',
  });

/** A run that waits at its gate, in the list and in its own topic. */
async function startRun(bed: Testbed<ConsoleProtocol>, runId: string, by: string, at: Date): Promise<void> {
  const run = {
    type: 'run_state',
    runId,
    pipeline: 'release',
    title: 'Release',
    state: 'waiting',
    startedAt: at.getTime(),
    startedBy: by,
    finishedAt: null,
    nodes: 1,
    done: 0,
    failed: 0,
    gatesWaiting: 1,
    spent: 0,
    budget: 1,
  } as const;
  for (const topic of [RUNS_TOPIC, runTopic(runId)]) await bed.server.emit(topic, run);
  const node = { nodeId: RUN.nodeId, title: 'Ask', kind: 'gate' as const, after: [] };
  await bed.server.emit(runTopic(runId), { type: 'run_graph', part: 0, parts: 1, nodes: [node] });
}

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

/** Presses it as soon as it takes a click. */
async function decide(page: Pick<RenderResult, 'getByRole'>, name: 'Approve' | 'Reject'): Promise<void> {
  const button = () => page.getByRole('button', { name });
  await waitFor(() => expect(button().getAttribute('aria-disabled')).toBe('false'));
  fireEvent.click(button());
}

const reported: string[] = [];
afterEach(() => {
  cleanup();
  location.hash = '';
  localStorage.clear();
  expect(reported.splice(0)).toEqual([]);
});

it('delivers a decision once that was made without a server, over a reload; the other tab sees it', async () => {
  await using bed = startConsole();
  const tab = openTab(bed);
  const page = show(tab);
  const other = show(openTab(bed));
  await askForDecision(bed);
  await bed.server.stop();
  await decide(page, 'Approve');
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
  await decide(page, 'Reject');
  await bed.settle();
  for (const view of [page, other]) {
    expect(view.getByText('The server refused the decision: Ada may not decide this.')).toBeDefined();
  }
  bed.server.accept('human_decision');
  await decide(page, 'Reject');
  await bed.settle();
  expect(page.getByText(NOTHING_TO_DECIDE)).toBeDefined();
  expect(bed.errors).toEqual([]);
});

it('shows in the outbox what a decision is about, and sends one that the server has put off as soon as the operator wants it tried', async () => {
  await using bed = startConsole();
  const page = show(openTab(bed));
  await startRun(bed, RUN.runId, 'Bob', new Date());
  await askForDecision(bed);
  fireEvent.change(page.getByLabelText(/Comment/), { target: { value: 'looks good' } });
  bed.server.refuse('human_decision', {
    code: 'busy',
    message: 'Come back in an hour.',
    retry: true,
    retryAfterMs: 3_600_000,
  });
  await decide(page, 'Approve');
  await bed.settle();
  bed.server.accept('human_decision');
  fireEvent.click(page.getByRole('button', { name: 'Outbox, 1 waiting', hidden: true }));
  const outbox = within(page.getByRole('complementary', { name: 'Outbox', hidden: true }));
  await bed.settle();
  expect(outbox.getByRole('listitem', { hidden: true }).textContent).toMatch(
    /^Approve a gate.*GateDeploy the release.*Commentlooks good.*RunRelease r1, started .* by Bob.*The server asked to wait/,
  );
  fireEvent.click(outbox.getByRole('button', { name: 'Try now', hidden: true }));
  await bed.settle();
  expect(outbox.getByText('Nothing is waiting.')).toBeDefined();
  expect(page.getByText('Deploy the release – approved by Ada: looks good')).toBeDefined();
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

it('keeps a decision beyond its gate’s end while there is no line: the clock of a gate stands still without a server', async () => {
  await using bed = startConsole();
  const page = show(openTab(bed));
  await askForDecision(bed, {}, 10_000);
  // It leaves, on a line that is dead without a word.
  await bed.server.vanish();
  await decide(page, 'Approve');
  await bed.settle();
  await bed.server.stop();
  await bed.advance(60_000);
  expect(page.getAllByText(QUEUED)).not.toEqual([]);
  expect(page.queryByText(/does not count/)).toBeNull();

  await bed.server.start();
  await bed.advance(30_000);
  expect(bed.server.received).toMatchObject([{ command: { gateId: RUN.gateId, verdict: 'approve' } }]);
  expect(page.getByText('Deploy the release – approved by Ada')).toBeDefined();
  expect(bed.errors).toEqual([]);
});

it('tells after a reload what became of a decision while no page was open, once, with the way to its run', async () => {
  await using bed = startConsole();
  const tab = openTab(bed);
  const page = show(tab);
  await askForDecision(bed);
  await bed.server.stop();
  await decide(page, 'Approve');
  await bed.settle();
  page.unmount();
  await bed.server.start();
  await bed.advance(30_000);
  expect(bed.server.received).toHaveLength(1);

  const reloaded = await tab.reload();
  const again = show(reloaded);
  await bed.settle();
  const told = 'Your approval of “Deploy the release” was accepted.';
  const toast = again.getByText(told).closest<HTMLElement>('.toast');
  fireEvent.click(within(toast ?? document.body).getByRole('button', { name: 'Show run' }));
  expect(location.hash).toBe(`#/${RUN.runId}`);
  again.unmount();
  const third = show(await reloaded.reload());
  await bed.settle();
  expect(third.queryByText(told)).toBeNull();
  expect(bed.errors).toEqual([]);
});

it('lets an operator work beside an open gate in a wide window, and leads two keys from the notice to what is beside the approval', async () => {
  const { innerWidth, innerHeight } = window;
  await frame.viewport(1_280, 800);
  onTestFinished(() => frame.viewport(innerWidth, innerHeight));
  await using bed = startConsole();
  await startRun(bed, RUN.runId, 'Ada', new Date());
  const page = show(openTab(bed));
  await bed.settle();
  const outbox = page.getByRole('button', { name: 'Outbox' });
  outbox.focus();
  await askForDecision(bed);
  await askForDecision(bed, { gateId: 'g2' }, 700_000);
  const gate = page.getByRole('dialog', { name: 'Deploy the release' });
  expect(document.activeElement, 'who is at work elsewhere keeps the focus').toBe(outbox);
  fireEvent.change(page.getByLabelText(/Comment/), { target: { value: 'as agreed' } });
  await userEvent.keyboard('{Escape}');
  expect(gate.isConnected, 'Escape is for where the focus is').toBe(true);
  fireEvent.click(page.getByRole('button', { name: 'Decide later' }));
  expect(page.queryByRole('dialog')).toBeNull();

  const review = page.getByRole('button', { name: 'Review' });
  review.focus();
  await userEvent.keyboard('{Enter}');
  expect(document.activeElement).toBe(page.getByLabelText(/Comment/));
  expect(page.getByLabelText(/Comment/), 'what was written is kept').toHaveProperty('value', 'as agreed');
  await userEvent.keyboard('{Tab}');
  expect(document.activeElement?.textContent).toBe('Reject');
  await userEvent.keyboard('{Escape}');
  expect(page.queryByRole('dialog')).toBeNull();
  expect(document.activeElement).toBe(review);

  await userEvent.keyboard('{Enter}');
  // A click renders at once only where the testbed is done with what the key has begun.
  await bed.settle();
  fireEvent.click(page.getByRole('button', { name: 'The next gate' }));
  expect(document.activeElement?.tagName).toBe('H2');
  fireEvent.click(page.getByRole('button', { name: 'Approve' }));
  await bed.settle();
  expect(bed.server.received, 'a click that was meant for the gate before').toEqual([]);
  await decide(page, 'Approve');
  await bed.settle();
  expect(bed.server.received.map(({ command }) => command)).toMatchObject([{ gateId: 'g2', comment: '' }]);
  expect(document.activeElement, 'the gate that still waits').toBe(
    page.getByRole('button', { name: 'Review' }),
  );
  expect(bed.errors).toEqual([]);
});

it('says at the click that a decision may come too late where little time is left, with a line', async () => {
  await using bed = startConsole();
  const page = show(openTab(bed));
  await askForDecision(bed, {}, 8_000);
  expect(page.getByRole('note').textContent).toContain('Only a few seconds are left');
  expect(page.getByRole('button', { name: 'Approve' })).toBeDefined();
  expect(bed.errors).toEqual([]);
});

it('takes no click for a moment where the buttons have just come, and decides by one after it', async () => {
  await using bed = startConsole();
  const page = show(openTab(bed));
  await askForDecision(bed);
  fireEvent.click(page.getByRole('button', { name: 'Approve' }));
  await bed.settle();
  expect(bed.server.received).toEqual([]);
  await decide(page, 'Approve');
  await bed.settle();
  expect(bed.server.received).toHaveLength(1);
  expect(bed.errors).toEqual([]);
});

it('offers the gate of the run on the screen, and tells two runs of one name apart', async () => {
  await using bed = startConsole();
  const at = new Date();
  at.setHours(9, 5, 7, 0);
  await startRun(bed, 'first', 'Bob', at);
  at.setMinutes(6);
  await startRun(bed, 'second', 'Grace', at);
  const page = show(openTab(bed));
  location.hash = '#/second';
  await bed.settle();
  await askForDecision(bed, { runId: 'first', gateId: 'of-first' });
  await askForDecision(bed, { runId: 'second', gateId: 'of-second' });
  const elsewhere = /not (of )?the run on your screen/i;

  // The first one opened when it was the only one.
  const first = within(page.getByRole('dialog'));
  expect(first.getByRole('note').textContent).toMatch(elsewhere);
  expect(first.getByText(/^You decide for/).textContent).toBe(
    'You decide for Release first, started 09:05:07 by Bob, not the run on your screen.',
  );
  expect(first.getByRole('link', { name: 'Go to that run' }).getAttribute('href')).toBe('#/first');
  fireEvent.click(first.getByRole('button', { name: 'Decide later' }));
  await bed.settle();

  fireEvent.click(page.getByRole('button', { name: 'Review' }));
  const own = within(page.getByRole('dialog'));
  expect(own.getByText(/^You decide for/).textContent).toBe(
    'You decide for Release second, started 09:06:07 by Grace.',
  );
  expect(own.queryByText(elsewhere)).toBeNull();
  await decide(own, 'Approve');
  await bed.settle();
  expect(bed.server.received.map(({ command }) => command)).toMatchObject([{ gateId: 'of-second' }]);

  // Nothing is left of the run on the screen: the strip says whose gate it offers then.
  expect(page.getByRole('region', { name: 'Decision needed' }).textContent).toContain('in another run');
  expect(bed.errors).toEqual([]);
});

it('warns at the click that a decision may come too late, and tells one that did as that', async () => {
  await using bed = startConsole();
  const page = show(openTab(bed));
  const other = show(openTab(bed));
  await askForDecision(bed);
  expect(page.queryByRole('note')).toBeNull();
  const time = () => within(page.getByRole('dialog')).getByText('Time').parentElement?.textContent;
  expect(time()).toMatch(/^Time\d+:\d\d left, then rejected$/);
  await bed.server.stop();
  expect(time(), 'whether its time runs, the page cannot know').toMatch(
    /^Time\d+:\d\d left, then rejected · as of \d\d:\d\d; stands still if the server is away$/,
  );
  const warning =
    /The connection is lost\. If it is not back within \d+:\d\d, a decision arrives too late: the gate is rejected then\./;
  expect(page.getByRole('note').textContent).toMatch(warning);
  await decide(page, 'Approve');
  await bed.settle();
  expect(page.getByRole('note').textContent).toMatch(warning);
  expect(page.getByRole('button', { name: 'Outbox, 1 waiting', hidden: true })).toBeDefined();

  const late = 'Your approval arrived 4 s after the deadline; the gate was rejected then.';
  bed.server.refuse('human_decision', { code: 'gate_closed', message: late });
  await bed.server.start();
  await bed.server.emit(RUNS_TOPIC, {
    type: 'human_gate_resolved',
    ...RUN,
    verdict: 'reject',
    how: 'expired',
    by: null,
    comment: '',
    at: bed.now(),
  });
  await bed.advance(30_000);
  for (const view of [page, other]) {
    expect(view.getByText(`The server refused the decision: ${late}`)).toBeDefined();
    expect(view.getByText('Deploy the release – rejected, because your approval was too late')).toBeDefined();
    expect(view.queryByText(/nobody decided/)).toBeNull();
  }
  expect(bed.errors).toEqual([]);
});
