import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** How many times as wide as the window a timeline may be. */
const MOST = 200;
export const ZOOM_STEP = 1.5;
const PER_WHEEL_PX = 1.0025;

export interface Zoom {
  /** 1: all of it fits. */
  readonly factor: number;
  readonly isFit: boolean;
  readonly isClosest: boolean;
  /** @param atX where in the window what is there stays, in px from its left; by default its middle. */
  readonly by: (factor: number, atX?: number) => void;
  readonly fit: () => void;
}

/**
 * How close one looks at a timeline, in `scroller`; with Ctrl held down, its wheel zooms around the pointer.
 *
 * @param namesWidth what does not grow, at the left of it, in px.
 */
export function useZoom(scroller: RefObject<HTMLElement | null>, namesWidth: number): Zoom {
  const [factor, setFactor] = useState(1);
  /** What is to stay where it is: the share of the time, and where in the window it was. */
  const kept = useRef<{ readonly share: number; readonly atX: number } | null>(null);

  const by = useCallback(
    (times: number, atX?: number) => {
      const box = scroller.current;
      if (!box) return;
      const x = atX ?? (box.clientWidth + namesWidth) / 2;
      // By what is drawn: several steps may come before the next drawing.
      kept.current = { share: (box.scrollLeft + x - namesWidth) / (box.scrollWidth - namesWidth), atX: x };
      setFactor((before) => Math.min(MOST, Math.max(1, before * times)));
    },
    [scroller, namesWidth],
  );

  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box || !kept.current) return;
    const { share, atX } = kept.current;
    kept.current = null;
    box.scrollLeft = share * (box.clientWidth - namesWidth) * factor + namesWidth - atX;
  }, [scroller, namesWidth, factor]);

  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    // Not by React, whose listeners for wheels are passive: the page itself would be zoomed as well.
    const turn = (event: WheelEvent) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      by(PER_WHEEL_PX ** -event.deltaY, event.clientX - box.getBoundingClientRect().left);
    };
    box.addEventListener('wheel', turn, { passive: false });
    return () => box.removeEventListener('wheel', turn);
  }, [scroller, by]);

  const fit = useCallback(() => {
    kept.current = null;
    setFactor(1);
  }, []);
  return { factor, isFit: factor === 1, isClosest: factor === MOST, by, fit };
}
