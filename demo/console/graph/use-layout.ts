import { useEffect, useMemo, useState } from 'react';
import { type Card, type Link, sizeOf } from './cards.ts';
import type { Layout, LayoutTask, Size } from './layout.ts';

/** Cards, and where they are. */
export interface Arranged extends Layout {
  readonly cards: readonly Card[];
  readonly links: readonly Link[];
}

/**
 * The newest that has been worked out, so that an open stage takes the place of its card in one step; `null` before the first
 * one. What is outdated before it is done is ended with its worker.
 */
export function useLayout(
  cards: readonly Card[],
  links: readonly Link[],
  window: Size | null,
): Arranged | null {
  const [arranged, setArranged] = useState<Arranged | null>(null);
  const boxes = useMemo(() => {
    const before = Map.groupBy(links, ({ to }) => to);
    return cards.map((card) => ({
      id: card.id,
      ...sizeOf(card),
      after: (before.get(card.id) ?? []).map(({ from }) => from),
    }));
  }, [cards, links]);
  const direction = arranged?.direction ?? null;
  const isDone = arranged?.cards === cards;
  useEffect(() => {
    if (isDone || !window) return;
    const worker = new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<Layout>) => {
      worker.terminate();
      setArranged({ ...data, cards, links });
    };
    worker.postMessage({ boxes, window, direction } satisfies LayoutTask);
    return () => worker.terminate();
  }, [isDone, boxes, cards, links, window, direction]);
  return arranged;
}
