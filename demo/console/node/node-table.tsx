import { useDeferredValue, useMemo, useState } from 'react';
import { runTopic } from '../../engine/protocol.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { useClient, useLatest } from '../trunk.ts';
import { NodeFilter } from './node-filter.tsx';
import { NodeRows } from './node-rows.tsx';
import { countStates, type Filter, filterRows, type Order, rowsOf, sortRows } from './rows.ts';

interface Props {
  readonly runId: string;
  readonly graph: readonly GraphStep[];
  readonly selected: string | null;
  readonly onSelect: (nodeId: string) => void;
}

const ALL: Filter = { states: new Set(), name: '' };
const MOST_URGENT_FIRST: Order = { by: 'state', isDescending: false };

/** The same nodes as a table: for a screen reader, a narrow window, and whoever looks for a name or for what failed. */
export function NodeTable({ runId, graph, selected, onSelect }: Props) {
  const client = useClient();
  const topic = runTopic(runId);
  // A click is answered before thousands of rows are sorted anew.
  const nodes = useDeferredValue(useLatest(topic, 'node_state'));
  const cost = useLatest(topic, 'cost_update', 'cost');
  const replay = useLatest(topic, 'run_state', `run:${runId}`)?.replay;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is told of a replay comes with each event, and never changes
  const run = useMemo(() => ({ replay }), [replay?.speed]);
  const [filter, setFilter] = useState(ALL);
  const [order, setOrder] = useState(MOST_URGENT_FIRST);
  const all = useMemo(() => rowsOf(graph, nodes), [graph, nodes]);
  const counts = useMemo(() => countStates(all), [all]);
  const rows = useMemo(
    () => sortRows(filterRows(all, filter), order, { run, now: client.now() }),
    [all, filter, order, run, client],
  );
  return (
    <div className="node-table">
      <NodeFilter
        filter={filter}
        onFilter={setFilter}
        counts={counts}
        shown={rows.length}
        total={all.length}
      />
      <NodeRows
        rows={rows}
        run={run}
        order={order}
        onOrder={setOrder}
        currency={cost?.currency ?? null}
        selected={selected}
        onSelect={onSelect}
      />
    </div>
  );
}
