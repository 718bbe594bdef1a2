/** The way of this worker's tabs to the owner in another worker: what they ask goes there, what it delivers comes here. */
import type { PortCall } from '../../src/protocol/calls.ts';
import type { HubReport } from '../../src/protocol/model.ts';
import type { AttachRequest, Batch, Reply, TabSink } from '../../src/protocol/port.ts';
import type { TabId } from '../core/io.ts';
import { ok } from '../core/reply.ts';
import type { ToOwner, ToRelay } from './hub-messages.ts';
import type { Platform } from './platform.ts';
import { Sink } from './sink.ts';
import { HUB_LOST, type Upstream } from './upstream.ts';

export class Relay implements Upstream {
  /** The owner's id. */
  readonly hub: string;
  readonly as = 'relay';
  readonly #platform: Platform;
  readonly #post: (message: ToOwner) => void;
  readonly #nextId: () => number;
  readonly #tabs = new Map<TabId, Sink>();
  readonly #calls = new Map<number, (reply: Reply<unknown>) => void>();
  #isOver = false;

  /** @param nextId never the same number twice in the life of this worker's channel. */
  constructor(platform: Platform, owner: string, post: (message: ToOwner) => void, nextId: () => number) {
    this.hub = owner;
    this.#platform = platform;
    this.#post = post;
    this.#nextId = nextId;
  }

  attach(request: AttachRequest, sink: TabSink): TabId {
    const tab = this.#nextId();
    this.#tabs.set(tab, new Sink(this.#platform, sink));
    if (this.#isOver) this.#dismiss(tab);
    else this.#post({ owner: this.hub, relay: 'attach', tab, request });
    return tab;
  }

  leave(tab: TabId): void {
    if (!this.#tabs.has(tab)) return;
    this.#tabs.get(tab)?.close();
    this.#tabs.delete(tab);
    this.#post({ owner: this.hub, relay: 'leave', tab });
  }

  async call(tab: TabId, request: PortCall): Promise<Reply<unknown>> {
    if (!this.#tabs.has(tab)) return HUB_LOST;
    const call = this.#nextId();
    const reply = await new Promise<Reply<unknown>>((resolve) => {
      this.#calls.set(call, resolve);
      this.#post({ owner: this.hub, relay: 'call', tab, call, request });
    });
    if (request.method !== 'inspect' || !reply.ok) return reply;
    // The owner tells of itself.
    const report = reply.value as HubReport;
    return ok<HubReport>({ ...report, role: { state: 'relay', owner: this.hub } });
  }

  heard(message: ToRelay): void {
    if (message.owner !== this.hub) return;
    switch (message.relay) {
      case 'deliver': {
        const { tab, delivery, batch } = message;
        const credit = () => {
          if (this.#tabs.has(tab)) this.#post({ owner: this.hub, relay: 'credit', tab, delivery });
        };
        const delivered = this.#tabs.get(tab)?.deliver(batch);
        // The last word: the owner waits for this hub alone, since a page may be frozen.
        if (isFarewell(batch)) credit();
        else delivered?.then(credit, () => {});
        return;
      }
      case 'reply':
        this.#calls.get(message.call)?.(message.reply);
        this.#calls.delete(message.call);
    }
  }

  /** The tabs attach again, to whatever follows. An owner that lives on is told that they are gone. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const tab of [...this.#tabs.keys()]) this.#dismiss(tab);
    for (const reply of this.#calls.values()) reply(HUB_LOST);
    this.#calls.clear();
  }

  #dismiss(tab: TabId): void {
    const sink = this.#tabs.get(tab);
    this.#tabs.delete(tab);
    this.#post({ owner: this.hub, relay: 'leave', tab });
    sink?.last({ hub: this.hub, moved: true });
  }
}

const isFarewell = ({ connection }: Batch) =>
  connection?.state === 'closed' && connection.reason === 'signed_out';
