/** Which of a browser's hubs owns an identity's socket and store, and what this one is to its tabs meanwhile. */
import type { Locks } from '../../src/protocol/leases.ts';
import { scopeName } from '../../src/protocol/names.ts';
import {
  type FindMessage,
  type OwnerNotice,
  RELAY_VERSION,
  type ToOwner,
  type ToRelay,
} from './hub-messages.ts';
import { type Build, isNewer } from './newer-build.ts';
import { Owner, type OwnerEnd, type Purpose } from './owner.ts';
import type { Platform } from './platform.ts';
import { Relay } from './relay.ts';
import { RelayedTabs } from './relayed-tabs.ts';
import { type UNAVAILABLE_BY, Unavailable } from './unavailable.ts';
import type { Upstream } from './upstream.ts';

/** How often a candidate asks who owns, and how long an owner may take to answer. */
const PROBE_MS = 3_000;
/** So long a hub waits for what an owner hands over to it, before it relays to that one for the time being. */
const HANDOVER_MS = 1_500;
/** A hub that has taken the ownership by force is slower to do it again, up to this many times. */
const LONGEST_PATIENCE = 32;

/** A hub that has tabs and does not own: it stands in the lock's queue, and asks who owns. */
interface Candidacy {
  /** Leaves the queue; `null` where this build may not own. */
  giveUp: (() => void) | null;
  /** The question that is out; `null` while the lock is taken by force. */
  probe: { readonly askedAt: number; isAnswered: boolean } | null;
}

type State =
  /** Nobody is here: it leaves the ownership to those who have tabs. */
  | { readonly state: 'idle' }
  /** `promisedAt`: when an owner said first that it hands over to this one, ms since 1970. */
  | { readonly state: 'searching'; readonly candidacy: Candidacy; promisedAt: number | null }
  | { readonly state: 'relaying'; readonly candidacy: Candidacy; readonly upstream: Relay }
  | { readonly state: 'unavailable'; readonly candidacy: Candidacy; readonly upstream: Unavailable }
  /** `giveUp`: releases the lock. */
  | {
      readonly state: 'owning';
      readonly giveUp: () => void;
      readonly upstream: Owner;
      readonly relayed: RelayedTabs;
    }
  | { readonly state: 'over' };

/** The hub that runs for the ownership, as its election sees it. */
export interface Candidate {
  readonly id: string;
  /** Tabs are attached, or wait for something to attach to. */
  isNeeded(): boolean;
  /** Nobody is here, and nobody is on the way back. */
  isAbandoned(): boolean;
  /** What tabs were attached to is over: they attach again, to this, or wait where it is `null`. */
  moved(upstream: Upstream | null): void;
  /** There will be nothing to attach to: the browser refuses us the lock. */
  refused(why: string): void;
  /** The hub is over for good. `heard` settles when the tabs know. */
  over(heard: Promise<unknown>): void;
  /** Posts to all hubs of the identity. */
  announce(message: FindMessage): void;
  /** Posts on this hub's own channel. */
  post(message: ToOwner): void;
}

/** Held by the one hub that owns the socket and the store of an identity. */
export function ownerLock(app: string, identity: string): string {
  return `${scopeName(app, identity)}:owner`;
}

/**
 * Stands in the queue for the ownership of an identity's socket and store, of which there is one in a browser; or takes it
 * from whoever has it.
 *
 * @param role `taken` is called when this hub is the owner, `lost` when it is not, or never can be, any more without
 * having given it up: another hub took the lock by force, or the browser refuses it.
 * @returns gives the ownership up, or the place in the queue.
 */
export function seekOwnership(
  locks: Locks,
  app: string,
  identity: string,
  how: 'wait' | 'steal',
  role: { taken(): void; lost(why: string): void },
): () => void {
  const over = new AbortController();
  const { signal } = over;
  locks
    // A lock that is taken by force is waited for by nobody, and allows no signal.
    .request(ownerLock(app, identity), how === 'steal' ? { steal: true } : { signal }, () => {
      if (signal.aborted) return;
      role.taken();
      return new Promise<void>((release) => {
        // It may have been given up at once.
        if (signal.aborted) release();
        signal.addEventListener('abort', () => release());
      });
    })
    .catch((error: unknown) => {
      if (!signal.aborted) role.lost(String(error));
    });
  return () => over.abort();
}

/** Of all hubs of one identity in a browser one owns; the others relay to it. The newest build with tabs is to own. */
export class Election {
  readonly #platform: Platform;
  readonly #locks: Locks;
  readonly #purpose: Purpose;
  readonly #build: Build;
  readonly #hub: Candidate;
  #state: State = { state: 'idle' };
  /** Whether the store is of a format that this build may write. */
  #mayOwn = true;
  /** In units of `PROBE_MS`. */
  #patience = 1;
  #lastId = 0;

  constructor(platform: Platform, locks: Locks, purpose: Purpose, hub: Candidate) {
    const { protocol, settings } = purpose;
    this.#platform = platform;
    this.#locks = locks;
    this.#purpose = purpose;
    this.#hub = hub;
    this.#build = { appVersion: protocol.version, startedAt: settings.newestOwns ? platform.now() : 0 };
  }

  /** `null` while there is none. */
  get upstream(): Upstream | null {
    return 'upstream' in this.#state ? this.#state.upstream : null;
  }

  /** It neither owns nor wants to. */
  get isAtRest(): boolean {
    return this.#state.state === 'idle';
  }

  /** A tab has come, and there is no upstream. */
  seek(): void {
    if (this.#state.state === 'idle') {
      const candidacy: Candidacy = { giveUp: null, probe: null };
      this.#enter({ state: 'searching', candidacy, promisedAt: null });
      if (this.#mayOwn) this.#lineUp(candidacy, 'wait');
    }
    const candidacy = this.#candidacy;
    if (!candidacy) return;
    if (!this.#mayOwn) this.#bar(candidacy, 'storeFormat');
    else if (!candidacy.probe) this.#ask(candidacy);
  }

  /** The last tab has left. An owner stays while there is nobody, to bring out what is stored. */
  rest(): void {
    if (this.#state.state === 'owning') {
      if (this.#state.relayed.areThere) this.#state.upstream.handOver();
      return;
    }
    const candidacy = this.#candidacy;
    if (!candidacy) return;
    candidacy.giveUp?.();
    candidacy.probe = null;
    this.#enter({ state: 'idle' });
  }

  /** The worker is to end: an owner that has nothing to do is none any more. */
  retire(): void {
    if (this.#state.state === 'owning') this.#state.upstream.retire();
  }

  /** On the channel of all hubs. */
  heardOfAll(message: FindMessage): void {
    switch (message.find) {
      case 'taken':
        if (this.#candidacy && this.#hub.isNeeded()) this.#ask(this.#candidacy);
        return;
      case 'signed_out':
        if (this.#state.state === 'unavailable') this.#end(this.#state.upstream.signOut());
        return;
      case 'tabs':
        if (this.#state.state === 'owning' && this.#hub.isNeeded())
          this.#state.relayed.admit(message.from, false);
        return;
      case 'who': {
        if (message.isBackground) {
          if (this.#state.state === 'owning' && this.#hub.isAbandoned()) this.#state.upstream.giveWay();
          return;
        }
        const yields = this.#hub.isAbandoned() || isNewer(message.build, this.#build);
        if (this.#state.state === 'owning') {
          const { relayed, upstream } = this.#state;
          relayed.admit(message.from, yields);
          if (yields) upstream.handOver();
        } else if (yields && this.#candidacy?.giveUp) {
          // Behind the newer one.
          this.#lineUp(this.#candidacy, 'wait');
        }
      }
    }
  }

  /** Posts on this hub's own channel. */
  heardOfOwner(message: OwnerNotice | ToRelay): void {
    if ('relay' in message) {
      if (this.#state.state === 'relaying') this.#state.upstream.heard(message);
    } else if (message.find === 'owner' && this.#state.state !== 'owning') this.#found(message);
  }

  /** `null` where it does not run for the ownership. */
  get #candidacy(): Candidacy | null {
    return 'candidacy' in this.#state ? this.#state.candidacy : null;
  }

  #lineUp(candidacy: Candidacy, how: 'wait' | 'steal'): void {
    candidacy.giveUp?.();
    const { protocol, identity } = this.#purpose;
    const giveUp = seekOwnership(this.#locks, protocol.app, identity, how, {
      taken: () => this.#won(giveUp),
      lost: (why) => this.#lost(why),
    });
    candidacy.giveUp = giveUp;
  }

  /** Which is also how an owner is known to be alive, and how it learns of a newer build. */
  #ask(candidacy: Candidacy): void {
    const probe = { askedAt: this.#platform.now(), isAnswered: false };
    candidacy.probe = probe;
    this.#hub.announce({ find: 'who', from: this.#hub.id, build: this.#build });
    this.#platform.setTimer(PROBE_MS * this.#patience, () => {
      if (candidacy.probe === probe) this.#judge(candidacy, probe);
    });
  }

  #judge(candidacy: Candidacy, { askedAt, isAnswered }: { askedAt: number; isAnswered: boolean }): void {
    // A machine that slept has not waited for the answer.
    const wasAsleep = this.#platform.now() - askedAt > 2 * PROBE_MS * this.#patience;
    if (isAnswered || wasAsleep) return this.#ask(candidacy);
    candidacy.probe = null;
    if (!this.#mayOwn) return this.#bar(candidacy, 'storeFormat');
    // It holds the lock and does not answer: it is stuck, or stopped. Its term fences it, should it wake.
    this.#patience = Math.min(2 * this.#patience, LONGEST_PATIENCE);
    this.#lineUp(candidacy, 'steal');
  }

  #found({ owner, relayVersion, yields }: OwnerNotice): void {
    const candidacy = this.#candidacy;
    if (candidacy?.probe) candidacy.probe.isAnswered = true;
    this.#patience = 1;
    if (!candidacy || !this.#hub.isNeeded()) return;
    if (yields && this.#state.state === 'searching') {
      this.#state.promisedAt ??= this.#platform.now();
      if (this.#platform.now() < this.#state.promisedAt + HANDOVER_MS) return;
    }
    if (relayVersion === RELAY_VERSION) this.#relayTo(candidacy, owner);
    else this.#bar(candidacy, 'relayVersion');
  }

  #relayTo(candidacy: Candidacy, owner: string): void {
    if (this.#state.state === 'relaying' && this.#state.upstream.hub === owner) return;
    const post = (message: ToOwner) => this.#hub.post(message);
    const upstream = new Relay(this.#platform, owner, post, () => ++this.#lastId);
    this.#enter({ state: 'relaying', candidacy, upstream });
  }

  #bar(candidacy: Candidacy, by: keyof typeof UNAVAILABLE_BY): void {
    if (this.#state.state !== 'unavailable')
      this.#enter({ state: 'unavailable', candidacy, upstream: new Unavailable(this.#platform, by) });
    if (!candidacy.probe) this.#ask(candidacy);
  }

  /** The lock was granted. */
  #won(giveUp: () => void): void {
    // Whoever wanted it is gone.
    if (!this.#hub.isNeeded()) return this.rest();
    const candidacy = this.#candidacy;
    if (candidacy) candidacy.probe = null;
    const upstream: Owner = new Owner(this.#platform, this.#purpose, (reason, heard) =>
      this.#ownerEnded(reason, heard),
    );
    const { protocol, identity } = this.#purpose;
    const relayed = new RelayedTabs(this.#platform, this.#locks, protocol.app, identity, upstream);
    this.#enter({ state: 'owning', giveUp, upstream, relayed });
    this.#hub.announce({ find: 'taken' });
  }

  /** Another hub has taken the lock by force, or the browser refuses it to us. */
  #lost(why: string): void {
    if (this.#state.state === 'owning') return this.#state.upstream.fence(why);
    this.#hub.refused(why);
    this.#end(Promise.resolve());
  }

  #ownerEnded(reason: OwnerEnd, heard: Promise<unknown>): void {
    if (this.#state.state !== 'owning') return;
    const { giveUp, relayed } = this.#state;
    this.#enter({ state: 'idle' });
    const release = () => {
      relayed.end();
      giveUp();
    };
    if (reason === 'signed_out') {
      this.#hub.announce({ find: 'signed_out' });
      relayed.lastWords().then(release);
    } else release();
    if (reason === 'signed_out' || reason === 'failed') return this.#end(heard);
    if (reason === 'newer_format') this.#mayOwn = false;
    if (this.#hub.isNeeded()) this.seek();
  }

  #end(heard: Promise<unknown>): void {
    if (this.#state.state === 'over') return;
    this.rest();
    this.#enter({ state: 'over' });
    this.#hub.over(heard);
  }

  #enter(next: State): void {
    const former = this.#state;
    this.#state = next;
    this.#hub.moved('upstream' in next ? next.upstream : null);
    if (former.state === 'relaying' || former.state === 'unavailable') former.upstream.end();
  }
}
