/** What tabs are told whose hub may neither own nor relay. */
import { CALLS, type PortCall } from '../../src/protocol/calls.ts';
import { closedLocally } from '../../src/protocol/closed-locally.ts';
import type { AttachRequest, Batch, Reply, TabSink } from '../../src/protocol/port.ts';
import type { TabId } from '../core/io.ts';
import { ok, refusal } from '../core/reply.ts';
import { isOfferedAgain } from './call-shapes.ts';
import type { Platform } from './platform.ts';
import { Sink } from './sink.ts';
import { HUB_LOST, type Upstream } from './upstream.ts';

/** Why a hub can be of no use to its tabs, for people. */
export const UNAVAILABLE_BY = {
  relayVersion: 'a page of another build of this application has the line; reload to continue',
  storeFormat: 'a newer build of this application has changed the format of the storage; reload to continue',
} as const;

/** For tabs whose hub may neither own nor relay: they are told why. */
export class Unavailable implements Upstream {
  readonly hub: string;
  readonly as = 'unavailable';
  readonly #message: string;
  readonly #platform: Platform;
  readonly #tabs = new Map<TabId, Sink>();
  /** Ends the waiting of those who cannot be refused. */
  readonly #over: Promise<Reply<never>>;
  #end: () => void = () => {};
  #lastTab = 0;
  #isOver = false;

  constructor(platform: Platform, by: keyof typeof UNAVAILABLE_BY) {
    this.#platform = platform;
    this.#message = UNAVAILABLE_BY[by];
    this.hub = platform.uuid();
    this.#over = new Promise((resolve) => {
      this.#end = () => resolve(HUB_LOST);
    });
  }

  attach(_request: AttachRequest, sink: TabSink): TabId {
    const tab = ++this.#lastTab;
    const ear = new Sink(this.#platform, sink);
    this.#tabs.set(tab, ear);
    const connection = closedLocally('superseded', this.#message);
    ear.deliver({ hub: this.hub, connection }).catch(() => {});
    return tab;
  }

  leave(tab: TabId): void {
    this.#tabs.get(tab)?.close();
    this.#tabs.delete(tab);
  }

  async call(tab: TabId, request: PortCall): Promise<Reply<unknown>> {
    if (this.#isOver || !this.#tabs.has(tab)) return HUB_LOST;
    // The page says it anew to the next hub.
    if (CALLS[request.method].kind === 'tell') return ok(null);
    if (isOfferedAgain(request)) return await this.#over;
    return refusal('version_mismatch', this.#message);
  }

  /** There is a way now. */
  end(): void {
    this.#last({ moved: true });
  }

  /** Through the owner, of which these tabs heard nothing. Settles when they have it. */
  signOut(): Promise<unknown> {
    return this.#last({ connection: closedLocally('signed_out') });
  }

  #last(word: Partial<Batch>): Promise<unknown> {
    this.#isOver = true;
    this.#end();
    const heard = [...this.#tabs.values()].map((sink) => sink.last({ hub: this.hub, ...word }));
    this.#tabs.clear();
    return Promise.all(heard);
  }
}
