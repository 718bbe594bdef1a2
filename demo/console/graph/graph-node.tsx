import { Handle, type Node, type NodeProps, Position } from '@xyflow/react';
import { memo } from 'react';
import { useIsHighlighted } from '../errors/highlight.ts';
import { formatDuration } from '../ui/format.ts';
import { STATE_WORDS, StateIcon } from '../ui/state.tsx';
import { useMatches } from './graph-context.ts';
import { useNodeEvent } from './states.ts';

export type StepNode = Node<
  { runId: string; title: string; kind: 'task' | 'gate'; nodeIds: readonly string[] },
  'step'
>;

/** Reads the state of its own node, so that an event renders the one node that it is about. */
export const GraphNode = memo(function GraphNode({
  id,
  data,
  selected,
  targetPosition = Position.Left,
  sourcePosition = Position.Right,
}: NodeProps<StepNode>) {
  const { runId, title, kind } = data;
  const node = useNodeEvent(id);
  const isHighlighted = useIsHighlighted(runId, id);
  const isMatch = useMatches().has(id);
  const state = node?.state ?? 'pending';
  return (
    <div
      className="graph-node"
      data-state={state}
      data-kind={kind}
      data-selected={selected}
      data-highlighted={isHighlighted}
      data-match={isMatch}
      title={title}
    >
      <Handle type="target" position={targetPosition} isConnectable={false} />
      <StateIcon state={state} />
      <span className="graph-node-text">
        <span className="graph-node-title">{title}</span>
        <span className="graph-node-facts">
          {STATE_WORDS[state]}
          {node?.metrics && node.finishedAt !== null && <> · {formatDuration(node.metrics.durationMs)}</>}
          {node && node.attempts > 1 && node.attempt > 0 && (
            <>
              {' '}
              · {node.attempt}/{node.attempts}
            </>
          )}
        </span>
      </span>
      <Handle type="source" position={sourcePosition} isConnectable={false} />
    </div>
  );
});
