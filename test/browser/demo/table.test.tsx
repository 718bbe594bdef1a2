/** The console's table of nodes in a real browser, with thousands of them. */
import { cleanup, fireEvent, render, within } from '@testing-library/react';
import axe from 'axe-core';
import { useState } from 'react';
import type { Testbed } from 'trunkline/testing';
import { afterEach, beforeAll, expect, it } from 'vitest';
import type { GraphStep } from '../../../demo/console/graph/use-graph.ts';
import { NodeTable } from '../../../demo/console/node/node-table.tsx';
import { Provider, useLatest } from '../../../demo/console/trunk.ts';
import { type ConsoleProtocol, type NodeState, runTopic } from '../../../demo/engine/protocol.ts';
import { startBed } from './support/bed.ts';
import { wearStyles } from './support/styles.ts';

const RUN = 'big';
const NODES = 5_000;
const FAILED = [17, 4_321];

const graph: GraphStep[] = Array.from({ length: NODES }, (_, index) => ({
  nodeId: `n${index}`,
  title: `Node ${index}`,
  kind: 'task',
  after: [],
}));

beforeAll(wearStyles);
afterEach(cleanup);

/** As the console's run view: nothing is shown before the run's state is there. */
function Table({ first }: { first: string | null }) {
  const [selected, setSelected] = useState(first);
  const isLoaded = useLatest(runTopic(RUN), 'node_state').size > 0;
  if (!isLoaded) return null;
  return (
    <main style={{ height: 500 }}>
      <NodeTable runId={RUN} graph={graph} selected={selected} onSelect={setSelected} />
      <p data-testid="selected">{selected}</p>
    </main>
  );
}

const become = (bed: Testbed<ConsoleProtocol>, index: number, state: NodeState) =>
  bed.server.emit(runTopic(RUN), {
    type: 'node_state',
    nodeId: `n${index}`,
    state,
    attempt: 1,
    attempts: 1,
    startedAt: 1_000 + index,
    finishedAt: 2_000 + 2 * index,
  });

async function show({ first = null, width = 1_000 }: { first?: string | null; width?: number } = {}) {
  const bed = startBed();
  for (let index = 0; index < 100; index += 1) await become(bed, index, 'succeeded');
  for (const index of FAILED) await become(bed, index, 'failed');
  const { client } = await bed.openTab();
  const { container } = render(
    <div style={{ width }}>
      <Provider client={client}>
        <Table first={first} />
      </Provider>
    </div>,
  );
  await bed.settle();
  const view = within(container);
  const grid = await view.findByRole('grid', { name: 'Nodes' });
  await view.findByText(/^5,000 nodes$/);
  await expect.poll(() => view.queryByRole('button', { name: 'Failed 2' })).not.toBeNull();
  const rows = () => [...grid.querySelectorAll<HTMLElement>('tbody tr')];
  const names = () => rows().map((row) => row.querySelector('.node-name')?.textContent);
  const active = () =>
    document.getElementById(grid.getAttribute('aria-activedescendant') ?? '')?.querySelector('.node-name')
      ?.textContent;
  const selected = () => view.getByTestId('selected').textContent;
  const press = (key: string) => fireEvent.keyDown(grid, { key });
  return { bed, container, view, grid, rows, names, active, selected, press };
}

/** Whether it is on the screen, below the table's own heads. */
function isInView(row: Element | null | undefined): boolean {
  const box = row?.closest('.node-rows')?.getBoundingClientRect();
  const own = row?.getBoundingClientRect();
  return box !== undefined && own !== undefined && own.top >= box.top + 33 && own.bottom <= box.bottom + 1;
}

it('has the rows in view alone, and says how many there are; what failed is at the top, what has not begun at the bottom', async () => {
  const { grid, rows, names } = await show();
  expect(grid.getAttribute('aria-rowcount')).toBe('5001');
  expect(rows().length).toBeLessThan(60);
  expect(names().slice(0, 3)).toEqual(['Node 17', 'Node 4321', 'Node 0']);
  expect(rows()[0]?.getAttribute('aria-rowindex')).toBe('2');
});

it('is walked by keys from end to end, and a key opens the row', async () => {
  const { grid, active, selected, press, names } = await show();
  grid.focus();
  press('ArrowDown');
  await expect.poll(active).toBe('Node 4321');
  press('End');
  await expect.poll(active).toBe('Node 4999');
  await expect
    .poll(() => isInView(document.getElementById(grid.getAttribute('aria-activedescendant') ?? '')))
    .toBe(true);
  press('ArrowUp');
  await expect.poll(active).toBe('Node 4998');
  press('Enter');
  await expect.poll(selected).toBe('n4998');
  press('Home');
  await expect.poll(active).toBe('Node 17');
  expect(names()).toContain('Node 17');
});

it('opens a row by a click anywhere in it, and brings to view what was selected elsewhere', async () => {
  const { rows, selected } = await show();
  const cell = rows()[1]?.querySelector('td:last-child');
  if (cell) fireEvent.click(cell);
  await expect.poll(selected).toBe('n4321');
  cleanup();
  const elsewhere = await show({ first: 'n3000' });
  const row = () => elsewhere.grid.querySelector('tr[aria-selected="true"]');
  await expect.poll(() => isInView(row())).toBe(true);
  expect(row()?.textContent).toContain('Node 3000');
});

it('sorts by a click at a head, the other way by another, and keeps to the chosen states and names', async () => {
  const { view, grid, names } = await show();
  fireEvent.click(view.getByRole('button', { name: 'Start' }));
  await expect.poll(() => names()[0]).toBe('Node 0');
  const sorted = () => grid.querySelector('[aria-sort]');
  expect([sorted()?.textContent, sorted()?.getAttribute('aria-sort')]).toEqual(['Start ↑', 'ascending']);
  fireEvent.click(view.getByRole('button', { name: /^Start/ }));
  await expect.poll(() => names()[0]).toBe('Node 4321');
  expect(sorted()?.getAttribute('aria-sort')).toBe('descending');

  fireEvent.click(view.getByRole('button', { name: 'Succeeded 99' }));
  await expect.poll(() => view.queryByText('99 of 5,000 nodes')).not.toBeNull();
  fireEvent.change(view.getByRole('searchbox'), { target: { value: 'node 9' } });
  await expect.poll(() => view.queryByText('11 of 5,000 nodes')).not.toBeNull();
  expect(names()[0]).toBe('Node 99');
  expect(grid.getAttribute('aria-rowcount')).toBe('12');
});

it('moves a row whose node changes, and leaves the reader where they are', async () => {
  const { bed, names, grid } = await show();
  const scroller = grid.parentElement;
  scroller?.scrollTo({ top: 1_800 });
  await expect.poll(() => names().includes('Node 17')).toBe(false);
  const before = scroller?.scrollTop;
  await become(bed, 2_500, 'failed');
  scroller?.scrollTo({ top: 0 });
  await expect.poll(() => names().slice(0, 3)).toEqual(['Node 17', 'Node 2500', 'Node 4321']);
  expect(before).toBe(1_800);
});

it.each([1_000, 390])('axe finds nothing to complain of in it, %s pixels wide', async (width) => {
  const { container, grid, press } = await show({ width });
  grid.focus();
  press('ArrowDown');
  const { violations } = await axe.run(container);
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
});

it('folds the figures into a second line where it is narrow', async () => {
  const { rows, view } = await show({ width: 390 });
  expect(view.queryByRole('columnheader', { name: 'Start' })).toBeNull();
  await expect.poll(() => rows()[0]?.getBoundingClientRect().height).toBeGreaterThan(50);
  const folded = rows()[0]?.querySelector('.node-folded');
  expect(folded && getComputedStyle(folded).display).toBe('block');
});
