import type { AttachRequest, Batch } from '../../src/protocol/port.ts';
import type { TabId } from '../core/io.ts';
import { isAttachRequest, isSound } from './calls.ts';
import { type OwnerNotice, RELAY_VERSION, relayChannel, type ToOwner, type ToRelay } from './channel.ts';
import { hubLease, untilGone } from './locks.ts';
import type { Owner } from './owner.ts';
import type { Channel, Locks, Platform } from './platform.ts';

/** A hub in another worker, as its owner knows it. */
interface Guest {
  readonly channel: Channel;
  /** Ends the waiting for its lease. */
  readonly watch: AbortController;
  /** By the number that the relay has given it. */
  readonly tabs: Map<number, GuestTab>;
}

interface GuestTab {
  readonly id: TabId;
  /** What is delivered and not yet credited. */
  readonly deliveries: Map<number, () => void>;
}

/** The hubs that work through this owner. A tab of theirs is a tab like any other to it. */
export class Relays {
  readonly #platform: Platform;
  readonly #locks: Locks;
  readonly #app: string;
  readonly #identity: string;
  readonly #owner: Owner;
  readonly #guests = new Map<string, Guest>();
  #lastDelivery = 0;

  constructor(platform: Platform, locks: Locks, app: string, identity: string, owner: Owner) {
    this.#platform = platform;
    this.#locks = locks;
    this.#app = app;
    this.#identity = identity;
    this.#owner = owner;
  }

  get haveTabs(): boolean {
    return [...this.#guests.values()].some(({ tabs }) => tabs.size > 0);
  }

  /** Answers a hub that asks who owns. @param yields the owner hands over to it. */
  admit(hubId: string, yields: boolean): void {
    const guest = this.#guests.get(hubId) ?? this.#open(hubId);
    const notice: OwnerNotice = {
      find: 'owner',
      owner: this.#owner.hub,
      relayVersion: RELAY_VERSION,
      yields,
    };
    guest.channel.post(notice);
  }

  /** The ownership is over. Each hub hears of the next one, or is it. */
  end(): void {
    for (const hubId of this.#guests.keys()) this.#close(hubId);
  }

  #open(hubId: string): Guest {
    const name = relayChannel(this.#app, this.#identity, hubId);
    const guest: Guest = {
      channel: this.#platform.openChannel(name, (message) => this.#heard(guest, Object(message) as ToOwner)),
      watch: new AbortController(),
      tabs: new Map(),
    };
    this.#guests.set(hubId, guest);
    const close = () => this.#close(hubId);
    untilGone(this.#locks, hubLease(this.#app, hubId), guest.watch.signal).then(close, close);
    return guest;
  }

  #close(hubId: string): void {
    const guest = this.#guests.get(hubId);
    if (!guest) return;
    this.#guests.delete(hubId);
    guest.watch.abort();
    guest.channel.close();
    for (const { id } of guest.tabs.values()) this.#owner.leave(id);
  }

  async #heard(guest: Guest, message: ToOwner): Promise<void> {
    const { hub } = this.#owner;
    if (message.owner !== hub) return;
    const tab = guest.tabs.get(message.tab);
    switch (message.relay) {
      case 'attach':
        if (!tab && isAttachRequest(message.request)) this.#attach(guest, message.tab, message.request);
        return;
      case 'leave':
        guest.tabs.delete(message.tab);
        if (tab) this.#owner.leave(tab.id);
        return;
      case 'credit':
        tab?.deliveries.get(message.delivery)?.();
        tab?.deliveries.delete(message.delivery);
        return;
      case 'call': {
        // A tab that left does not wait for an answer.
        if (!tab || !isSound(message.request)) return;
        const reply = await this.#owner.call(tab.id, message.request);
        this.#say(guest, { owner: hub, relay: 'reply', call: message.call, reply });
      }
    }
  }

  #attach(guest: Guest, tab: number, request: AttachRequest): void {
    const deliveries = new Map<number, () => void>();
    const deliver = (batch: Batch) =>
      new Promise<void>((credited) => {
        const delivery = ++this.#lastDelivery;
        this.#say(guest, { owner: this.#owner.hub, relay: 'deliver', tab, delivery, batch });
        deliveries.set(delivery, credited);
      });
    guest.tabs.set(tab, { id: this.#owner.attach(request, { deliver }), deliveries });
  }

  #say(guest: Guest, message: ToRelay): void {
    guest.channel.post(message);
  }
}
