import type { Hub, Service } from 'tab-election/hub';
import type { BenchEvent } from '../../shared/events.ts';
import { createBatcher } from '../common/batcher.ts';
import { readSocket } from '../common/json-socket.ts';
import { openPartySocket } from '../common/party.ts';

interface FeedEvents {
  batch: readonly BenchEvent[];
}

/** The one socket of all tabs, and the newest of each key for tabs that come. */
export class FeedService implements Service<FeedEvents> {
  readonly namespace = 'feed' as const;
  declare readonly __events?: FeedEvents;
  readonly #newest = new Map<string, BenchEvent>();
  #hub: Hub | null = null;
  #ready: Promise<void> | null = null;

  init(hub: Hub): void {
    this.#hub = hub;
  }

  /** Resolves with the state. */
  async join(url: string): Promise<readonly BenchEvent[]> {
    this.#ready ??= this.#open(url);
    await this.#ready;
    return [...this.#newest.values()];
  }

  #open(url: string): Promise<void> {
    const batcher = createBatcher<BenchEvent>((batch) => this.#hub?.emit('feed', 'batch', batch));
    return readSocket(openPartySocket(url), (events) => {
      for (const event of events) {
        if (event.type === 'reading') this.#newest.set(event.key, event);
        batcher(event);
      }
    });
  }
}
