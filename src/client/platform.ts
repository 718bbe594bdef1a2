/** All that a tab needs of the place in which it runs. `browser.ts` has the page's; `testing` one moved by hand. */
import type { HubPort } from '../protocol/calls.ts';
import type { Locks } from '../protocol/leases.ts';
import type { TabSink } from '../protocol/port.ts';
import type { CreateClientOptions } from './types.ts';

export interface PagePlatform {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds that no setting of the clock moves; they may stand still while the machine sleeps. */
  uptime(): number;
  uuid(): string;
  /** Calls back once, after at least that long; the answer cancels it. */
  setTimer(delayMs: number, callback: () => void): () => void;
  /**
   * Calls back once, before the page is painted next, which may be never; the answer cancels it. `null`: there is nothing to be
   * painted, since the page is hidden, or has no screen.
   */
  requestFrame(callback: () => void): (() => void) | null;
  /** `undefined` outside of a page, on one of plain http:, and where site data is blocked. */
  locks(): Locks | undefined;
  /** False on a server, where nothing is ever started. */
  isPage(): boolean;
  isVisible(): boolean;
  /** What URLs are relative to. */
  baseUrl(): string;
  /** Tells about the page's life until the signal is aborted. */
  watchPage(signal: AbortSignal, page: PageWatcher): void;
  /**
   * Starts the worker, or joins it. `failed`: it did not start, or threw; `why` finds out what helps, and never rejects.
   *
   * @throws what the application's function throws.
   */
  startWorker(start: CreateClientOptions['worker'], failed: (why: () => Promise<string>) => void): WorkerLine;
  /** What a page of this origin was told to remember, outside of the hub's database; `null` where there is nothing. */
  recall(name: string): string | null;
  /** Where the browser has no place for it, it is forgotten. */
  remember(name: string, value: string): void;
  /** Whether the browser keeps what this origin stores though space is short; rejects where it cannot say. */
  isPersistent(): Promise<boolean>;
  /** Asks for that: the browser may ask a person, who may never answer. False where it has no such thing. */
  persist(): Promise<boolean>;
  /**
   * Asks for one event of Background Sync for the page's service worker, as soon as there is a network. Resolves where the browser has no
   * such thing, and never where there is no service worker.
   *
   * @throws DOMException where the browser, or a person, refuses it.
   */
  registerSync(tag: string): Promise<void>;
  /** What the hub may call of this tab. */
  exposeSink(sink: TabSink): TabSink;
}

/** The page's side of one worker. After `close` nothing arrives any more, and what was asked is not answered. */
export interface WorkerLine {
  /** Whether the worker is this page's own, frozen and ended with it. */
  readonly isOwn: boolean;
  readonly hub: HubPort;
  close(): void;
}

/** What only a page hears of. */
export interface PageWatcher {
  /** It goes away: for good, or into the back/forward cache. */
  hide(): void;
  /** Its timers and its own workers stop. */
  freeze(): void;
  /** It may have come back from either. */
  show(): void;
  signal(signal: 'online' | 'visible' | 'hidden'): void;
  /** Another page of this origin has remembered something. */
  remembered(): void;
}
