import { type RefObject, useEffect, useState } from 'react';

/** What is seen of something that scrolls, across. */
export interface Seen {
  readonly left: number;
  readonly width: number;
}

/** In steps of half a window, so that scrolling renders little; before it is measured, of no width. */
export function useSeen(scroller: RefObject<HTMLElement | null>): Seen {
  const [seen, setSeen] = useState<Seen>({ left: 0, width: 0 });
  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const look = () => {
      const width = box.clientWidth;
      const step = Math.max(1, width / 2);
      const left = Math.floor(box.scrollLeft / step) * step;
      setSeen((before) => (before.left === left && before.width === width ? before : { left, width }));
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(box);
    box.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener('scroll', look);
    };
  }, [scroller]);
  return seen;
}
