/**
 * What the tabs of one browser take once between them. A tab claims a thing by a Web Lock before it takes it, which ends with
 * the tab, and tells the others when it has. Whoever holds the lock for too long without a word is robbed of it.
 */
import type { Locks } from '../protocol/leases.ts';
import { isBetter, Peers, type Standing } from './peers.ts';
import type { OneTabPlatform } from './platform.ts';

/** So long a better tab has to claim it. */
const TURN_MS = 1_000;
/** What a tab said before it let go is heard first: locks and channels are not ordered among each other. */
const LAST_WORDS_MS = 20;
/** So long a tab that has claimed it may stay silent. */
const STUCK_MS = 5_000;
/** So many things that were taken are remembered, for those that hear of them later. */
const REMEMBERED = 1_000;

/** Of what is told about a thing: it is being taken; it was; whoever takes it is to say so. */
type Word = 'busy' | 'done' | 'whose';
interface Said extends Standing {
  readonly tab: string;
  readonly says: Word | 'here' | 'who' | 'gone';
  readonly key?: string;
}

/** One thing that this tab is to take, or another one. */
interface Claim {
  readonly key: string;
  readonly take: () => unknown;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** Ended, the present attempt is over. */
  life: AbortController;
  /** This tab takes it. */
  isTaking: boolean;
  /** Another one has said that it does, since it was asked last. */
  isElsewhere: boolean;
}

/** One name, in one tab. */
export class Room {
  readonly #platform: OneTabPlatform;
  readonly #name: string;
  readonly #locks: Locks;
  readonly #tab: string;
  readonly #peers = new Peers();
  readonly #claims = new Map<string, Claim>();
  readonly #done = new Set<string>();
  #seenAt: number;
  /** `null` while the page is away: what is said to one in the back/forward cache evicts it. */
  #channel: ReturnType<OneTabPlatform['openChannel']> | null = null;

  constructor(platform: OneTabPlatform, name: string, locks: Locks) {
    this.#platform = platform;
    this.#name = `trunkline:one-tab:${name}`;
    this.#locks = locks;
    this.#tab = platform.uuid();
    this.#seenAt = platform.isVisible() ? platform.now() : 0;
    const seen = () => {
      this.#seenAt = platform.now();
      this.#say('here');
    };
    platform.watchPage(new AbortController().signal, {
      hide: () => this.#leave(),
      show: () => this.#enter(),
      signal: (signal) => signal !== 'online' && seen(),
      freeze() {},
      remembered() {},
    });
    this.#enter();
  }

  /** Resolves when some tab has taken it; rejects where this one failed. Never settles once the signal is aborted. */
  take(key: string, take: () => unknown, signal: AbortSignal | undefined): Promise<void> {
    if (this.#done.has(key)) return Promise.resolve();
    let leave = () => {};
    const taken = new Promise<void>((resolve, reject) => {
      const life = new AbortController();
      const claim = { key, take, resolve, reject, life, isTaking: false, isElsewhere: false };
      leave = () => {
        claim.life.abort();
        this.#claims.delete(key);
      };
      this.#claims.set(key, claim);
      this.#begin(claim);
    });
    signal?.addEventListener('abort', leave);
    // A listener may stay for as long as the page does.
    return taken.finally(() => signal?.removeEventListener('abort', leave));
  }

  get #standing(): Standing {
    return { isVisible: this.#platform.isVisible(), seenAt: this.#seenAt };
  }

  #enter(): void {
    if (this.#channel) return;
    this.#channel = this.#platform.openChannel(this.#name, (said) => this.#hear(said as Said));
    this.#say('who');
    for (const claim of this.#claims.values()) this.#begin(claim);
  }

  #leave(): void {
    for (const { life } of this.#claims.values()) life.abort();
    this.#say('gone');
    this.#channel?.close();
    this.#channel = null;
  }

  #say(says: Said['says'], key?: string): void {
    this.#channel?.post({ tab: this.#tab, says, ...(key !== undefined && { key }), ...this.#standing });
  }

  #hear({ tab, says, key = '', ...standing }: Said): void {
    if (says === 'gone') return this.#peers.gone(tab);
    this.#peers.heard(tab, standing);
    const claim = this.#claims.get(key);
    if (says === 'who') this.#say('here');
    else if (says === 'done') this.#finish(key);
    else if (says === 'whose' && claim?.isTaking) this.#say('busy', key);
    else if (says === 'busy') {
      if (claim) claim.isElsewhere = true;
      // It has forgotten this tab.
      if (isBetter(this.#standing, standing)) this.#say('here');
    }
  }

  /** A better tab first. */
  #begin(claim: Claim): void {
    if (!this.#channel || claim.isTaking) return;
    claim.life = new AbortController();
    const { signal } = claim.life;
    if (!this.#peers.areBetterThan(this.#standing)) this.#queue(claim, signal);
    else this.#after(TURN_MS, signal, () => this.#queue(claim, signal));
  }

  #queue(claim: Claim, signal: AbortSignal, steal = false): void {
    let isHeld = true;
    this.#locks
      .request(`${this.#name}:${claim.key}`, steal ? { steal } : { signal }, async () => {
        if (this.#peers.size > 0) await this.#pause(LAST_WORDS_MS);
        if (isHeld && !signal.aborted) await this.#take(claim);
      })
      .catch(() => {
        isHeld = false;
        // Another tab has robbed this one before it began.
        if (!signal.aborted && !claim.isTaking) this.#begin(claim);
      });
    this.#watch(claim, signal);
  }

  /** Whoever holds the lock has to say so, as often as it is asked. */
  #watch(claim: Claim, signal: AbortSignal): void {
    claim.isElsewhere = false;
    this.#say('whose', claim.key);
    this.#after(STUCK_MS, signal, () => {
      if (claim.isTaking) return;
      if (claim.isElsewhere) return this.#watch(claim, signal);
      claim.life.abort();
      claim.life = new AbortController();
      this.#queue(claim, claim.life.signal, true);
    });
  }

  async #take(claim: Claim): Promise<void> {
    const { key, take, reject } = claim;
    claim.isTaking = true;
    this.#peers.forgetBetterThan(this.#standing);
    this.#say('busy', key);
    try {
      await take();
      this.#say('done', key);
      this.#finish(key);
    } catch (error) {
      this.#claims.delete(key);
      reject(error);
    }
  }

  #finish(key: string): void {
    this.#done.add(key);
    for (const oldest of this.#done) {
      if (this.#done.size <= REMEMBERED) break;
      this.#done.delete(oldest);
    }
    const claim = this.#claims.get(key);
    if (!claim) return;
    this.#claims.delete(key);
    claim.life.abort();
    claim.resolve();
  }

  #after(ms: number, signal: AbortSignal, then: () => void): void {
    signal.addEventListener('abort', this.#platform.setTimer(ms, then));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((over) => this.#platform.setTimer(ms, over));
  }
}
