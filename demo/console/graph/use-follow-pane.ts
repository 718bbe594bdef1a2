import { useReactFlow, useStore, type Viewport } from '@xyflow/react';
import { useCallback, useLayoutEffect, useRef } from 'react';
import type { Size } from './layout.ts';

/**
 * The pane changes its size, as when a gate opens beside the run: the drawing is fitted into it anew, or, once the operator has
 * moved it, keeps its middle in the middle.
 *
 * @returns to be called when the operator moves it.
 */
export function useFollowPane(viewFor: (pane: Size) => Viewport): () => void {
  const { getViewport, setViewport } = useReactFlow();
  const width = useStore((store) => store.width);
  const height = useStore((store) => store.height);
  const before = useRef({ width, height });
  const isMoved = useRef(false);
  const newest = useRef(viewFor);
  useLayoutEffect(() => {
    newest.current = viewFor;
  });
  useLayoutEffect(() => {
    const { width: widthBefore, height: heightBefore } = before.current;
    before.current = { width, height };
    // Before it was measured it has no middle.
    if (widthBefore === 0 || heightBefore === 0) return;
    if (widthBefore === width && heightBefore === height) return;
    if (!isMoved.current) {
      setViewport(newest.current({ width, height }));
      return;
    }
    const { x, y, zoom } = getViewport();
    setViewport({ x: x + (width - widthBefore) / 2, y: y + (height - heightBefore) / 2, zoom });
  }, [width, height, getViewport, setViewport]);
  return useCallback(() => {
    isMoved.current = true;
  }, []);
}
