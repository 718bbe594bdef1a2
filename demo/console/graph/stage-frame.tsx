import { Handle, type Node, type NodeProps, Position } from '@xyflow/react';
import { memo } from 'react';
import { formatCount, plural } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { pagesOf } from './cards.ts';
import { useGraphActions } from './graph-context.ts';
import { MANY, type Stage } from './stages.ts';
import { StateBar, StateCounts } from './state-counts.tsx';
import { useStateCounts } from './states.ts';

export type FrameNode = Node<
  { stage: Stage; nodeIds: readonly string[]; page: number; shown: number },
  'open'
>;

/** Around the nodes of an open stage, which are drawn over it. */
export const StageFrame = memo(function StageFrame({
  data: { stage, nodeIds, page, shown },
  targetPosition = Position.Left,
  sourcePosition = Position.Right,
}: NodeProps<FrameNode>) {
  const counts = useStateCounts(nodeIds);
  const { close } = useGraphActions();
  return (
    <div className="stage-frame">
      <Handle type="target" position={targetPosition} isConnectable={false} />
      <header className="stage-frame-header nopan nokey">
        <span className="stage-frame-title">
          <strong>{stage.title}</strong> <span className="tabular">{plural(nodeIds.length, 'node')}</span>
        </span>
        {pagesOf(stage) > 1 && <Pages stage={stage} page={page} shown={shown} />}
        <button
          type="button"
          className="button icon-only"
          aria-label={`Close ${stage.title}`}
          onClick={({ currentTarget }) => {
            // It stays, as the closed stage.
            currentTarget.closest<HTMLElement>('.react-flow__node')?.focus();
            close(stage.stageId);
          }}
        >
          <Icon name="close" />
        </button>
        <StateCounts nodeIds={nodeIds} counts={counts} />
        <StateBar counts={counts} />
      </header>
      <Handle type="source" position={sourcePosition} isConnectable={false} />
    </div>
  );
});

function Pages({ stage, page, shown }: { stage: Stage; page: number; shown: number }) {
  const { show } = useGraphActions();
  const first = page * MANY + 1;
  const turnTo = (to: number) => () => show(stage.stageId, to);
  return (
    <span className="stage-pages">
      <button
        type="button"
        className="button icon-only"
        aria-label={`${stage.title}: earlier nodes`}
        disabled={page === 0}
        onClick={turnTo(page - 1)}
      >
        <Icon name="back" />
      </button>
      <span className="tabular">
        {formatCount(first)}–{formatCount(first + shown - 1)}
      </span>
      <button
        type="button"
        className="button icon-only"
        aria-label={`${stage.title}: later nodes`}
        disabled={page === pagesOf(stage) - 1}
        onClick={turnTo(page + 1)}
      >
        <Icon name="next" />
      </button>
    </span>
  );
}
