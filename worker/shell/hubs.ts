/** Which hub of this worker a tab is attached to. */
import type { AnyProtocol } from '../../src/protocol/index.ts';
import type { AttachRequest, TabSink } from '../../src/protocol/port.ts';
import type { TabId } from '../core/io.ts';
import { Sessions } from '../core/sessions.ts';
import type { HubSettings } from '../core/settings.ts';
import { Hub } from './hub.ts';
import type { Platform } from './platform.ts';
import type { Upstream } from './upstream.ts';

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
  readonly #platform: Platform;
  readonly #hubs = new Map<string, Hub>();
  /** The sessions that are known of each identity. A hub that ended by a sign-out is remembered by it, also where the store failed. */
  readonly #sessions = new Map<string, Sessions>();

  constructor(platform: Platform, protocol: AnyProtocol, settings: HubSettings) {
    this.#platform = platform;
    this.protocol = protocol;
    this.#settings = settings;
  }

  /**
   * Attaches to the hub of the request's identity; one that ended is followed by a new one.
   *
   * @throws where the browser grants no locks here.
   */
  async attach(request: AttachRequest, sink: TabSink): Promise<Attachment> {
    for (;;) {
      const hub = this.#hubs.get(request.identity) ?? this.#start(request.identity);
      try {
        await hub.ready;
      } catch (error) {
        if (this.#hubs.get(request.identity) === hub) this.#hubs.delete(request.identity);
        throw error;
      }
      const attached = await hub.attach(request, sink);
      if (attached) return { hub, ...attached };
    }
  }

  #start(identity: string): Hub {
    const sessions = this.#sessions.get(identity) ?? new Sessions();
    this.#sessions.set(identity, sessions);
    const purpose = { protocol: this.protocol, settings: this.#settings, identity, sessions };
    const hub: Hub = new Hub(this.#platform, purpose, () => {
      if (this.#hubs.get(identity) === hub) this.#hubs.delete(identity);
    });
    this.#hubs.set(identity, hub);
    return hub;
  }
}
