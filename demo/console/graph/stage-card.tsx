import { Handle, type Node, type NodeProps, Position } from '@xyflow/react';
import { memo } from 'react';
import { formatCount } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { IN_FOCUS } from '../ui/urgency.ts';
import { useGraphActions, useMatches } from './graph-context.ts';
import type { Stage } from './stages.ts';
import { StateBar, StateCounts } from './state-counts.tsx';
import { useStateCounts } from './states.ts';

export type StageNode = Node<{ stage: Stage; nodeIds: readonly string[] }, 'stage'>;

/** A closed stage: how far it is, and what in it has to be looked at. */
export const StageCard = memo(function StageCard({
  data: { stage, nodeIds },
  targetPosition = Position.Left,
  sourcePosition = Position.Right,
}: NodeProps<StageNode>) {
  const counts = useStateCounts(nodeIds);
  const { selected } = useGraphActions();
  const matches = useMatches();
  const found = matches.size === 0 ? 0 : nodeIds.filter((nodeId) => matches.has(nodeId)).length;
  const done = counts.find(({ state }) => state === 'succeeded')?.count ?? 0;
  return (
    <div
      className="stage-card"
      data-state={counts[0]?.state}
      data-selected={selected !== null && nodeIds.includes(selected)}
      data-match={found > 0}
      title={`${stage.title}: open it`}
    >
      <Handle type="target" position={targetPosition} isConnectable={false} />
      <span className="stage-title">
        <span>{stage.title}</span>
        <Icon name="next" />
      </span>
      <StateBar counts={counts} />
      <span className="stage-facts tabular">
        {formatCount(done)} of {formatCount(nodeIds.length)} done
        {found > 0 && <strong> · {formatCount(found)} found</strong>}
      </span>
      <StateCounts nodeIds={nodeIds} counts={counts.filter(({ state }) => IN_FOCUS.has(state))} />
      <Handle type="source" position={sourcePosition} isConnectable={false} />
    </div>
  );
});
