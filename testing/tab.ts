/** What a test can do to a tab. */
import { createClientOn } from '../src/client/create-client.ts';
import type { Client, CreateClientOptions } from '../src/client/types.ts';
import type { AnyProtocol } from '../src/protocol/types.ts';
import type { FakePage } from './fakes/page.ts';
import type { TaskQueue } from './task-queue.ts';

/** The options of `createClient` that a test may choose; the testbed knows the rest. */
export type TabOptions = Pick<CreateClientOptions, 'token' | 'onError'> & {
  /** Whose tab it is. @default 'anonymous' */
  readonly identity?: string;
  /**
   * What the tab's console would show, such as each reason for which there is no connection. A test takes the network
   * away on purpose, so nothing is shown unless it is asked for.
   *
   * @default 'silent'
   */
  readonly log?: CreateClientOptions['log'];
};

/**
 * One page of the application. Everything here resolves when all has happened that follows from it and needs no time.
 * Rejects where the tab is gone already: closed, or reloaded.
 */
export interface TestTab<P> {
  /**
   * What the application's `createClient` would have returned on this page; give it to your application's `Provider`.
   * @throws Error where the tab is gone.
   */
  readonly client: Client<P>;
  /** It is left for good. */
  close(): Promise<void>;
  /** Its process ends without a word. It can still be reloaded. */
  crash(): Promise<void>;
  /** It is left, and opened again: what was in the page's memory is gone. The new page is the returned one. */
  reload(): Promise<TestTab<P>>;
  /** Hidden for so long that the browser stops it: it hears nothing. */
  freeze(): Promise<void>;
  /** Looked at again: it hears at once what came meanwhile. */
  thaw(): Promise<void>;
  /** Left by a link, into the back/forward cache. */
  enterCache(): Promise<void>;
  /** Back from there, with all that was in its memory. */
  leaveCache(): Promise<void>;
}

/** Opens a page; `reload` calls `newPage` again. */
export function openTab<P extends AnyProtocol>(
  protocol: P,
  options: TabOptions,
  newPage: () => FakePage,
  queue: TaskQueue,
  failed: (error: unknown) => void,
): TestTab<P> {
  const { identity = 'anonymous', log = 'silent', onError, ...others } = options;
  const page = newPage();
  const client = createClientOn(page, protocol, {
    ...others,
    identity,
    log,
    url: '/trunkline',
    // The page joins the testbed's worker by itself.
    worker: () => {
      throw new Error('a testbed has no other worker');
    },
    onError(error) {
      failed(error);
      onError?.(error);
    },
  });
  let gone: 'closed' | 'reloaded' | null = null;
  const check = () => {
    if (!gone) return;
    const instead =
      gone === 'closed' ? 'open another one with `openTab`' : 'use the tab that `reload` returned';
    throw new Error(`trunkline/testing: this tab was ${gone}; ${instead}`);
  };
  const happen = async (work: () => void) => {
    check();
    await queue.next(work);
  };
  const leave = async (how: 'closed' | 'reloaded') => {
    await happen(() => page.close());
    gone = how;
  };
  return {
    get client() {
      check();
      return client;
    },
    close: () => leave('closed'),
    crash: () => happen(() => page.crash()),
    async reload() {
      await leave('reloaded');
      return openTab(protocol, options, newPage, queue, failed);
    },
    freeze: () => happen(() => page.freeze()),
    thaw: () =>
      happen(() => {
        page.thaw();
        page.setVisible(true);
      }),
    enterCache: () => happen(() => page.enterCache()),
    leaveCache: () => happen(() => page.leaveCache()),
  };
}
