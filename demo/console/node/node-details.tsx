import { runTopic } from '../../engine/protocol.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { LogPanel } from '../log/log-panel.tsx';
import { useLatest } from '../trunk.ts';
import { formatBytes, formatClock, formatDuration, formatMoney } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { useLanding } from '../ui/landing.ts';
import { StateBadge } from '../ui/state.tsx';
import { NodeActions } from './node-actions.tsx';

/** One node: its state, what it took, what it wrote. To be keyed by the node. */
export function NodeDetails({
  runId,
  nodeId,
  graph,
  onClose,
}: {
  runId: string;
  nodeId: string;
  graph: readonly GraphStep[];
  onClose: () => void;
}) {
  const topic = runTopic(runId);
  const node = useLatest(topic, 'node_state', `node:${nodeId}`);
  const cost = useLatest(topic, 'cost_update', 'cost');
  const step = graph.find((candidate) => candidate.nodeId === nodeId);
  const state = node?.state ?? 'pending';
  const metrics = node?.metrics;
  return (
    <>
      <header className="details-header">
        <div>
          <h2 ref={useLanding()} tabIndex={-1}>
            {step?.title ?? nodeId}
          </h2>
          <p className="details-id">{nodeId}</p>
        </div>
        <button type="button" className="button icon-only" aria-label="Close the node" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className="details-state">
        <StateBadge state={state} />
        <NodeActions runId={runId} nodeId={nodeId} state={state} graph={graph} />
      </div>
      {node?.message && (
        <p className="details-message" data-state={state}>
          {node.message}
        </p>
      )}
      <dl className="facts">
        <Fact
          label="Attempt"
          value={node && node.attempt > 0 ? `${node.attempt} of ${node.attempts}` : null}
        />
        <Fact label="Started" value={node?.startedAt != null ? formatClock(node.startedAt) : null} />
        <Fact label="Took" value={metrics ? formatDuration(metrics.durationMs) : null} />
        <Fact label="CPU" value={metrics ? `${metrics.cpuSeconds.toFixed(2)} s` : null} />
        <Fact label="Memory" value={metrics ? formatBytes(metrics.memoryBytes) : null} />
        <Fact label="Cost" value={metrics && cost ? formatMoney(metrics.cost, cost.currency) : null} />
      </dl>
      {step && step.after.length > 0 && (
        <p className="details-after">
          <span>After</span> {step.after.map((id) => nameOf(id, graph)).join(', ')}
        </p>
      )}
      {step?.command && (
        <>
          <h3>Command</h3>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
          <pre className="details-command" tabIndex={0}>
            {step.command}
          </pre>
        </>
      )}
      <LogPanel runId={runId} nodeId={nodeId} graph={graph} />
    </>
  );
}

/** Its title, with its id where several have that title. */
function nameOf(id: string, graph: readonly GraphStep[]): string {
  const title = graph.find(({ nodeId }) => nodeId === id)?.title ?? id;
  const isShared = graph.filter((step) => step.title === title).length > 1;
  return isShared ? `${title} (${id})` : title;
}

function Fact({ label, value }: { label: string; value: string | null }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="tabular">{value ?? '–'}</dd>
    </div>
  );
}
