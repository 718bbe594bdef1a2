import { memo } from 'react';
import type { NodeStateEvent } from '../../engine/events.ts';
import type { RunTime } from '../runs/run-time.ts';
import { useNow } from '../trunk.ts';
import { formatClock, formatDuration, formatMoney, formatSoFar } from '../ui/format.ts';
import { StateBadge } from '../ui/state.tsx';
import { durationOf, type Row } from './rows.ts';

/** One node; where the window is narrow, its figures stand in a second line below its name. */
export const NodeRow = memo(function NodeRow({
  row: { nodeId, title, state, node },
  run,
  id,
  index,
  position,
  currency,
  isSelected,
  isActive,
  measure,
  onChoose,
}: {
  row: Row;
  run: RunTime;
  id: string;
  index: number;
  /** Among the rows of the table, from 1. */
  position: number;
  /** `null`: the run counts no cost. */
  currency: string | null;
  isSelected: boolean;
  /** Where the keys are. */
  isActive: boolean;
  measure: (element: Element | null) => void;
  onChoose: (nodeId: string) => void;
}) {
  const start = node?.startedAt == null ? '–' : formatClock(node.startedAt);
  const attempt = node && node.attempt > 0 ? `${node.attempt} of ${node.attempts}` : '–';
  const cost = currency === null ? null : node?.metrics ? formatMoney(node.metrics.cost, currency) : '–';
  return (
    <tr
      ref={measure}
      id={id}
      data-index={index}
      data-active={isActive}
      aria-rowindex={position}
      aria-selected={isSelected}
      onClick={() => onChoose(nodeId)}
    >
      <th scope="row">
        <span className="node-name" title={title}>
          {title}
        </span>
        <span className="node-folded tabular">
          {node?.startedAt != null && (
            <>
              {start} · <Took node={node} run={run} />
              {node.attempts > 1 && ` · attempt ${attempt}`}
              {node.metrics && cost !== null && ` · ${cost}`}
            </>
          )}
        </span>
      </th>
      <td>
        <StateBadge state={state} />
      </td>
      <td data-column="start" className="tabular">
        {start}
      </td>
      <td data-column="duration" className="tabular">
        <Took node={node} run={run} />
      </td>
      <td data-column="attempt" className="tabular">
        {attempt}
      </td>
      {cost !== null && (
        <td data-column="cost" className="tabular">
          {cost}
        </td>
      )}
    </tr>
  );
});

function Took({ node, run }: { node: NodeStateEvent | undefined; run: RunTime }) {
  if (node?.startedAt != null && node.finishedAt === null) return <Taking node={node} run={run} />;
  const took = durationOf(node, { run, now: 0 });
  return took === null ? '–' : formatDuration(took);
}

function Taking({ node, run }: { node: NodeStateEvent; run: RunTime }) {
  return formatSoFar(durationOf(node, { run, now: useNow() }) ?? 0);
}
