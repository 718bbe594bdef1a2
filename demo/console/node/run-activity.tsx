import { runTopic } from '../../engine/protocol.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { LogPanel } from '../log/log-panel.tsx';
import { goTo } from '../route.ts';
import { Recorded } from '../runs/recorded.tsx';
import { useLatest } from '../trunk.ts';
import { StateIcon } from '../ui/state.tsx';
import { BY_URGENCY, IN_FOCUS } from '../ui/urgency.ts';

const SHOWN_NODES = 6;

/** While no node is selected: what waits, failed, runs or was rejected, the most urgent first, and the newest lines of all nodes. To be keyed by the run. */
export function RunActivity({ runId, graph }: { runId: string; graph: readonly GraphStep[] }) {
  // With the run's own state: without it, none of this is known yet, and having no node says nothing.
  const events = useLatest(runTopic(runId), ['run_state', 'node_state']);
  const run = events.get(`run:${runId}`);
  const titles = new Map(graph.map(({ nodeId, title }) => [nodeId, title]));
  const active = [...events.values()]
    .filter((event) => event.type === 'node_state')
    .filter(({ state }) => IN_FOCUS.has(state))
    .sort((one, other) => BY_URGENCY.indexOf(one.state) - BY_URGENCY.indexOf(other.state));
  return (
    <>
      <header className="details-header">
        <h2>Activity</h2>
      </header>
      {run?.type === 'run_state' && run.message && (
        <p className="details-message" data-state={run.state}>
          {run.message}
        </p>
      )}
      {run?.type === 'run_state' && <Recorded run={run} />}
      <ul className="active-nodes">
        {active.slice(0, SHOWN_NODES).map(({ nodeId, state }) => (
          <li key={nodeId}>
            <button type="button" className="active-node" onClick={() => goTo({ runId, nodeId })}>
              <StateIcon state={state} />
              {titles.get(nodeId) ?? nodeId}
            </button>
          </li>
        ))}
        {active.length > SHOWN_NODES && <li className="hint">and {active.length - SHOWN_NODES} more</li>}
        {events.size > 0 && active.length === 0 && <li className="hint">No node is running.</li>}
      </ul>
      <LogPanel runId={runId} nodeId={null} graph={graph} />
    </>
  );
}
