import { layout as arrange, graphlib } from '@dagrejs/dagre';

const GAP_ALONG = 36;
const GAP_ACROSS = 18;
const FOLD_GAP = 18;
/** A drawing is made less tall until it is as wide as a window, but no rank of so few boxes is folded. */
const MIN_ROWS = 12;

export interface Size {
  readonly width: number;
  readonly height: number;
}
export interface Box extends Size {
  readonly id: string;
  readonly after: readonly string[];
}
export interface Place {
  readonly id: string;
  readonly x: number;
  readonly y: number;
}
/** Where what comes later stands. */
export type Direction = 'right' | 'down';
export interface Layout {
  readonly direction: Direction;
  readonly places: readonly Place[];
}
/** Boxes, what is to be seen of them at once, and a way that was taken before and is kept. */
export interface LayoutTask {
  readonly boxes: readonly Box[];
  readonly window: Size;
  readonly direction: Direction | null;
}

/** Where each box goes, its upper left corner: in order of dependence, in the direction in which it is drawn larger. */
export function placeBoxes({ boxes, window, direction }: LayoutTask): Layout {
  if (direction) return { direction, places: placeTowards(direction, boxes, window) };
  const places = placeTowards('right', boxes, window);
  const turned = zoomToFit(extentDown(places, boxes), window);
  return zoomToFit(extentOf(places, boxes), window) >= Math.min(1, turned)
    ? { direction: 'right', places }
    : { direction: 'down', places: placeTowards('down', boxes, window) };
}

export function zoomToFit(extent: Size, window: Size): number {
  return Math.min(window.width / extent.width, window.height / extent.height);
}

/** Of places that begin at 0, 0. */
function extentOf(places: readonly Place[], boxes: readonly Box[]): Size {
  const sizes = new Map(boxes.map((box) => [box.id, box]));
  return {
    width: Math.max(1, ...places.map(({ id, x }) => x + (sizes.get(id)?.width ?? 0))),
    height: Math.max(1, ...places.map(({ id, y }) => y + (sizes.get(id)?.height ?? 0))),
  };
}

/** What the boxes would take downwards, by their ranks: to arrange them for it is the dear part. */
function extentDown(places: readonly Place[], boxes: readonly Box[]): Size {
  const ranks = Map.groupBy(places, ({ x }) => Math.round(x));
  const tallest = Math.max(...[...ranks.values()].map(({ length }) => length));
  const { width, height } = largestOf(boxes);
  return { width: tallest * (width + GAP_ACROSS), height: ranks.size * (height + GAP_ALONG) };
}

function largestOf(boxes: readonly Box[]): Size {
  return {
    width: Math.max(...boxes.map(({ width }) => width)),
    height: Math.max(...boxes.map(({ height }) => height)),
  };
}

/** Downwards is to the right, turned. */
function placeTowards(direction: Direction, boxes: readonly Box[], window: Size): Place[] {
  if (direction === 'right') return fromOrigin(placeRight(boxes, window.width / window.height));
  const turned = boxes.map(({ width, height, ...box }) => ({ ...box, width: height, height: width }));
  const places = fromOrigin(placeRight(turned, window.height / window.width));
  return places.map(({ id, x, y }) => ({ id, x: y, y: x }));
}

function fromOrigin(places: readonly Place[]): Place[] {
  const left = Math.min(...places.map(({ x }) => x));
  const top = Math.min(...places.map(({ y }) => y));
  return places.map(({ id, x, y }) => ({ id, x: x - left, y: y - top }));
}

function placeRight(boxes: readonly Box[], ratio: number): Place[] {
  const graph = new graphlib.Graph();
  // Of dagre's rankers the one that stays fast with thousands of edges.
  graph.setGraph({ rankdir: 'LR', ranker: 'longest-path', nodesep: GAP_ACROSS, ranksep: GAP_ALONG });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of boxes) graph.setNode(id, { width, height });
  for (const { id, after } of boxes) for (const before of after) graph.setEdge(before, id);
  arrange(graph);
  const centers = boxes.map((box) => ({ box, ...graph.node(box.id) }));
  const places = centers.map(({ box, x, y }) => ({
    id: box.id,
    x: x - box.width / 2,
    y: y - box.height / 2,
  }));

  const cell = largestOf(boxes);
  // An open stage is a block by itself.
  const isUneven = boxes.some(({ height }) => height < cell.height / 2);
  if (isUneven) return places;
  const ranks = [...Map.groupBy(centers, ({ x }) => Math.round(x)).values()]
    .sort(([a], [b]) => (a?.x ?? 0) - (b?.x ?? 0))
    .map((rank) => rank.sort((a, b) => a.y - b.y).map(({ box }) => box.id));
  const tallest = Math.max(...ranks.map(({ length }) => length));
  const rows = rowsFor(ranks, { tallest, cell, ratio });
  return rows < tallest ? fold(ranks, rows, cell) : places;
}

type Ranks = readonly (readonly string[])[];

/** The least rows with which the blocks of all ranks are not wider than a window. */
function rowsFor(
  ranks: Ranks,
  { tallest, cell, ratio }: { tallest: number; cell: Size; ratio: number },
): number {
  for (let rows = MIN_ROWS; rows < tallest; rows++) {
    const columns = ranks.reduce((sum, { length }) => sum + Math.ceil(length / rows), 0);
    const width = columns * (cell.width + FOLD_GAP) + ranks.length * (GAP_ALONG - FOLD_GAP);
    if (width <= ratio * rows * (cell.height + GAP_ACROSS)) return rows;
  }
  return tallest;
}

/**
 * Real workflows have ranks of many equal tasks, which would be a line too long to be seen at once. Each rank becomes a
 * block of columns; dagre's order in it, which keeps the edges short, is kept row by row.
 */
function fold(ranks: Ranks, rows: number, cell: Size): Place[] {
  let left = 0;
  return ranks.flatMap((rank) => {
    const columns = Math.ceil(rank.length / rows);
    const height = Math.ceil(rank.length / columns) * (cell.height + GAP_ACROSS);
    const block = rank.map((id, index) => ({
      id,
      x: left + (index % columns) * (cell.width + FOLD_GAP),
      y: Math.floor(index / columns) * (cell.height + GAP_ACROSS) - height / 2,
    }));
    left += columns * (cell.width + FOLD_GAP) - FOLD_GAP + GAP_ALONG;
    return block;
  });
}
