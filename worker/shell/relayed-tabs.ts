/**
 * What a tab may ask of this owner that is attached in another worker, whose hub relays it: whatever a tab of its own worker
 * may. This is all that differs:
 *
 * - It attaches only to an owner that is not ending, and under a number that no other tab of its hub has. A hub that speaks
 *   another version of these messages does not get this far (`unavailable.ts`).
 * - It is gone with its hub, and what it asks after it left is not answered.
 * - It waits for the answers of a worker that may be stopped, until the election has found that out.
 * - A call that the owner's build does not know is never answered: the page takes it for `unconfirmed` after 10 s.
 * - `inspect()` says `relay` as its role (`relay.ts`).
 */
import { hubLease, type Locks, untilGone } from '../../src/protocol/leases.ts';
import type { AttachRequest, Batch } from '../../src/protocol/port.ts';
import type { TabId } from '../core/io.ts';
import { isAttachRequest, isSound } from './call-shapes.ts';
import { type OwnerNotice, RELAY_VERSION, relayChannel, type ToOwner, type ToRelay } from './hub-messages.ts';
import type { Owner } from './owner.ts';
import type { Channel, Platform } from './platform.ts';

/** A hub in another worker, as its owner knows it. */
interface Guest {
  readonly channel: Channel;
  /** Aborted when its lease is not waited for any more. */
  readonly watch: AbortController;
  /** Its tabs, by the number that the relay has given each. */
  readonly tabs: Map<number, GuestTab>;
}

interface GuestTab {
  readonly id: TabId;
  /** What is delivered and not yet credited. */
  readonly deliveries: Map<number, () => void>;
  /** Settles when the newest delivery is credited, or the tab is gone. */
  readonly heard: Promise<void>;
}

/** How long a hub has to hear the last words: its worker may be stopped. */
const LAST_WORDS_MS = 5_000;

/** The hubs that work through this owner. A tab of theirs is a tab like any other to it. */
export class RelayedTabs {
  readonly #platform: Platform;
  readonly #locks: Locks;
  readonly #app: string;
  readonly #identity: string;
  readonly #owner: Owner;
  readonly #guests = new Map<string, Guest>();
  #lastDelivery = 0;
  #isEnding = false;

  constructor(platform: Platform, locks: Locks, app: string, identity: string, owner: Owner) {
    this.#platform = platform;
    this.#locks = locks;
    this.#app = app;
    this.#identity = identity;
    this.#owner = owner;
  }

  get areThere(): boolean {
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

  /**
   * The last word was said to every tab. Resolves when each hub here has it, or is gone, or too long a time has passed:
   * whoever owns next must not be asked for a line by a tab that has not heard. Tabs that come wait for that one.
   */
  async lastWords(): Promise<void> {
    this.#isEnding = true;
    const tabs = [...this.#guests.values()].flatMap((guest) => [...guest.tabs.values()]);
    const late = new Promise<void>((resolve) => this.#platform.setTimer(LAST_WORDS_MS, resolve));
    await Promise.race([Promise.all(tabs.map(({ heard }) => heard)), late]);
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
    for (const tab of guest.tabs.values()) this.#leave(tab);
  }

  #leave({ id, deliveries }: GuestTab): void {
    this.#owner.leave(id);
    for (const credited of deliveries.values()) credited();
  }

  #heard(guest: Guest, message: ToOwner): void {
    const { hub } = this.#owner;
    if (message.owner !== hub) return;
    const tab = guest.tabs.get(message.tab);
    switch (message.relay) {
      case 'attach':
        if (!this.#isEnding && !tab && isAttachRequest(message.request))
          this.#attach(guest, message.tab, message.request);
        return;
      case 'leave':
        guest.tabs.delete(message.tab);
        if (tab) this.#leave(tab);
        return;
      case 'credit':
        tab?.deliveries.get(message.delivery)?.();
        tab?.deliveries.delete(message.delivery);
        return;
      case 'call': {
        // A tab that left does not wait for an answer.
        if (!tab || !isSound(message.request)) return;
        const { call, request } = message;
        this.#owner.ask(tab.id, request, (reply) =>
          this.#say(guest, { owner: hub, relay: 'reply', call, reply }),
        );
      }
    }
  }

  #attach(guest: Guest, tab: number, request: AttachRequest): void {
    const deliveries: GuestTab['deliveries'] = new Map();
    let heard = Promise.resolve();
    const deliver = (batch: Batch) => {
      heard = new Promise((credited) => {
        const delivery = ++this.#lastDelivery;
        this.#say(guest, { owner: this.#owner.hub, relay: 'deliver', tab, delivery, batch });
        deliveries.set(delivery, credited);
      });
      return heard;
    };
    const id = this.#owner.attach(request, { deliver });
    guest.tabs.set(tab, {
      id,
      deliveries,
      get heard() {
        return heard;
      },
    });
  }

  #say(guest: Guest, message: ToRelay): void {
    guest.channel.post(message);
  }
}
