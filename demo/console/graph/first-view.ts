import { type Size, zoomToFit } from './layout.ts';

/** Below it, titles cannot be read at ease. */
export const READABLE_ZOOM = 0.7;
const LARGEST_ZOOM = 1.3;
/** Kept free for what lies over the drawing. */
const INSET = { top: 56, bottom: 52, side: 16 };

export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

/** The part of the pane that nothing lies over. */
export function windowOf({ width, height }: Size): Size {
  return {
    width: Math.max(1, width - 2 * INSET.side),
    height: Math.max(1, height - INSET.top - INSET.bottom),
  };
}

/** All of it where that can be read, else what is in focus. */
export function firstView(all: Rect, focus: Rect, pane: Size): { x: number; y: number; zoom: number } {
  const window = windowOf(pane);
  const zoom = Math.min(LARGEST_ZOOM, Math.max(READABLE_ZOOM, zoomToFit(all, window)));
  return {
    zoom,
    x: INSET.side - offset(all.x, all.width, focus.x + focus.width / 2, window.width / zoom) * zoom,
    y: INSET.top - offset(all.y, all.height, focus.y + focus.height / 2, window.height / zoom) * zoom,
  };
}

/** Where the window begins: around the middle of it all where that fits, else around the focus, but never beside the drawing. */
function offset(start: number, length: number, focus: number, window: number): number {
  if (length <= window) return start - (window - length) / 2;
  return Math.min(start + length - window, Math.max(start, focus - window / 2));
}
