/** The page's keys and the command palette, on a testbed. */
import { act, cleanup, fireEvent, render, within } from '@testing-library/react';
import { createTestbed, type Testbed } from 'trunkline/testing';
import { afterEach, expect, it } from 'vitest';
import { userEvent } from 'vitest/browser';
import { createToasts, ToastsProvider } from '../../../demo/console/errors/toasts.ts';
import { Page } from '../../../demo/console/session/page.tsx';
import { Provider } from '../../../demo/console/trunk.ts';
import { type ConsoleProtocol, protocol, RUNS_TOPIC } from '../../../demo/engine/protocol.ts';

const NAME = 'Ada';

function startConsole(): Testbed<ConsoleProtocol> {
  return createTestbed(protocol, {
    act,
    // The page counts down by the real clock.
    now: Date.now(),
    authenticate: (token) => token ?? null,
    commands: {
      human_decision: ({ verdict }) => ({ verdict }),
      start_run: () => ({ runId: 'r1' }),
    },
  });
}

function show(bed: Testbed<ConsoleProtocol>) {
  const { client } = bed.openTab({ identity: NAME, token: () => NAME });
  const view = render(
    <Provider client={client}>
      <ToastsProvider value={createToasts()}>
        <Page name={NAME} report={({ message }) => expect.unreachable(message)} />
      </ToastsProvider>
    </Provider>,
  );
  return within(view.container);
}

afterEach(() => {
  cleanup();
  location.hash = '';
});

const press = (key: string, chord: { ctrlKey?: boolean } = {}) =>
  fireEvent.keyDown(document.activeElement ?? document.body, { key, ...chord });

it('opens a waiting gate by the palette, which offers nothing that decides one', async () => {
  await using bed = startConsole();
  const page = show(bed);
  const field = page.getByRole('button', { name: 'Commands' });
  field.focus();
  const gate = {
    runId: 'r1',
    gateId: 'g1',
    nodeId: 'ask',
    decidedBy: 'anybody',
    onExpiry: 'reject' as const,
  };
  const title = 'Deploy the release';
  const times = { askedAt: bed.now(), expiresAt: bed.now() + 600_000 };
  await bed.server.emit(RUNS_TOPIC, { type: 'human_gate_waiting', ...gate, ...times, title, show: [] });
  fireEvent.click(page.getByRole('button', { name: 'Decide later' }));
  await bed.settle();

  press('k', { ctrlKey: true });
  const palette = page.getByRole('dialog', { name: 'What do you want to do?' });
  const combobox = within(palette).getByRole('combobox');
  expect(document.activeElement).toBe(combobox);
  const offered = () =>
    within(palette)
      .queryAllByRole('option')
      .map(({ textContent }) => textContent);
  expect(offered()).toContainEqual(expect.stringContaining(`Open the gate “${title}”`));
  fireEvent.change(combobox, { target: { value: 'approve' } });
  expect(offered()).toEqual([]);
  fireEvent.change(combobox, { target: { value: 'gate deploy' } });
  expect(offered()).toEqual([expect.stringContaining(`Open the gate “${title}”`)]);
  // A dialog that has just opened ignores Enter.
  await new Promise((done) => setTimeout(done, 600));
  press('Enter');
  await bed.settle();
  expect(location.hash).toBe('#/r1');
  expect(within(page.getByRole('dialog')).getByRole('heading', { name: title })).toBeDefined();
  expect(document.activeElement?.textContent).not.toBe('Approve');
  expect(bed.server.received).toEqual([]);
  expect(bed.errors).toEqual([]);
});

it('moves in the list by the arrow keys, and opens what is chosen', async () => {
  await using bed = startConsole();
  const page = show(bed);
  await bed.settle();
  press('k', { ctrlKey: true });
  const palette = within(page.getByRole('dialog'));
  fireEvent.change(palette.getByRole('combobox'), { target: { value: 'show' } });
  const active = () => {
    const id = palette.getByRole('combobox').getAttribute('aria-activedescendant');
    const selected = palette.getByRole('option', { selected: true });
    expect(selected.id, 'what is said to be active is what is selected').toBe(id);
    return selected.textContent;
  };
  expect(active()).toBe('Show: Outbox');
  press('ArrowDown');
  press('ArrowDown');
  press('ArrowUp');
  expect(active()).toBe('Show: Alerts');
  press('ArrowUp');
  press('ArrowUp');
  expect(active(), 'the last one comes before the first').toMatch(/^Show|Keyboard/);
  press('ArrowDown');
  await new Promise((done) => setTimeout(done, 600));
  press('Enter');
  expect(page.queryByRole('dialog')).toBeNull();
  expect(document.activeElement).toBe(page.getByRole('heading', { name: 'Outbox' }));
});

it('shows the shortcuts for a question mark, but not to whoever is typing', async () => {
  await using bed = startConsole();
  const page = show(bed);
  await bed.settle();
  press('?');
  const shortcuts = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  fireEvent.click(within(shortcuts).getByRole('button', { name: 'Close' }));
  fireEvent.click(page.getByRole('button', { name: 'Faults' }));
  page.getByLabelText('For how long').focus();
  await userEvent.keyboard('?');
  expect(page.queryByRole('dialog')).toBeNull();
});

it('says in the title of the tab what waits in any run, until it is decided', async () => {
  await using bed = startConsole();
  show(bed);
  await bed.settle();
  expect(document.title).toBe('Trunkline console');
  const gate = {
    nodeId: 'ask',
    decidedBy: 'anybody',
    onExpiry: 'reject' as const,
    title: 'Go on?',
    show: [],
  };
  const times = { askedAt: bed.now(), expiresAt: bed.now() + 600_000 };
  for (const id of ['r1', 'r2'])
    await bed.server.emit(RUNS_TOPIC, {
      type: 'human_gate_waiting',
      runId: id,
      gateId: id,
      ...gate,
      ...times,
    });
  expect(document.title).toBe('(2) Decision needed');
  const resolved = {
    nodeId: 'ask',
    verdict: 'approve',
    how: 'decided',
    by: 'Bob',
    comment: '',
    at: bed.now(),
  } as const;
  for (const id of ['r1', 'r2'])
    await bed.server.emit(RUNS_TOPIC, { type: 'human_gate_resolved', runId: id, gateId: id, ...resolved });
  expect(document.title).toBe('Trunkline console');
});
