import { memo } from 'react';
import { runTopic } from '../../engine/protocol.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { useLatest } from '../trunk.ts';
import { formatDuration } from '../ui/format.ts';
import { StateBadge } from '../ui/state.tsx';

interface Props {
  readonly runId: string;
  readonly graph: readonly GraphStep[];
  readonly selected: string | null;
  readonly onSelect: (nodeId: string) => void;
}

/** The same nodes as a table: for a screen reader, a narrow window, and whoever looks for a name. */
export function NodeTable({ runId, graph, selected, onSelect }: Props) {
  return (
    <div className="node-table">
      <table>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">State</th>
            <th scope="col">Took</th>
            <th scope="col">Attempt</th>
          </tr>
        </thead>
        <tbody>
          {graph.map(({ nodeId, title }) => (
            <Row
              key={nodeId}
              runId={runId}
              nodeId={nodeId}
              title={title}
              isSelected={nodeId === selected}
              onSelect={onSelect}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const Row = memo(function Row({
  runId,
  nodeId,
  title,
  isSelected,
  onSelect,
}: {
  runId: string;
  nodeId: string;
  title: string;
  isSelected: boolean;
  onSelect: (nodeId: string) => void;
}) {
  const node = useLatest(runTopic(runId), 'node_state', `node:${nodeId}`);
  return (
    <tr aria-selected={isSelected}>
      <th scope="row">
        <button type="button" className="link" onClick={() => onSelect(nodeId)}>
          {title}
        </button>
      </th>
      <td>
        <StateBadge state={node?.state ?? 'pending'} />
      </td>
      <td className="tabular">{node?.metrics ? formatDuration(node.metrics.durationMs) : '–'}</td>
      <td className="tabular">{node ? `${node.attempt} of ${node.attempts}` : '–'}</td>
    </tr>
  );
});
