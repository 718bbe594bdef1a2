import { useReactFlow, useStore } from '@xyflow/react';
import { useCallback, useEffect, useRef } from 'react';
import { firstView, READABLE_ZOOM, type Rect } from './first-view.ts';

/**
 * A node chosen from elsewhere (a notice, the address, the table) is brought into view as soon as it is drawn. What is clicked
 * here is there already.
 */
export function useBringIntoView(rects: ReadonlyMap<string, Rect>, selected: string | null) {
  const { getViewport, setViewport, setCenter } = useReactFlow();
  const pane = useStore(({ domNode }) => domNode);
  const clicked = useRef<string | null>(null);
  const wanted = useRef<string | null>(null);

  useEffect(() => {
    wanted.current = selected === clicked.current ? null : selected;
    clicked.current = null;
  }, [selected]);

  useEffect(() => {
    const id = wanted.current;
    const rect = id === null ? undefined : rects.get(id);
    if (!rect || !pane) return;
    wanted.current = null;
    const size = { width: pane.clientWidth, height: pane.clientHeight };
    if (id !== selected) {
      setViewport(firstView(rect, { ...rect, width: 0, height: 0 }, size));
      return;
    }
    const { x, y, zoom } = getViewport();
    const isInView =
      rect.x * zoom + x >= 0 &&
      rect.y * zoom + y >= 0 &&
      (rect.x + rect.width) * zoom + x <= size.width &&
      (rect.y + rect.height) * zoom + y <= size.height;
    if (isInView && zoom >= READABLE_ZOOM) return;
    setCenter(rect.x + rect.width / 2, rect.y + rect.height / 2, { zoom: Math.max(zoom, READABLE_ZOOM) });
  }, [rects, selected, pane, getViewport, setViewport, setCenter]);

  return {
    /** This one gets selected, and the view stays. */
    stay: useCallback((nodeId: string) => {
      clicked.current = nodeId;
    }, []),
    /** This one is about to be drawn in another size: then the view goes to where it begins. */
    bring: useCallback((id: string) => {
      wanted.current = id;
    }, []),
  };
}
