import { MANY, type Stage } from './stages.ts';
import type { GraphStep } from './use-graph.ts';

export const NODE = { width: 184, height: 72 };
const STAGE = { width: 184, height: 118 };
const FRAME = { header: 88, padding: 14, gap: 12, columns: 4 };

/** What is drawn: a node, a stage, or a stage that is open and shows its nodes, page by page. */
export type Card =
  | { readonly kind: 'step'; readonly id: string; readonly step: GraphStep }
  | { readonly kind: 'stage'; readonly id: string; readonly stage: Stage }
  | {
      readonly kind: 'open';
      readonly id: string;
      readonly stage: Stage;
      /** From 0. */
      readonly page: number;
      readonly shown: readonly GraphStep[];
    };
/** The page that each open stage shows. */
export type OpenStages = ReadonlyMap<string, number>;
export interface Link {
  readonly from: string;
  readonly to: string;
}

export const pagesOf = ({ steps }: Stage) => Math.ceil(steps.length / MANY);

export function pageWith({ steps }: Stage, nodeId: string): number {
  return Math.floor(steps.findIndex((step) => step.nodeId === nodeId) / MANY);
}

/** Each stage where its first node stands. */
export function toCards(graph: readonly GraphStep[], stages: readonly Stage[], open: OpenStages): Card[] {
  const stageOf = new Map(
    stages.flatMap((stage) => stage.steps.map(({ nodeId }) => [nodeId, stage] as const)),
  );
  const drawn = new Set<Stage>();
  return graph.flatMap((step): Card[] => {
    const stage = stageOf.get(step.nodeId);
    if (!stage) return [{ kind: 'step', id: step.nodeId, step }];
    if (drawn.has(stage)) return [];
    drawn.add(stage);
    const page = open.get(stage.stageId);
    if (page === undefined) return [{ kind: 'stage', id: stage.stageId, stage }];
    const shown = stage.steps.slice(page * MANY, (page + 1) * MANY);
    return [{ kind: 'open', id: stage.stageId, stage, page, shown }];
  });
}

export function stepsOf(card: Card): readonly GraphStep[] {
  return card.kind === 'step' ? [card.step] : card.stage.steps;
}

/** Which cards come after which: that of their nodes, each pair once. */
export function toLinks(graph: readonly GraphStep[], cards: readonly Card[]): Link[] {
  const cardOf = new Map(
    cards.flatMap((card) => stepsOf(card).map(({ nodeId }) => [nodeId, card.id] as const)),
  );
  return linksBetween(graph, (nodeId) => cardOf.get(nodeId));
}

/** Those of one node, to what its neighbours are drawn as: within an open stage they are drawn themselves. */
export function linksOf(nodeId: string, graph: readonly GraphStep[], cards: readonly Card[]): Link[] {
  const drawnAs = new Map<string, string>();
  for (const card of cards) {
    for (const step of stepsOf(card)) drawnAs.set(step.nodeId, card.id);
    if (card.kind === 'open') for (const step of card.shown) drawnAs.set(step.nodeId, step.nodeId);
  }
  const neighbours = graph.flatMap((step) => {
    const after = step.nodeId === nodeId ? step.after : step.after.filter((before) => before === nodeId);
    return after.length === 0 ? [] : { ...step, after };
  });
  return linksBetween(neighbours, (id) => drawnAs.get(id));
}

function linksBetween(
  graph: readonly Pick<GraphStep, 'nodeId' | 'after'>[],
  drawnAs: (nodeId: string) => string | undefined,
): Link[] {
  const links = new Map<string, Link>();
  for (const { nodeId, after } of graph) {
    const to = drawnAs(nodeId);
    for (const before of after) {
      const from = drawnAs(before);
      if (from !== undefined && to !== undefined && from !== to)
        links.set(idOfLink({ from, to }), { from, to });
    }
  }
  return [...links.values()];
}

export const idOfLink = ({ from, to }: Link) => `${from}→${to}`;

export function sizeOf(card: Card): { width: number; height: number } {
  if (card.kind === 'step') return NODE;
  if (card.kind === 'stage') return STAGE;
  const columns = columnsOf(card.shown.length);
  const rows = Math.ceil(card.shown.length / columns);
  return {
    width: 2 * FRAME.padding + columns * (NODE.width + FRAME.gap) - FRAME.gap,
    height: FRAME.header + FRAME.padding + rows * (NODE.height + FRAME.gap) - FRAME.gap,
  };
}

/** Of the nodes of an open stage, from its upper left corner: a plain grid, however many they are. */
export function placeInFrame(index: number, count: number): { x: number; y: number } {
  const columns = columnsOf(count);
  return {
    x: FRAME.padding + (index % columns) * (NODE.width + FRAME.gap),
    y: FRAME.header + Math.floor(index / columns) * (NODE.height + FRAME.gap),
  };
}

/** At least two, so that there is room for the header, and no more than are seen at once beside each other. */
function columnsOf(count: number): number {
  return Math.min(FRAME.columns, Math.max(2, Math.ceil(Math.sqrt(count))));
}
