import { type Size, zoomToFit } from './layout.ts';

/** Below it, titles cannot be read at ease. */
export const READABLE_ZOOM = 0.7;
const LARGEST_ZOOM = 1.3;
/** Kept free for what lies over the drawing; in a narrow pane the search has a line of its own. */
const INSET = { top: 56, bottom: 52, side: 16 };
const NARROW_INSET = { ...INSET, top: 96 };
const NARROW_WIDTH = 480;
const insetOf = ({ width }: Size) => (width < NARROW_WIDTH ? NARROW_INSET : INSET);

export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

/** The part of the pane that nothing lies over. */
export function windowOf(pane: Size): Size {
  const { top, bottom, side } = insetOf(pane);
  return {
    width: Math.max(1, pane.width - 2 * side),
    height: Math.max(1, pane.height - top - bottom),
  };
}

/** All of it where that can be read, else what is in focus. */
export function firstView(all: Rect, focus: Rect, pane: Size): { x: number; y: number; zoom: number } {
  const window = windowOf(pane);
  const { side, top } = insetOf(pane);
  const zoom = Math.min(LARGEST_ZOOM, Math.max(READABLE_ZOOM, zoomToFit(all, window)));
  return {
    zoom,
    x: side - offset(all.x, all.width, focus.x + focus.width / 2, window.width / zoom) * zoom,
    y: top - offset(all.y, all.height, focus.y + focus.height / 2, window.height / zoom) * zoom,
  };
}

/** Where the window begins: around the middle of it all where that fits, else around the focus, but never beside the drawing. */
function offset(start: number, length: number, focus: number, window: number): number {
  if (length <= window) return start - (window - length) / 2;
  return Math.min(start + length - window, Math.max(start, focus - window / 2));
}
