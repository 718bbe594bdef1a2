import { type Edge, Position } from '@xyflow/react';
import { idOfLink, type Link, NODE, placeInFrame, sizeOf, stepsOf } from './cards.ts';
import type { Rect } from './first-view.ts';
import type { StepNode } from './graph-node.tsx';
import type { Direction, Size } from './layout.ts';
import type { StageNode } from './stage-card.tsx';
import type { FrameNode } from './stage-frame.tsx';
import type { GraphStep } from './use-graph.ts';
import type { Arranged } from './use-layout.ts';

export type DrawnNode = StepNode | StageNode | FrameNode;

/** For React Flow: each card where it was placed, and over an open stage its nodes. Tab goes through them in this order. */
export function toNodes(runId: string, { cards, places, direction }: Arranged): DrawnNode[] {
  const placeOf = new Map(places.map((place) => [place.id, place]));
  const step = ({ nodeId, title, kind }: GraphStep, at: { x: number; y: number }): StepNode => ({
    ...common(nodeId, { ...at, ...NODE }, direction),
    type: 'step',
    data: { runId, title, kind, nodeIds: [nodeId] },
    ariaLabel: title,
  });
  return cards.flatMap((card): DrawnNode[] => {
    const place = placeOf.get(card.id);
    if (!place) return [];
    const { x, y } = place;
    if (card.kind === 'step') return [step(card.step, { x, y })];
    const { stage } = card;
    const nodeIds = stepsOf(card).map(({ nodeId }) => nodeId);
    const base = common(card.id, { x, y, ...sizeOf(card) }, direction);
    const ariaLabel = `${stage.title}, ${nodeIds.length} nodes`;
    if (card.kind === 'stage') return [{ ...base, type: 'stage', data: { stage, nodeIds }, ariaLabel }];
    const { page, shown } = card;
    const frame: FrameNode = {
      ...base,
      type: 'open',
      data: { stage, nodeIds, page, shown: shown.length },
      ariaLabel: `${ariaLabel}, open`,
      selectable: false,
    };
    const members = shown.map((member, index) => {
      const within = placeInFrame(index, shown.length);
      return step(member, { x: x + within.x, y: y + within.y });
    });
    return [frame, ...members];
  });
}

/** Sizes and ends of edges are known, so that nothing has to be measured before it is drawn. */
function common(id: string, { x, y, width, height }: Rect, direction: Direction) {
  const isRight = direction === 'right';
  const targetPosition = isRight ? Position.Left : Position.Top;
  const sourcePosition = isRight ? Position.Right : Position.Bottom;
  const start = isRight ? { x: 0, y: height / 2 } : { x: width / 2, y: 0 };
  const end = isRight ? { x: width, y: height / 2 } : { x: width / 2, y: height };
  return {
    id,
    position: { x, y },
    width,
    height,
    targetPosition,
    sourcePosition,
    handles: [
      { type: 'target' as const, position: targetPosition, ...start },
      { type: 'source' as const, position: sourcePosition, ...end },
    ],
  };
}

/** Those of the selected node stand out. */
export function toEdges(links: readonly Link[], own: readonly Link[]): Edge[] {
  const ownIds = new Set(own.map(idOfLink));
  const edge = (link: Link, isOwn: boolean): Edge => ({
    id: idOfLink(link),
    source: link.from,
    target: link.to,
    selected: isOwn,
    ...(isOwn && { zIndex: 1 }),
  });
  return [
    ...links.filter((link) => !ownIds.has(idOfLink(link))).map((link) => edge(link, false)),
    ...own.map((link) => edge(link, true)),
  ];
}

export function rectsOf(nodes: readonly DrawnNode[]): Map<string, Rect> {
  return new Map(
    nodes.map(({ id, position, width = 0, height = 0 }) => [id, { ...position, width, height }]),
  );
}

export function boundsOf(rects: Iterable<Rect>): Rect {
  const all = [...rects];
  const x = Math.min(...all.map((rect) => rect.x));
  const y = Math.min(...all.map((rect) => rect.y));
  const size: Size = {
    width: Math.max(...all.map((rect) => rect.x + rect.width)) - x,
    height: Math.max(...all.map((rect) => rect.y + rect.height)) - y,
  };
  return { x, y, ...size };
}
