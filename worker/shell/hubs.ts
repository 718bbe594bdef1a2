/** Which hub of this worker a tab is attached to, and when the worker is not needed any more. */
import type { AnyProtocol } from '../../src/protocol/index.ts';
import type { AttachRequest, TabSink } from '../../src/protocol/port.ts';
import { plainObjects } from '../core/dialect/plain.ts';
import type { PlainSupport } from '../core/dialect/plain-support.ts';
import type { TabId } from '../core/io.ts';
import type { SavedStateSupport } from '../core/saved-states.ts';
import { Sessions } from '../core/sessions.ts';
import type { HubSettings } from '../core/settings.ts';
import { Hub } from './hub.ts';
import type { Platform } from './platform.ts';
import type { Upstream } from './upstream.ts';

/** A tab whose hub has failed comes back within less. */
const SHORTEST_STAY_MS = 3_000;
/** A page that has connected may be busy with itself for so long before it attaches. */
const CONNECTED_STAY_MS = 10_000;

/** Where a tab is attached. */
export interface Attachment {
  readonly hub: Hub;
  readonly upstream: Upstream;
  readonly id: TabId;
}

/** The worker's hubs, one for each identity that has attached. */
export class Hubs {
  readonly protocol: AnyProtocol;
  readonly #settings: HubSettings;
  readonly #savedState: SavedStateSupport | null;
  readonly plain: PlainSupport;
  readonly #platform: Platform;
  readonly #hubs = new Map<string, Hub>();
  /** The sessions that are known of each identity. A hub that ended by a sign-out is remembered by it, also where the store failed. */
  readonly #sessions = new Map<string, Sessions>();
  /** Attachments under way: a hub may have to wait for its lease first. */
  #attaching = 0;
  /** Ends the wait for the time to retire. */
  #cutStay: (() => void) | null = null;
  /** No page, and no tab, came or left lately: the worker ends as soon as its hubs are at rest. */
  #isRetiring = false;

  /**
   * @param savedState where some event type is to be kept on the device
   * @param plain how the plain dialect is spoken
   */
  constructor(
    platform: Platform,
    protocol: AnyProtocol,
    settings: HubSettings,
    savedState: SavedStateSupport | null = null,
    plain = plainObjects,
  ) {
    this.#platform = platform;
    this.protocol = protocol;
    this.#settings = settings;
    this.#savedState = savedState;
    this.plain = plain;
  }

  /** A page has the worker, and may be gone before it attaches. */
  connected(): void {
    this.#stay(CONNECTED_STAY_MS);
  }

  /**
   * Attaches to the hub of the request's identity; one that ended is followed by a new one.
   *
   * @throws where the browser refuses what a hub needs.
   */
  attach(request: AttachRequest, sink: TabSink): Promise<Attachment> {
    this.#stay();
    this.#attaching++;
    return this.#attach(request, sink).finally(() => {
      this.#attaching--;
      this.#stay();
    });
  }

  async #attach(request: AttachRequest, sink: TabSink): Promise<Attachment> {
    for (;;) {
      const hub = this.#hubs.get(request.identity) ?? this.#start(request.identity);
      await hub.ready;
      const attached = await hub.attach(request, sink);
      if (attached) return { hub, ...attached };
    }
  }

  #start(identity: string): Hub {
    const sessions = this.#sessions.get(identity) ?? new Sessions();
    this.#sessions.set(identity, sessions);
    const purpose = {
      protocol: this.protocol,
      settings: this.#settings,
      identity,
      sessions,
      savedState: this.#savedState,
      plain: this.plain,
    };
    const hub: Hub = new Hub(this.#platform, purpose, {
      vacated: () => this.#stay(),
      rests: () => this.#closeIfAtRest(),
      over: () => {
        if (this.#hubs.get(identity) === hub) this.#hubs.delete(identity);
        this.#stay();
      },
    });
    this.#hubs.set(identity, hub);
    return hub;
  }

  /** A tab has come, or left. */
  #stay(leastMs = SHORTEST_STAY_MS): void {
    this.#isRetiring = false;
    this.#cutStay?.();
    const ms = Math.max(this.#settings.lingerMs, leastMs);
    this.#cutStay = this.#platform.setTimer(ms, () => this.#retire());
  }

  /**
   * With `extendedLifetime` the worker would outlive its last tab by minutes. A service worker of a new build waits for it so
   * long, and a tab that is opened then is one of the old build.
   */
  #retire(): void {
    const hubs = [...this.#hubs.values()];
    // Its last tab has still to leave, or the first to be there.
    if (this.#attaching > 0 || hubs.some((hub) => hub.isNeeded)) return;
    // Asked again until all have nothing to do.
    this.#stay();
    this.#isRetiring = true;
    for (const hub of hubs) hub.retire();
    this.#closeIfAtRest();
  }

  #closeIfAtRest(): void {
    const isDone = this.#isRetiring && [...this.#hubs.values()].every((hub) => hub.isAtRest);
    if (isDone && ![...this.#sessions.values()].some((known) => known.isAloneInMemory))
      this.#platform.close();
  }
}
