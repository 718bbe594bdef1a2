import { layout as arrange, graphlib } from '@dagrejs/dagre';

export const NODE_WIDTH = 220;
export const NODE_HEIGHT = 56;
const GAP_X = 52;
const GAP_Y = 18;
const FOLD_GAP_X = 24;
/** A drawing is made less tall until it is as wide as a window, but no rank of so few nodes is folded. */
const MIN_ROWS = 12;
const WINDOW_RATIO = 1.6;

export interface Step {
  readonly nodeId: string;
  readonly after: readonly string[];
}
export interface Place {
  readonly nodeId: string;
  readonly x: number;
  readonly y: number;
}

/** Where each node goes, its upper left corner: from left to right in order of dependence. */
export function placeNodes(steps: readonly Step[]): Place[] {
  const graph = new graphlib.Graph();
  // Of dagre's rankers the one that stays fast with thousands of edges.
  graph.setGraph({ rankdir: 'LR', ranker: 'longest-path', nodesep: GAP_Y, ranksep: GAP_X });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { nodeId } of steps) graph.setNode(nodeId, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const { nodeId, after } of steps) for (const before of after) graph.setEdge(before, nodeId);
  arrange(graph);
  const places = steps.map(({ nodeId }): Place => {
    const { x, y } = graph.node(nodeId);
    return { nodeId, x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 };
  });

  const ranks = [...Map.groupBy(places, ({ x }) => Math.round(x)).values()];
  const tallest = Math.max(0, ...ranks.map(({ length }) => length));
  const rows = rowsFor(ranks, tallest);
  return rows < tallest ? fold(ranks, rows) : places;
}

/** The least rows with which the blocks of all ranks are not wider than a window. */
function rowsFor(ranks: readonly (readonly Place[])[], tallest: number): number {
  for (let rows = MIN_ROWS; rows < tallest; rows++) {
    const columns = ranks.reduce((sum, { length }) => sum + Math.ceil(length / rows), 0);
    const width = columns * (NODE_WIDTH + FOLD_GAP_X) + ranks.length * (GAP_X - FOLD_GAP_X);
    if (width <= WINDOW_RATIO * rows * (NODE_HEIGHT + GAP_Y)) return rows;
  }
  return tallest;
}

/**
 * Real workflows have ranks of hundreds of equal tasks, which would be a line too long to be seen at once. Each rank
 * becomes a block of columns; dagre's order in it, which keeps the edges short, is kept row by row.
 */
function fold(ranks: readonly (readonly Place[])[], rows: number): Place[] {
  const byX = [...ranks].sort(([a], [b]) => (a?.x ?? 0) - (b?.x ?? 0));
  let left = 0;
  return byX.flatMap((rank) => {
    const columns = Math.ceil(rank.length / rows);
    const height = Math.ceil(rank.length / columns) * (NODE_HEIGHT + GAP_Y);
    const block = [...rank]
      .sort((a, b) => a.y - b.y)
      .map(({ nodeId }, index) => ({
        nodeId,
        x: left + (index % columns) * (NODE_WIDTH + FOLD_GAP_X),
        y: Math.floor(index / columns) * (NODE_HEIGHT + GAP_Y) - height / 2,
      }));
    left += columns * (NODE_WIDTH + FOLD_GAP_X) - FOLD_GAP_X + GAP_X;
    return block;
  });
}
