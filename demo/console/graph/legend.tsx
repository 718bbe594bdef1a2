import { memo, useMemo } from 'react';
import { StateCounts } from './state-counts.tsx';
import { useStateCounts } from './states.ts';
import type { GraphStep } from './use-graph.ts';

/** What the signs and colours mean, and how many nodes are in each of the states that occur. */
export const Legend = memo(function Legend({ graph }: { graph: readonly GraphStep[] }) {
  const nodeIds = useMemo(() => graph.map(({ nodeId }) => nodeId), [graph]);
  const counts = useStateCounts(nodeIds);
  return (
    <section className="graph-legend" aria-label="States of the nodes">
      <StateCounts nodeIds={nodeIds} counts={counts} />
    </section>
  );
});
