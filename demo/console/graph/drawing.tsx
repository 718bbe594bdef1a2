import {
  type AriaLabelConfig,
  Controls,
  type NodeChange,
  type NodeProps,
  type NodeTypes,
  ReactFlow,
  useStore,
  type Viewport,
} from '@xyflow/react';
import { type ComponentType, useCallback, useMemo, useState } from 'react';
import { linksOf, stepsOf } from './cards.ts';
import { boundsOf, type DrawnNode, rectsOf, toEdges, toNodes } from './drawn.ts';
import { firstView } from './first-view.ts';
import { ActionsProvider, type GraphActions, MatchesProvider } from './graph-context.ts';
import { GraphNode, type StepNode } from './graph-node.tsx';
import { type Size, zoomToFit } from './layout.ts';
import { Legend } from './legend.tsx';
import { Overview } from './overview.tsx';
import { findMatches } from './search.ts';
import { SearchBox } from './search-box.tsx';
import { StageCard } from './stage-card.tsx';
import { StageFrame } from './stage-frame.tsx';
import { MANY } from './stages.ts';
import { mostUrgent, useStates } from './states.ts';
import { useArrowKeys } from './use-arrow-keys.ts';
import { useBringIntoView } from './use-bring-into-view.ts';
import { useFollowPane } from './use-follow-pane.ts';
import type { GraphStep } from './use-graph.ts';
import type { Arranged } from './use-layout.ts';

export interface GraphProps {
  readonly runId: string;
  readonly graph: readonly GraphStep[];
  readonly selected: string | null;
  readonly onSelect: (nodeId: string | null) => void;
  /** How a step is drawn. */
  readonly stepNode?: ComponentType<NodeProps<StepNode>>;
}

const FIT = { padding: 0.06, maxZoom: 1, minZoom: 0.02 };
/** Below it, words are too small to be read: nodes become blocks of colour. */
const FAR_ZOOM = 0.45;
const WORDS: Partial<AriaLabelConfig> = {
  'node.a11yDescription.default': 'Enter opens it. The arrow keys go to the next one and to the one before.',
  'controls.ariaLabel': 'Zoom',
  'controls.zoomIn.ariaLabel': 'Larger',
  'controls.zoomOut.ariaLabel': 'Smaller',
  'controls.fitView.ariaLabel': 'Show all',
  'minimap.ariaLabel': 'Overview of the graph',
};

interface DrawingProps extends GraphProps {
  readonly arranged: Arranged;
  /** Of the pane, when it was first drawn. */
  readonly size: Size;
  readonly onShow: GraphActions['show'];
  readonly onClose: GraphActions['close'];
}

export function Drawing(props: DrawingProps) {
  const { runId, graph, selected, arranged, size, stepNode = GraphNode } = props;
  const { onSelect, onShow, onClose } = props;
  const drawn = useMemo(() => toNodes(runId, arranged), [runId, arranged]);
  const nodes = useMemo(
    () => drawn.map((node) => (node.id === selected ? { ...node, selected: true } : node)),
    [drawn, selected],
  );
  const edges = useMemo(() => {
    const own = selected === null ? [] : linksOf(selected, graph, arranged.cards);
    return toEdges(arranged.links, own);
  }, [arranged, graph, selected]);
  const rects = useMemo(() => rectsOf(drawn), [drawn]);
  const viewFor = useViewFor(rects, props);
  const [view] = useState(() => viewFor(size));
  const { stay, bring } = useBringIntoView(rects, selected);
  const move = useFollowPane(viewFor);
  const isFar = useStore(({ transform }) => transform[2] < FAR_ZOOM);
  const nodeTypes: NodeTypes = useMemo(
    () => ({ step: stepNode, stage: StageCard, open: StageFrame }),
    [stepNode],
  );
  const [words, setWords] = useState('');
  const matches = useMemo(() => findMatches(graph, words), [graph, words]);
  const marked = useMemo(() => new Set(matches), [matches]);

  const actions = useMemo<GraphActions>(
    () => ({
      selected,
      select: onSelect,
      show: onShow,
      close: (stageId) => {
        bring(stageId);
        onClose(stageId);
      },
    }),
    [selected, onSelect, onShow, onClose, bring],
  );
  const follow = useCallback(
    (changes: NodeChange<DrawnNode>[]) => {
      for (const change of changes) {
        if (change.type !== 'select' || !change.selected) continue;
        if (arranged.cards.some(({ id, kind }) => id === change.id && kind === 'stage')) {
          bring(change.id);
          onShow(change.id);
        } else {
          stay(change.id);
          onSelect(change.id);
        }
      }
    },
    [arranged, onSelect, onShow, stay, bring],
  );
  const leave = useCallback(() => onSelect(null), [onSelect]);
  const isLarger = zoomToFit(boundsOf(rects.values()), size) < view.zoom;
  return (
    <ActionsProvider value={actions}>
      <MatchesProvider value={marked}>
        <ReactFlow
          className={isFar ? 'graph far' : 'graph'}
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          onNodesChange={follow}
          onPaneClick={leave}
          // Without an event it is the console that moves it.
          onMoveStart={(event) => event && move()}
          onKeyDown={useArrowKeys()}
          ariaLabelConfig={WORDS}
          nodesDraggable={false}
          nodesConnectable={false}
          edgesFocusable={false}
          elementsSelectable
          onlyRenderVisibleElements={nodes.length > MANY}
          deleteKeyCode={null}
          multiSelectionKeyCode={null}
          selectionKeyCode={null}
          defaultViewport={view}
          minZoom={0.02}
          maxZoom={1.5}
        >
          <Controls
            showInteractive={false}
            fitViewOptions={FIT}
            position="bottom-right"
            onZoomIn={move}
            onZoomOut={move}
            onFitView={move}
          />
          {isLarger && <Overview />}
        </ReactFlow>
        <SearchBox words={words} onWords={setWords} matches={matches} />
        <Legend graph={graph} />
      </MatchesProvider>
    </ActionsProvider>
  );
}

/** The view that shows what is selected, else what is most urgent. */
function useViewFor(
  rects: ReturnType<typeof rectsOf>,
  { graph, selected, arranged }: DrawingProps,
): (pane: Size) => Viewport {
  const states = useStates();
  return (pane) => {
    const urgent = mostUrgent(
      graph.map(({ nodeId }) => nodeId),
      states.get(),
    );
    const focus = selected ?? urgent;
    const focused = focus === null ? undefined : (rects.get(focus) ?? rects.get(cardWith(arranged, focus)));
    const [first] = rects.values();
    const all = boundsOf(rects.values());
    return firstView(all, focused ?? first ?? all, pane);
  };
}

function cardWith({ cards }: Arranged, nodeId: string): string {
  return cards.find((card) => stepsOf(card).some((step) => step.nodeId === nodeId))?.id ?? nodeId;
}
