/** What the tabs of one identity in this worker are attached to. */
import { hold, hubLease, type Locks, untilGone } from '../../src/protocol/leases.ts';
import type { AttachRequest, TabSink } from '../../src/protocol/port.ts';
import type { TabId } from '../core/io.ts';
import { alone, NO_LOCKS } from './alone.ts';
import { Election } from './election.ts';
import {
  commonChannel,
  type FindMessage,
  type OwnerNotice,
  relayChannel,
  type ToRelay,
} from './hub-messages.ts';
import type { Purpose } from './owner.ts';
import type { Channel, Platform } from './platform.ts';
import type { Upstream } from './upstream.ts';

/** So long a tab whose upstream has ended may take to attach to the next one. */
const COMEBACK_MS = 2_000;

/** One tab of this worker. */
interface Tab {
  readonly upstream: Upstream;
  readonly id: TabId;
  /** Aborted when its lease is not waited for any more. */
  readonly watch: AbortController;
}

/** What the worker is told of its hub. */
export interface HubWorker {
  /** Its tabs have left, perhaps to come back at once. */
  vacated(): void;
  /** It may be at rest: look. */
  rests(): void;
  /** It is over for good. */
  over(): void;
}

/**
 * The hub of one identity in one worker: the tabs of this worker, and what they are attached to, which its election
 * decides. A hub is its tabs' servant: without any it gives way.
 */
export class Hub {
  readonly id: string;
  /** Its lease, once it is held; `''` where the browser grants no locks. */
  lease = '';
  /** Resolves when the hub can be attached to. */
  readonly ready: Promise<void>;
  #platform: Platform;
  #purpose: Purpose;
  readonly #worker: HubWorker;
  /** Once its lease is held, the browser's. */
  #locks = NO_LOCKS;
  readonly #tabs = new Set<Tab>();
  /** Tabs that wait for an upstream. */
  readonly #waiting = new Set<{ go(upstream: Upstream | null): void; fail(why: Error): void }>();
  /** `null` when it is over. */
  #election: Election | null = null;
  #common: Channel | null = null;
  #own: Channel | null = null;
  /** Aborted when nobody is to hear of this hub any more: it ends its lease. */
  readonly #life = new AbortController();
  /** Until then tabs of the former upstream may come back, ms since 1970. */
  #backBy = 0;

  constructor(platform: Platform, purpose: Purpose, worker: HubWorker) {
    this.#platform = platform;
    this.#purpose = purpose;
    this.#worker = worker;
    this.id = platform.uuid();
    this.ready = this.#start();
  }

  /**
   * Attaches a tab to whatever upstream there is, or will be; `null` where this hub is over before.
   *
   * @throws where the browser refuses us the lock.
   */
  async attach(request: AttachRequest, sink: TabSink): Promise<{ upstream: Upstream; id: TabId } | null> {
    const upstream = await this.#upstream();
    if (!upstream) return null;
    const tab: Tab = { upstream, id: upstream.attach(request, sink), watch: new AbortController() };
    this.#tabs.add(tab);
    const leave = () => this.leave(tab);
    // A lease that cannot be waited for says nothing about its tab: a tab that is not known to live is gone. One without a lease
    // has this worker for its own.
    if (this.lease && request.lease)
      untilGone(this.#locks, request.lease, tab.watch.signal).then(leave, leave);
    return tab;
  }

  leave({ upstream, id }: { upstream: Upstream; id: TabId }): void {
    upstream.leave(id);
    for (const tab of this.#tabs) {
      if (tab.upstream !== upstream || tab.id !== id) continue;
      tab.watch.abort();
      this.#tabs.delete(tab);
      if (this.isNeeded) continue;
      this.#worker.vacated();
      this.#election?.rest();
    }
  }

  /** There is nobody, and it does not own. */
  get isAtRest(): boolean {
    return !this.isNeeded && (this.#election?.isAtRest ?? true);
  }

  /** The worker is to end. */
  retire(): void {
    this.#election?.retire();
  }

  get isNeeded(): boolean {
    return this.#tabs.size > 0 || this.#waiting.size > 0;
  }

  async #start(): Promise<void> {
    const { locks } = this.#platform;
    if (locks) await this.#meetOthers(locks).catch(() => {});
    if (this.lease === '') {
      this.#platform = alone(this.#platform);
      this.#purpose = { ...this.#purpose, savedState: null };
    }
    this.#election = this.#newElection();
  }

  /** @throws where the browser refuses the lock, or the channels. */
  async #meetOthers(locks: Locks): Promise<void> {
    const { protocol, identity } = this.#purpose;
    const lease = hubLease(protocol.app, this.id);
    await hold(locks, lease, this.#life.signal);
    const open = this.#platform.openChannel;
    // Any script of the origin can post there: what is no object says nothing.
    this.#common = open(commonChannel(protocol.app, identity), (message) =>
      this.#election?.heardOfAll(Object(message) as FindMessage),
    );
    this.#own = open(relayChannel(protocol.app, identity, this.id), (message) =>
      this.#election?.heardOfOwner(Object(message) as OwnerNotice | ToRelay),
    );
    this.#locks = locks;
    this.lease = lease;
  }

  #newElection(): Election {
    return new Election(this.#platform, this.#locks, this.#purpose, {
      id: this.id,
      isNeeded: () => this.isNeeded,
      isAbandoned: () => !this.isNeeded && this.#platform.now() >= this.#backBy,
      moved: (upstream) => this.#moved(upstream),
      refused: (why) => this.#refused(why),
      over: (heard) => this.#over(heard),
      announce: (message) => this.#common?.post(message),
      post: (message) => this.#own?.post(message),
    });
  }

  #upstream(): Promise<Upstream | null> {
    return new Promise((go, fail) => {
      const election = this.#election;
      if (!election || election.upstream) return go(election?.upstream ?? null);
      this.#waiting.add({ go, fail });
      election.seek();
    });
  }

  #moved(upstream: Upstream | null): void {
    if (this.#tabs.size > 0) {
      this.#backBy = this.#platform.now() + COMEBACK_MS;
      this.#worker.vacated();
    }
    for (const { watch } of this.#tabs) watch.abort();
    this.#tabs.clear();
    if (upstream) this.#answer(upstream);
    else this.#worker.rests();
  }

  #refused(why: string): void {
    for (const { fail } of this.#waiting) fail(new Error(why));
    this.#waiting.clear();
  }

  #over(heard: Promise<unknown>): void {
    this.#election = null;
    this.#answer(null);
    this.#common?.close();
    this.#own?.close();
    this.#worker.over();
    heard.then(() => this.#life.abort());
  }

  #answer(upstream: Upstream | null): void {
    for (const { go } of this.#waiting) go(upstream);
    this.#waiting.clear();
  }
}
