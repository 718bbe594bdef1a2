/** What a browser's page does where the client asks its platform for something. */
import { proxy, wrap } from 'comlink';
import type { HubPort } from '../protocol/calls.ts';
import { uuid } from '../protocol/uuid.ts';
import type { PagePlatform } from './platform.ts';
import { watchStart, whyNotStarted } from './start-failure.ts';

/** Of Background Sync (https://wicg.github.io/background-sync/spec/), which TypeScript's DOM library does not have. */
interface SyncRegistration extends ServiceWorkerRegistration {
  readonly sync?: { register(tag: string): Promise<void> };
}

const isVisible = () => document.visibilityState === 'visible';

/** The page that this script runs in. */
export const browser: PagePlatform = {
  now: () => Date.now(),
  uptime: () => performance.now(),
  uuid,
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  requestFrame(callback) {
    if (typeof requestAnimationFrame === 'undefined' || !isVisible()) return null;
    const frame = requestAnimationFrame(callback);
    return () => cancelAnimationFrame(frame);
  },
  locks() {
    try {
      // Where site data is blocked, this throws, and each lock would be refused, and a shared worker.
      window.localStorage?.getItem('');
      return navigator.locks;
    } catch {
      return undefined;
    }
  },
  isPage: () => typeof window !== 'undefined',
  isVisible,
  baseUrl: () => location.href,
  watchPage(signal, page) {
    const listen = (target: EventTarget, type: string, listener: () => void) =>
      target.addEventListener(type, listener, { signal });
    listen(window, 'pagehide', page.hide);
    listen(window, 'pageshow', page.show);
    // https://wicg.github.io/page-lifecycle/
    listen(document, 'freeze', page.freeze);
    listen(document, 'resume', page.show);
    // Only other pages' changes of `localStorage` are told.
    listen(window, 'storage', page.remembered);
    listen(window, 'online', () => page.signal('online'));
    listen(document, 'visibilitychange', () => page.signal(isVisible() ? 'visible' : 'hidden'));
  },
  startWorker(start, failed) {
    const life = new AbortController();
    const { signal } = life;
    const { worker, seen } = watchStart(start, !browser.locks(), signal);
    worker.addEventListener('error', (event) => failed(() => whyNotStarted(seen, event)), { signal });
    const isOwn = !('port' in worker);
    return {
      isOwn,
      hub: wrap<HubPort>(isOwn ? worker : worker.port),
      close() {
        life.abort();
        if (isOwn) worker.terminate();
        else worker.port.close();
      },
    };
  },
  recall(name) {
    try {
      return localStorage.getItem(name);
    } catch {
      // A browser that forbids storage throws at the very name.
      return null;
    }
  },
  remember(name, value) {
    try {
      localStorage.setItem(name, value);
    } catch {
      // Forbidden, or full: only a hint is lost.
    }
  },
  isPersistent: async () => await navigator.storage.persisted(),
  persist: async () => (await globalThis.navigator?.storage?.persist?.()) ?? false,
  async registerSync(tag) {
    const serviceWorkers = navigator.serviceWorker as ServiceWorkerContainer | undefined;
    const registration: SyncRegistration | undefined = await serviceWorkers?.ready;
    await registration?.sync?.register(tag);
  },
  exposeSink: proxy,
};
