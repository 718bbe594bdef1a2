import { useDeferredValue, useMemo, useRef, useState } from 'react';
import type { RunStateEvent } from '../../engine/events.ts';
import { runTopic } from '../../engine/protocol.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { useLatest, useNow } from '../trunk.ts';
import { useMedia } from '../ui/use-media.ts';
import { ChainWords } from './chain-words.tsx';
import { inOrder, longestChain } from './longest-chain.ts';
import { Metrics } from './metrics.tsx';
import { type Order, sortedBy } from './rows.ts';
import { spanOf } from './span.ts';
import { Axis, GridLines, useTicks } from './ticks.tsx';
import { TimelineRows } from './timeline-rows.tsx';
import { TimelineTools } from './timeline-tools.tsx';
import { useSeen } from './use-seen.ts';
import { useZoom } from './use-zoom.ts';

const TICK_MS = 1_000;
/** What is over needs no clock: the longest period of a timer. */
const NEVER_MS = 2 ** 31 - 1;
const NARROW = '(max-width: 720px)';
/** For more than the rows, until somebody asks otherwise. */
const ROOM_FOR_METRICS = '(min-width: 721px) and (min-height: 700px)';
/** As in the style sheet; in a narrow window names are above the bars. */
const NAMES_PX = 232;

/** When each node of a run waited and ran: one row a node, all under one clock. */
export function Timeline({
  run,
  graph,
  selected,
  onSelect,
}: {
  run: RunStateEvent;
  graph: readonly GraphStep[];
  selected: string | null;
  onSelect: (nodeId: string) => void;
}) {
  const nodes = useDeferredValue(useLatest(runTopic(run.runId), 'node_state'));
  const clock = useNow(run.finishedAt === null ? TICK_MS : NEVER_MS);
  const now = run.finishedAt ?? Math.max(run.startedAt, clock);
  const span = useMemo(() => spanOf(run, now), [run, now]);
  const steps = useMemo(() => inOrder(graph), [graph]);
  const chain = useMemo(() => longestChain(steps, nodes, now), [steps, nodes, now]);
  const inChain = useMemo(() => new Set(chain?.nodeIds), [chain]);
  const [order, setOrder] = useState<Order>('start');
  const hasRoom = useMedia(ROOM_FOR_METRICS);
  const [asked, setAsked] = useState<boolean | null>(null);
  const hasMetrics = asked ?? hasRoom;
  const [isChainAlone, setIsChainAlone] = useState(false);
  const sorted = useMemo(() => sortedBy(order, graph, nodes), [order, graph, nodes]);
  const rows = isChainAlone ? sorted.filter(({ nodeId }) => inChain.has(nodeId)) : sorted;

  const isNarrow = useMedia(NARROW);
  const namesPx = isNarrow ? 0 : NAMES_PX;
  const scroller = useRef<HTMLDivElement>(null);
  const metrics = useRef<HTMLElement>(null);
  const zoom = useZoom(scroller, namesPx);
  const seen = useSeen(scroller);
  const width = `calc(${namesPx}px + (100% - ${namesPx}px) * ${zoom.factor})`;
  const ticks = useTicks(run, span, seen, (seen.width - namesPx) * zoom.factor);
  return (
    <section className="timeline" aria-label="Timeline">
      <TimelineTools
        order={order}
        onOrder={setOrder}
        zoom={zoom}
        hasMetrics={hasMetrics}
        onMetrics={setAsked}
      />
      <ChainWords
        run={run}
        graph={graph}
        nodes={nodes}
        chain={chain}
        now={now}
        isAlone={isChainAlone}
        onAlone={setIsChainAlone}
      />
      <div className="timeline-scroller" ref={scroller}>
        <div className="timeline-sheet" style={{ width }}>
          <Axis ticks={ticks} />
          <div className="timeline-body">
            <GridLines ticks={ticks} span={span} now={run.finishedAt === null ? now : null} />
            <TimelineRows
              rows={rows}
              nodes={nodes}
              inChain={inChain}
              run={run}
              span={span}
              now={now}
              isNarrow={isNarrow}
              scroller={scroller}
              below={metrics}
              zoom={zoom}
              selected={selected}
              onSelect={onSelect}
            />
          </div>
          {hasMetrics && <Metrics ref={metrics} run={run} nodes={nodes} span={span} now={now} />}
        </div>
      </div>
    </section>
  );
}
