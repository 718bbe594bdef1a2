/** How browser, tabs, hub and server of one test are put together. */
import type { AnyProtocol } from '../src/protocol/types.ts';
import { type GivenSettings, hubSettings } from '../worker/core/settings.ts';
import { FakeBrowser } from './fakes/browser.ts';
import { ManualClock } from './fakes/clock.ts';
import { FakeNetwork } from './fakes/network.ts';
import type { FakePage } from './fakes/page.ts';
import { ScriptedServer, type TestServer, type TestServerOptions } from './server.ts';
import { openTab, type TabOptions, type TestTab } from './tab.ts';
import { type Act, TaskQueue } from './task-queue.ts';

const SCRIPT = 'hub.js';
/** So long a worker with `extendedLifetime` outlives its last page, as in Chromium. */
const EXTENDED_LIFETIME_MS = 300_000;

export interface TestbedOptions<P> extends TestServerOptions<P> {
  /** The hub's, as `startHub` takes them in your `hub.ts`. @default those of `HubSettings` */
  readonly settings?: GivenSettings;
  /** As your page starts its worker: whether the hub outlives its last tab by 300 s. @default false */
  readonly extendedLifetime?: boolean;
  /** What the clock says at first, milliseconds since 1970. @default 2026-01-01T00:00:00Z */
  readonly now?: number;
  /**
   * `act` of React, or of Testing Library: it is around whatever happens in the testbed, so that components have
   * rendered when a promise of the testbed resolves.
   * @default what happens, happens without it
   */
  readonly act?: Act;
}

/** How the browser's storage can fail. */
export type StorageFailure = 'full' | 'blocked' | 'unavailable' | 'failed';

/**
 * A browser with its tabs and their hub, a server, and a clock, all in one process: the real client, the real hub and the
 * real logic of the server, on everything else made by hand. Nothing needs a network, a worker or IndexedDB, and no
 * real time passes. What is random is not: a wait with jitter is always half of its bound.
 *
 * What returns a promise resolves when everything has happened that follows from it and needs no time.
 */
export interface Testbed<P> extends AsyncDisposable {
  /** Opens a page. The tabs of one identity share a hub, a connection and an outbox. */
  openTab(options?: TabOptions): TestTab<P>;
  readonly server: TestServer<P>;
  readonly worker: {
    /** Ends the hub's worker without a word, as a crash does. Tabs notice after 20 ms, and start another: `advance`. */
    kill(): Promise<void>;
  };
  readonly storage: {
    /** From now on the browser's storage fails for this identity, rows intact. @default 'full', 'anonymous' */
    fail(failure?: StorageFailure, identity?: string): void;
    /** It works again. The hub finds out when it tries again, within 30 s: `advance`. @default 'anonymous' */
    recover(identity?: string): void;
  };
  /** What was reported: to any tab's `onError`, and by the server. Most tests want it to be empty at their end. */
  readonly errors: readonly unknown[];
  /** Milliseconds since 1970. */
  now(): number;
  /** Lets time pass; each timer goes off at its own time. Nothing else makes time pass. */
  advance(ms: number): Promise<void>;
  /** Waits until everything has happened that needs no time. */
  settle(): Promise<void>;
  /** Every tab crashes, and the server is gone for good. */
  close(): Promise<void>;
}

/**
 * @throws TypeError where a command has a result and no handler in `commands`, which alone could give it; and for a
 * setting that does not exist or cannot be.
 */
export function createTestbed<P extends AnyProtocol>(
  protocol: P,
  {
    settings = {},
    extendedLifetime = false,
    now,
    act = (work) => work(),
    ...options
  }: TestbedOptions<P> = {},
): Testbed<P> {
  // The worker would throw, and the page only see that no hub starts.
  hubSettings(settings);
  const clock = new ManualClock(now);
  const network = new FakeNetwork(clock);
  const browser = new FakeBrowser(clock, network);
  const queue = new TaskQueue(clock, act);
  const errors: unknown[] = [];
  const failed = (error: unknown) => errors.push(error);
  const server = new ScriptedServer<P>(protocol, options, { clock, network, queue }, failed);
  const pages: FakePage[] = [];

  const script = { protocol, settings, outlivesMs: extendedLifetime ? EXTENDED_LIFETIME_MS : 0 };
  const newPage = () => {
    const page = browser.page(SCRIPT, () => script);
    pages.push(page);
    return page;
  };
  const disk = (identity = 'anonymous') => browser.disk(protocol.app, identity);
  const testbed = {
    openTab: (tabOptions: TabOptions = {}) => openTab(protocol, tabOptions, newPage, queue, failed),
    server,
    worker: { kill: () => queue.next(() => browser.worker(SCRIPT)?.kill()) },
    storage: {
      fail(failure: StorageFailure = 'full', identity?: string) {
        disk(identity).failure = failure;
      },
      recover(identity?: string) {
        disk(identity).failure = null;
      },
    },
    errors,
    now: clock.now,
    async advance(ms: number) {
      if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
        throw new RangeError(`advance takes milliseconds, 0 or more, not ${ms}`);
      }
      await queue.next(() => {}, ms);
    },
    settle: () => queue.next(() => {}),
    close: () =>
      queue.next(() => {
        for (const page of pages) page.crash();
        server.end();
      }),
  };
  // An engine may lack the symbol (https://caniuse.com/mdn-javascript_builtins_symbol_asyncdispose).
  if (Symbol.asyncDispose) Object.assign(testbed, { [Symbol.asyncDispose]: testbed.close });
  return testbed as typeof testbed & AsyncDisposable;
}
