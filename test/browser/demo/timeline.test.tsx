/// <reference types="vite/client" />
/** The console's timeline of a large run in real Chromium, with a real hub and a real server. */
import { type ReactElement, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient } from 'trunkline';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import '../../../demo/console/styles/console.css';
import { type GraphStep, useGraph } from '../../../demo/console/graph/use-graph.ts';
import { Timeline } from '../../../demo/console/timeline/timeline.tsx';
import { Provider, useLatest } from '../../../demo/console/trunk.ts';
import type { RunStateEvent } from '../../../demo/engine/events.ts';
import { protocol, runTopic } from '../../../demo/engine/protocol.ts';
import { TestRoom } from '../worker/support/room.ts';

const RUN = 'big';
const NODES = 5_000;
const MOUNT_TIMEOUT_MS = 60_000;
/** What a window of this height shows, and some more above and below. */
const MOST_ROWS = 60;

let room: TestRoom;
beforeEach(async () => {
  room = await TestRoom.enter();
});

const steps: GraphStep[] = Array.from({ length: NODES }, (_, index) => ({
  nodeId: `n${index}`,
  title: `Node ${index}`,
  kind: 'task',
  after: index === 0 ? [] : [`n${index - 1}`],
}));
const run: RunStateEvent = {
  type: 'run_state',
  runId: RUN,
  pipeline: 'p',
  title: 'A run',
  state: 'succeeded',
  startedAt: 0,
  startedBy: null,
  finishedAt: NODES * 10,
  nodes: NODES,
  done: NODES,
  failed: 0,
  gatesWaiting: 0,
  spent: 0,
  budget: 1,
};

function View({ first }: { first: string | null }): ReactElement {
  const [selected, setSelected] = useState(first);
  const graph = useGraph(runTopic(RUN));
  const known = useLatest(runTopic(RUN), 'node_state').size;
  return (
    <div style={{ width: 1000, height: 600 }}>
      <button type="button" onClick={() => setSelected('n4000')}>
        {selected ?? 'none'} of {known}
      </button>
      {graph && <Timeline run={run} graph={graph} selected={selected} onSelect={setSelected} />}
    </div>
  );
}

async function mount(first: string | null = null) {
  const hub = crypto.randomUUID();
  const client = createClient(protocol, {
    url: room.url('/trunk'),
    identity: 'ada',
    worker: () =>
      new SharedWorker(new URL('../../../demo/console/hub.ts', import.meta.url), {
        type: 'module',
        name: hub,
      }),
  });
  const host = document.createElement('div');
  document.body.append(host);
  const root = createRoot(host);
  root.render(
    <Provider client={client}>
      <View first={first} />
    </Provider>,
  );
  onTestFinished(async () => {
    root.unmount();
    host.remove();
    await client.close();
  });
  await expect.poll(() => client.connection.get().state).toBe('open');
  for (let index = 0; index < NODES; index++) {
    room.publish(runTopic(RUN), `node:n${index}`, {
      type: 'node_state',
      nodeId: `n${index}`,
      state: 'succeeded',
      attempt: 1,
      attempts: 1,
      readyAt: index * 10,
      startedAt: index * 10,
      finishedAt: index * 10 + 10,
    });
  }
  room.publish(runTopic(RUN), 'graph', { type: 'run_graph', part: 0, parts: 1, nodes: steps });
  const rows = () => [...host.querySelectorAll<HTMLElement>('[role="option"]')];
  const scroller = () => host.querySelector<HTMLElement>('.timeline-scroller') as HTMLElement;
  const chosen = () => host.querySelector('button')?.textContent;
  await expect.poll(() => host.textContent, { timeout: MOUNT_TIMEOUT_MS }).toContain(`of ${NODES}`);
  await expect.poll(() => rows().length).toBeGreaterThan(0);
  return { host, rows, scroller, chosen };
}

/** Of the rows that are drawn, which is wholly in the window. */
function isSeen(row: HTMLElement | undefined, scroller: HTMLElement): boolean {
  if (!row) return false;
  const own = row.getBoundingClientRect();
  const window = scroller.getBoundingClientRect();
  return own.top >= window.top && own.bottom <= window.bottom;
}

it('draws the rows of 5,000 that are in view, and goes through them by keys', {
  timeout: 2 * MOUNT_TIMEOUT_MS,
}, async () => {
  const { host, rows, scroller, chosen } = await mount();
  const list = host.querySelector<HTMLElement>('[role="listbox"]') as HTMLElement;
  const row = (title: string) =>
    rows().find((one) => one.getAttribute('aria-label')?.startsWith(`${title},`));
  const press = (key: string) =>
    list.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  expect(rows().length).toBeLessThan(MOST_ROWS);
  expect(row('Node 0')?.getAttribute('aria-setsize')).toBe(`${NODES}`);
  expect(row('Node 0')?.getAttribute('aria-label')).toBe(
    'Node 0, succeeded: ran 10 ms; in the longest chain',
  );
  expect(host.textContent).toContain('The longest chain took 50.0 s of 50.0 s');

  list.focus();
  press('End');
  await expect.poll(() => isSeen(row('Node 4999'), scroller())).toBe(true);
  expect(rows().length).toBeLessThan(MOST_ROWS);
  press('ArrowUp');
  await expect.poll(() => list.getAttribute('aria-activedescendant')).toBe(row('Node 4998')?.id);
  press('Enter');
  await expect.poll(chosen).toContain('n4998');
  expect(row('Node 4998')?.getAttribute('aria-selected')).toBe('true');
});

it('shows the row that is selected elsewhere, and zooms around what is in its middle', {
  timeout: 2 * MOUNT_TIMEOUT_MS,
}, async () => {
  const { host, rows, scroller } = await mount('n2500');
  const row = (title: string) =>
    rows().find((one) => one.getAttribute('aria-label')?.startsWith(`${title},`));
  await expect.poll(() => isSeen(row('Node 2500'), scroller())).toBe(true);
  host.querySelector('button')?.click();
  await expect.poll(() => isSeen(row('Node 4000'), scroller())).toBe(true);

  const zoomIn = host.querySelector<HTMLButtonElement>('[aria-label="Zoom in"]');
  for (let times = 0; times < 5; times++) zoomIn?.click();
  await expect.poll(() => scroller().scrollWidth).toBeGreaterThan(5 * scroller().clientWidth);
  const { scrollLeft, scrollWidth, clientWidth } = scroller();
  const names = 232;
  const middle = (scrollLeft + (clientWidth - names) / 2) / (scrollWidth - names);
  expect(middle).toBeCloseTo(0.5, 2);

  const wheel = new WheelEvent('wheel', { deltaY: 10_000, ctrlKey: true, cancelable: true, clientX: 500 });
  scroller().dispatchEvent(wheel);
  expect(wheel.defaultPrevented, 'else the page itself is zoomed').toBe(true);
  await expect.poll(() => scroller().scrollWidth).toBe(scroller().clientWidth);
});
