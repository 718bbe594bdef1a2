import { ReactFlowProvider } from '@xyflow/react';
import { memo, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { toCards, toLinks } from './cards.ts';
import { Drawing, type GraphProps } from './drawing.tsx';
import { windowOf } from './first-view.ts';
import type { Size } from './layout.ts';
import { toStages } from './stages.ts';
import { StatesProvider, useStatesOfRun } from './states.ts';
import { useLayout } from './use-layout.ts';
import { useOpenStages } from './use-open-stages.ts';

/**
 * The graph itself never changes: what does is inside of its nodes. It must not render with its run, since each of its
 * renders makes all nodes and edges look at their properties again.
 */
export const RunGraph = memo(function RunGraph(props: GraphProps) {
  return (
    <StatesProvider value={useStatesOfRun(props.runId)}>
      <Pane key={props.runId} {...props} />
    </StatesProvider>
  );
});

function Pane(props: GraphProps) {
  const { graph, selected } = props;
  const pane = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<Size | null>(null);
  useLayoutEffect(() => {
    if (pane.current) setSize({ width: pane.current.clientWidth, height: pane.current.clientHeight });
  }, []);
  const window = useMemo(() => size && windowOf(size), [size]);

  const stages = useMemo(() => toStages(graph), [graph]);
  const { open, show, close } = useOpenStages(stages, selected);
  const cards = useMemo(() => toCards(graph, stages, open), [graph, stages, open]);
  const links = useMemo(() => toLinks(graph, cards), [graph, cards]);
  const arranged = useLayout(cards, links, window);
  return (
    <div className="graph-pane" ref={pane}>
      {arranged && size ? (
        <ReactFlowProvider>
          <Drawing {...props} arranged={arranged} size={size} onShow={show} onClose={close} />
        </ReactFlowProvider>
      ) : (
        <p className="canvas-note">Laying out {graph.length} nodes …</p>
      )}
    </div>
  );
}
