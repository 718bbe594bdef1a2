import {
  Controls,
  type Edge,
  type NodeChange,
  type NodeTypes,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
} from '@xyflow/react';
import { memo, useCallback, useEffect, useMemo } from 'react';
import { GraphNode, type StepNode } from './graph-node.tsx';
import { NODE_HEIGHT, NODE_WIDTH, type Place } from './layout.ts';
import type { GraphStep } from './use-graph.ts';
import { useLayout } from './use-layout.ts';

interface Props {
  readonly runId: string;
  readonly graph: readonly GraphStep[];
  readonly selected: string | null;
  readonly onSelect: (nodeId: string | null) => void;
  /** How a step is drawn. */
  readonly nodeTypes?: NodeTypes;
}

const STEP_TYPES: NodeTypes = { step: GraphNode };
const FIT = { padding: 0.06, maxZoom: 1, minZoom: 0.02 };
/** Below it, words are too small to be read: nodes become blocks of colour. */
const FAR_ZOOM = 0.45;

/**
 * The graph itself never changes: what does is inside of its nodes. It must not render with its run, since each of its
 * renders makes all nodes and edges look at their properties again.
 */
export const RunGraph = memo(function RunGraph(props: Props) {
  const places = useLayout(props.graph);
  if (!places) return <p className="canvas-note">Laying out {props.graph.length} nodes …</p>;
  return (
    <ReactFlowProvider key={props.runId}>
      <Drawing {...props} places={places} />
    </ReactFlowProvider>
  );
});

function Drawing({
  runId,
  graph,
  selected,
  onSelect,
  nodeTypes = STEP_TYPES,
  places,
}: Props & { places: readonly Place[] }) {
  const steps = useMemo(() => toNodes(runId, graph, places), [runId, graph, places]);
  const edges = useMemo(() => toEdges(graph), [graph]);
  const nodes = useMemo(
    () => steps.map((step) => (step.id === selected ? { ...step, selected: true } : step)),
    [steps, selected],
  );
  const isFar = useStore(({ transform }) => transform[2] < FAR_ZOOM);
  useKeepInView(selected);

  const follow = useCallback(
    (changes: NodeChange<StepNode>[]) => {
      for (const change of changes) if (change.type === 'select' && change.selected) onSelect(change.id);
    },
    [onSelect],
  );
  const leave = useCallback(() => onSelect(null), [onSelect]);
  return (
    <ReactFlow
      className={isFar ? 'graph far' : 'graph'}
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      onNodesChange={follow}
      onPaneClick={leave}
      nodesDraggable={false}
      nodesConnectable={false}
      edgesFocusable={false}
      elementsSelectable
      deleteKeyCode={null}
      multiSelectionKeyCode={null}
      selectionKeyCode={null}
      fitView
      fitViewOptions={FIT}
      minZoom={0.02}
      maxZoom={1.5}
    >
      <Controls showInteractive={false} fitViewOptions={FIT} position="bottom-right" />
    </ReactFlow>
  );
}

/** A node chosen from elsewhere (a notice, the address) is brought into view. */
function useKeepInView(selected: string | null): void {
  const { getNode, getViewport, setCenter } = useReactFlow();
  const pane = useStore(({ domNode }) => domNode);
  useEffect(() => {
    const node = selected === null ? undefined : getNode(selected);
    if (!node || !pane) return;
    const { x, y, zoom } = getViewport();
    const left = node.position.x * zoom + x;
    const top = node.position.y * zoom + y;
    const isInView =
      left >= 0 &&
      top >= 0 &&
      left + NODE_WIDTH * zoom <= pane.clientWidth &&
      top + NODE_HEIGHT * zoom <= pane.clientHeight;
    if (isInView && zoom >= FAR_ZOOM) return;
    setCenter(node.position.x + NODE_WIDTH / 2, node.position.y + NODE_HEIGHT / 2, {
      zoom: Math.max(zoom, 0.8),
    });
  }, [selected, pane, getNode, getViewport, setCenter]);
}

function toNodes(runId: string, graph: readonly GraphStep[], places: readonly Place[]): StepNode[] {
  const steps = new Map(graph.map((step) => [step.nodeId, step]));
  return places.flatMap(({ nodeId, x, y }) => {
    const step = steps.get(nodeId);
    if (!step) return [];
    const { title, kind } = step;
    return {
      id: nodeId,
      type: 'step',
      position: { x, y },
      width: NODE_WIDTH,
      height: NODE_HEIGHT,
      data: { runId, title, kind },
      ariaLabel: title,
    };
  });
}

function toEdges(graph: readonly GraphStep[]): Edge[] {
  return graph.flatMap(({ nodeId, after }) =>
    after.map((before) => ({ id: `${before}→${nodeId}`, source: before, target: nodeId })),
  );
}
