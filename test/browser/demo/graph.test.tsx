/// <reference types="vite/client" />
/** The console's graph in real Chromium, with a real hub and a real server: what an event costs. */
import type { NodeProps } from '@xyflow/react';
import { Profiler, type ReactElement, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient } from 'trunkline';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { READABLE_ZOOM } from '../../../demo/console/graph/first-view.ts';
import { GraphNode, type StepNode } from '../../../demo/console/graph/graph-node.tsx';
import '../../../demo/console/styles/console.css';
import { RunGraph } from '../../../demo/console/graph/run-graph.tsx';
import { type GraphStep, useGraph } from '../../../demo/console/graph/use-graph.ts';
import { Provider, useLatest } from '../../../demo/console/trunk.ts';
import { protocol, runTopic } from '../../../demo/engine/protocol.ts';
import { TestRoom } from '../worker/support/room.ts';

const RUN = 'big';
const WIDTH = 40;
const MOUNT_TIMEOUT_MS = 60_000;

let room: TestRoom;
beforeEach(async () => {
  room = await TestRoom.enter();
});

const stepsIn = (layers: number): GraphStep[] =>
  Array.from({ length: layers * WIDTH }, (_, index) => {
    const layer = Math.floor(index / WIDTH);
    const before = [index - WIDTH, index - WIDTH + ((index * 7) % WIDTH) - (index % WIDTH)];
    return {
      nodeId: `n${index}`,
      title: `Node ${index}`,
      kind: 'task',
      after: layer === 0 ? [] : [...new Set(before)].map((other) => `n${other}`),
    };
  });

/** Commits of each node since the last look, by React's profiler. */
const commits: string[] = [];
const ProfiledNode = (props: NodeProps<StepNode>) => (
  <Profiler id={props.id} onRender={(id) => commits.push(id)}>
    <GraphNode {...props} />
  </Profiler>
);

/** Selects a node as the address does: from outside of the graph. */
let selectNode: (nodeId: string | null) => void;

/** As the console's run view: it renders with each change of the run, its graph does not. */
function View(): ReactElement {
  const graph = useGraph(runTopic(RUN));
  const run = useLatest(runTopic(RUN), 'run_state', `run:${RUN}`);
  const [selected, setSelected] = useState<string | null>(null);
  selectNode = setSelected;
  return (
    <div style={{ width: 1200, height: 800 }}>
      <p>{run?.done ?? 'no'} done</p>
      <output>{selected}</output>
      {graph && (
        <RunGraph
          runId={RUN}
          graph={graph}
          selected={selected}
          onSelect={setSelected}
          stepNode={ProfiledNode}
        />
      )}
    </div>
  );
}

/** With a graph of so many layers, once it is drawn. @param before what has happened in the run until then. */
async function mount(layers: number, before = () => {}): Promise<HTMLElement> {
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
      <View />
    </Provider>,
  );
  onTestFinished(async () => {
    root.unmount();
    host.remove();
    await client.close();
  });
  await expect.poll(() => client.connection.get().state).toBe('open');
  before();
  room.publish(runTopic(RUN), 'graph', { type: 'run_graph', part: 0, parts: 1, nodes: stepsIn(layers) });
  await expect
    .poll(() => host.querySelectorAll('.graph-node, .stage-card').length, { timeout: MOUNT_TIMEOUT_MS })
    .toBeGreaterThan(0);
  await atRest();
  return host;
}

/** Nothing was committed for a while. */
async function atRest(): Promise<void> {
  let seen = -1;
  await expect
    .poll(
      () => {
        const isAtRest = seen === commits.length;
        seen = commits.length;
        return isAtRest;
      },
      { interval: 300, timeout: MOUNT_TIMEOUT_MS },
    )
    .toBe(true);
  commits.length = 0;
}

function nodeIs(nodeId: string, state: string): void {
  room.publish(runTopic(RUN), `node:${nodeId}`, {
    type: 'node_state',
    nodeId,
    state,
    attempt: 1,
    attempts: 1,
    startedAt: 1,
    finishedAt: null,
  });
}
const stateOf = (host: HTMLElement, nodeId: string) =>
  host.querySelector<HTMLElement>(`[data-id="${nodeId}"] .graph-node`)?.dataset['state'];

const all = (host: HTMLElement, selector: string) => [...host.querySelectorAll<HTMLElement>(selector)];
const titleOf = (element: Element | null) =>
  element?.closest('.react-flow__node')?.getAttribute('aria-label');
/** Whether all of it is within the graph's own window. */
function isInView(host: HTMLElement, nodeId: string): boolean {
  const pane = host.querySelector('.react-flow')?.getBoundingClientRect();
  const node = host.querySelector(`[data-id="${nodeId}"]`)?.getBoundingClientRect();
  if (!pane || !node) return false;
  return (
    node.left >= pane.left && node.right <= pane.right && node.top >= pane.top && node.bottom <= pane.bottom
  );
}

it('renders one node for an event about one node, and none for an event about the run', {
  timeout: 2 * MOUNT_TIMEOUT_MS,
}, async () => {
  const host = await mount(3);
  expect(all(host, '.graph-node')).toHaveLength(3 * WIDTH);

  nodeIs('n50', 'running');
  await expect.poll(() => stateOf(host, 'n50')).toBe('running');
  expect(commits).toEqual(['n50']);

  nodeIs('n50', 'succeeded');
  nodeIs('n7', 'running');
  await expect.poll(() => [stateOf(host, 'n50'), stateOf(host, 'n7')]).toEqual(['succeeded', 'running']);
  expect(commits.slice(1).sort()).toEqual(['n50', 'n7']);

  room.publish(runTopic(RUN), `run:${RUN}`, {
    type: 'run_state',
    runId: RUN,
    pipeline: 'p',
    title: 'A run',
    state: 'running',
    startedAt: 1,
    finishedAt: null,
    nodes: 3 * WIDTH,
    done: 1,
    failed: 0,
    gatesWaiting: 0,
    spent: 0,
    budget: 1,
  });
  await expect.poll(() => host.textContent).toContain('1 done');
  expect(commits).toHaveLength(3);
});

it('draws a thousand nodes as stages, which tell how far they are; what failed is one click away', {
  timeout: 2 * MOUNT_TIMEOUT_MS,
}, async () => {
  const host = await mount(25);
  expect(all(host, '.stage-card')).toHaveLength(25);
  expect(all(host, '.graph-node')).toHaveLength(0);

  nodeIs('n401', 'succeeded');
  nodeIs('n402', 'failed');
  const stage = () => all(host, '.stage-card')[10];
  await expect.poll(() => stage()?.textContent).toContain('1 of 40 done');
  expect(stage()?.dataset['state']).toBe('failed');

  stage()?.querySelector('button')?.click();
  await expect.poll(() => isInView(host, 'n402'), { timeout: MOUNT_TIMEOUT_MS }).toBe(true);
  expect(host.querySelector('output')?.textContent).toBe('n402');
  expect(all(host, '.stage-card')).toHaveLength(24);
  expect(stateOf(host, 'n402')).toBe('failed');
  expect(host.querySelector<HTMLElement>('[data-id="n402"] .graph-node')?.dataset['selected']).toBe('true');

  host.querySelector<HTMLElement>('[aria-label="Close Node"]')?.click();
  await expect.poll(() => all(host, '.stage-card').length, { timeout: MOUNT_TIMEOUT_MS }).toBe(25);
  expect(all(host, '.graph-node')).toHaveLength(0);
  expect(stage()?.dataset['selected']).toBe('true');
});

it('opens on what has failed, in letters that can be read', { timeout: 2 * MOUNT_TIMEOUT_MS }, async () => {
  const host = await mount(25, () => {
    nodeIs('n3', 'running');
    nodeIs('n810', 'failed');
  });
  const failed = host.querySelector<HTMLElement>('.stage-card[data-state="failed"]');
  expect(isInView(host, failed?.closest<HTMLElement>('.react-flow__node')?.dataset['id'] ?? '')).toBe(true);
  const { width } = failed?.getBoundingClientRect() ?? { width: 0 };
  expect(width / (failed?.offsetWidth ?? 1)).toBeGreaterThan(READABLE_ZOOM - 0.01);
});

it('goes to a node that is selected elsewhere, and stays where it is for one that is clicked', {
  timeout: 2 * MOUNT_TIMEOUT_MS,
}, async () => {
  const host = await mount(3);
  selectNode('n119');
  await expect.poll(() => isInView(host, 'n119')).toBe(true);

  const viewport = () => host.querySelector<HTMLElement>('.react-flow__viewport')?.style.transform;
  const before = viewport();
  const cut = all(host, '.react-flow__node').find(
    (node) => node.dataset['id'] !== 'n119' && !isInView(host, node.dataset['id'] ?? ''),
  );
  cut?.click();
  await expect.poll(() => host.querySelector('output')?.textContent).toBe(cut?.dataset['id']);
  await atRest();
  expect(viewport()).toBe(before);
});

it('marks what is searched for, and goes from one to the next by Enter', {
  timeout: 2 * MOUNT_TIMEOUT_MS,
}, async () => {
  const host = await mount(3);
  const field = page.getByLabelText('Find a node');
  await field.fill('node 11');
  await expect.poll(() => all(host, '.graph-node[data-match="true"]').length).toBe(11);
  await userEvent.keyboard('{Enter}');
  await expect.poll(() => isInView(host, 'n11')).toBe(true);
  expect(host.querySelector('.graph-search output')?.textContent).toBe('1 of 11');
  await userEvent.keyboard('{Enter}');
  await expect.poll(() => isInView(host, 'n110')).toBe(true);
  await userEvent.keyboard('{Shift>}{Enter}{/Shift}');
  await expect.poll(() => host.querySelector('output')?.textContent).toBe('n11');
  await userEvent.keyboard('{Escape}');
  await expect.poll(() => all(host, '.graph-node[data-match="true"]').length).toBe(0);
});

it('goes through the nodes by the arrow keys, and opens by Enter', {
  timeout: 2 * MOUNT_TIMEOUT_MS,
}, async () => {
  const host = await mount(25);
  all(host, '.react-flow__node')[0]?.focus();
  await userEvent.keyboard('{ArrowDown}{ArrowDown}{ArrowUp}{Enter}');
  await expect.poll(() => all(host, '.stage-frame').length, { timeout: MOUNT_TIMEOUT_MS }).toBe(1);
  await expect.poll(() => all(host, '.graph-node').length).toBe(WIDTH);
  expect(titleOf(host.querySelector('.graph-node'))).toBe('Node 40');
});
