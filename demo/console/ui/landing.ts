import { type RefCallback, useCallback } from 'react';

/** The headings of what is on the page, the most special one last. */
const landings: HTMLElement[] = [];

/**
 * Makes a heading one of the places where the focus goes when what had it is gone: as soon as the heading is there, and by
 * `landFocus`. It needs `tabIndex={-1}`.
 */
export function useLanding(): RefCallback<HTMLElement> {
  return useCallback((heading) => {
    if (!heading) return;
    landings.push(heading);
    if (isFree()) heading.focus();
    return () => {
      landings.splice(landings.indexOf(heading), 1);
    };
  }, []);
}

/** Brings the focus to the heading of what is in view, if what had it is gone. */
export function landFocus(): void {
  if (isFree()) takeFocus();
}

/** Brings it there from wherever it is, as for a person who is going elsewhere. */
export function takeFocus(): void {
  landings.findLast((heading) => heading.checkVisibility())?.focus();
}

/** Nothing that can be seen has the focus, or it waits at a heading for a better place. */
export function isFree(): boolean {
  const { activeElement: holder } = document;
  if (!(holder instanceof HTMLElement) || holder === document.body) return true;
  return landings.includes(holder) || !holder.checkVisibility();
}
