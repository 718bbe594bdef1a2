/** The console's graph in real Chromium, with a real hub and a real server: what an event costs. */
import type { NodeProps } from '@xyflow/react';
import { Profiler, type ReactElement } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient } from 'trunkline';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { GraphNode, type StepNode } from '../../../demo/console/graph/graph-node.tsx';
import { RunGraph } from '../../../demo/console/graph/run-graph.tsx';
import { type GraphStep, useGraph } from '../../../demo/console/graph/use-graph.ts';
import { Provider, useLatest } from '../../../demo/console/trunk.ts';
import { protocol, runTopic } from '../../../demo/engine/protocol.ts';
import { TestRoom } from '../worker/support/room.ts';

const RUN = 'big';
const LAYERS = 25;
const WIDTH = 40;
const NODES = LAYERS * WIDTH;
const MOUNT_TIMEOUT_MS = 60_000;

let room: TestRoom;
beforeEach(async () => {
  room = await TestRoom.enter();
});

const steps: GraphStep[] = Array.from({ length: NODES }, (_, index) => {
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
const PROFILED = { step: ProfiledNode };
const ignore = () => {};

/** As the console's run view: it renders with each change of the run, its graph does not. */
function View(): ReactElement {
  const graph = useGraph(runTopic(RUN));
  const run = useLatest(runTopic(RUN), 'run_state', `run:${RUN}`);
  return (
    <div style={{ width: 1200, height: 800 }}>
      <p>{run?.done ?? 'no'} done</p>
      {graph && <RunGraph runId={RUN} graph={graph} selected={null} onSelect={ignore} nodeTypes={PROFILED} />}
    </div>
  );
}

async function mount(): Promise<HTMLElement> {
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
  room.publish(runTopic(RUN), 'graph', { type: 'run_graph', part: 0, parts: 1, nodes: steps });
  await expect
    .poll(() => host.querySelectorAll('.graph-node').length, { timeout: MOUNT_TIMEOUT_MS })
    .toBe(NODES);
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

it('renders one node of a thousand for an event about one node, and none for an event about the run', {
  timeout: 2 * MOUNT_TIMEOUT_MS,
}, async () => {
  const host = await mount();

  nodeIs('n500', 'running');
  await expect.poll(() => stateOf(host, 'n500')).toBe('running');
  expect(commits).toEqual(['n500']);

  nodeIs('n500', 'succeeded');
  nodeIs('n7', 'running');
  await expect.poll(() => [stateOf(host, 'n500'), stateOf(host, 'n7')]).toEqual(['succeeded', 'running']);
  expect(commits.slice(1).sort()).toEqual(['n500', 'n7']);

  room.publish(runTopic(RUN), `run:${RUN}`, {
    type: 'run_state',
    runId: RUN,
    pipeline: 'p',
    title: 'A run',
    state: 'running',
    startedAt: 1,
    finishedAt: null,
    nodes: NODES,
    done: 1,
    failed: 0,
    gatesWaiting: 0,
    spent: 0,
    budget: 1,
  });
  await expect.poll(() => host.textContent).toContain('1 done');
  expect(commits).toHaveLength(3);
});
