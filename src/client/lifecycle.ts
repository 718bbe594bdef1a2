/** What only a page hears of. */
export interface Page {
  /** It goes away: for good, or into the back/forward cache. */
  hide(): void;
  /** Its timers and its own workers stop (https://wicg.github.io/page-lifecycle/). */
  freeze(): void;
  /** It may have come back from either. */
  show(): void;
  signal(signal: 'online' | 'visible' | 'hidden'): void;
}

export const isPage = () => typeof window !== 'undefined';
export const isVisible = () => document.visibilityState === 'visible';

export function watchPage(signal: AbortSignal, page: Page): void {
  const listen = (target: EventTarget, type: string, listener: () => void) =>
    target.addEventListener(type, listener, { signal });
  listen(window, 'pagehide', page.hide);
  listen(window, 'pageshow', page.show);
  listen(document, 'freeze', page.freeze);
  listen(document, 'resume', page.show);
  listen(window, 'online', () => page.signal('online'));
  listen(document, 'visibilitychange', () => page.signal(isVisible() ? 'visible' : 'hidden'));
}
