import type { AttachRequest, TabSink } from '../../src/protocol/port.ts';
import type { TabId } from '../core/io.ts';
import { type BARRED_BY, Barred } from './barred.ts';
import {
  type Build,
  commonChannel,
  type FindMessage,
  isNewer,
  type OwnerNotice,
  RELAY_VERSION,
  relayChannel,
  type ToOwner,
  type ToRelay,
} from './channel.ts';
import type { Line } from './line.ts';
import { hold, hubLease, untilGone } from './locks.ts';
import { Owner, type OwnerEnd, type Purpose } from './owner.ts';
import { seekOwnership } from './ownership.ts';
import type { Channel, Locks, Platform } from './platform.ts';
import { Relay } from './relay.ts';
import { Relays } from './relays.ts';

/** How often a hub with tabs that is not the owner asks for it, and how long an owner may take to answer. */
const PROBE_MS = 3_000;
/** So long a hub waits for what an owner hands over to it, before it relays to that one for the time being. */
const HANDOVER_MS = 1_500;
/** So long a tab of a line that has ended may take to attach to the next one. */
const COMEBACK_MS = 2_000;
/** A hub that has taken the ownership by force is slower to do it again, up to this many times. */
const LONGEST_PATIENCE = 32;

/** What this hub is to its tabs. */
type Role =
  /** Nothing yet: it stands in line, and asks for the owner. Or it has no tabs, and does neither. */
  | { readonly is: 'none' }
  | { readonly is: 'owner'; readonly line: Owner; readonly relays: Relays }
  | { readonly is: 'relay'; readonly line: Relay }
  | { readonly is: 'barred'; readonly line: Barred };

/** One tab of this worker. */
interface Tab {
  readonly line: Line;
  readonly id: TabId;
  /** Ends the waiting for its lease. */
  readonly watch: AbortController;
}

/**
 * The hub of one identity in one worker. Of all hubs of a browser one owns the socket and the store; the others relay to
 * it, so that every tab works, whatever its build and its worker. A hub is its tabs' servant: without any it gives way.
 */
export class Hub {
  readonly id: string;
  readonly lease: string;
  /** Resolves when the hub's lease is held; rejects where the browser has no locks for us. */
  readonly ready: Promise<void>;
  readonly #platform: Platform;
  readonly #purpose: Purpose;
  readonly #build: Build;
  readonly #onEnd: () => void;
  readonly #tabs = new Set<Tab>();
  /** Tabs that wait for a line. */
  readonly #waiting = new Set<{ go(line: Line | null): void; fail(why: Error): void }>();
  #role: Role = { is: 'none' };
  #isOver = false;
  /** Whether the store is of a format that this build may write. */
  #mayOwn = true;
  /** Gives up the ownership, or the place in the line; `null` where it has neither. */
  #giveUp: (() => void) | null = null;
  /** An end of the common channel, and of the own one; from the start on. */
  #common: Channel | null = null;
  #own: Channel | null = null;
  #releaseLease: () => void = () => {};
  /** The question that is out, and whether it was answered. */
  #probe: { readonly askedAt: number; isAnswered: boolean } | null = null;
  /** In units of `PROBE_MS`. */
  #patience = 1;
  /** When an owner said first that it hands over to this one, ms since 1970. */
  #promisedAt: number | null = null;
  /** Until then tabs of the former line may come, ms since 1970. */
  #backBy = 0;
  #lastId = 0;

  constructor(platform: Platform, purpose: Purpose, onEnd: () => void) {
    this.#platform = platform;
    this.#purpose = purpose;
    this.#onEnd = onEnd;
    const { protocol, settings } = purpose;
    this.#build = {
      appVersion: protocol.version,
      startedAt: settings.newestOwns ? platform.now() : 0,
    };
    this.id = platform.uuid();
    this.lease = hubLease(protocol.app, this.id);
    this.ready = this.#start();
  }

  /**
   * Attaches a tab to whatever line there is, or will be; `null` where this hub is over before.
   *
   * @throws where the browser refuses us the line.
   */
  async attach(request: AttachRequest, sink: TabSink): Promise<{ line: Line; id: TabId } | null> {
    const line = await this.#line();
    if (!line) return null;
    const tab: Tab = { line, id: line.attach(request, sink), watch: new AbortController() };
    this.#tabs.add(tab);
    const leave = () => this.leave(tab);
    // A lease that cannot be waited for says nothing about its tab: a tab that is not known to live is gone.
    untilGone(this.#locks, request.lease, tab.watch.signal).then(leave, leave);
    return tab;
  }

  leave({ line, id }: { line: Line; id: TabId }): void {
    line.leave(id);
    for (const tab of this.#tabs) {
      if (tab.line !== line || tab.id !== id) continue;
      tab.watch.abort();
      this.#tabs.delete(tab);
      if (!this.#isNeeded) this.#rest();
    }
  }

  get #isNeeded(): boolean {
    return this.#tabs.size > 0 || this.#waiting.size > 0;
  }

  /** Nobody is here, and nobody is on the way back. */
  get #isAbandoned(): boolean {
    return !this.#isNeeded && this.#platform.now() >= this.#backBy;
  }

  get #locks(): Locks {
    const { locks } = this.#platform;
    if (!locks) throw new Error('navigator.locks is missing; it needs https: or localhost');
    return locks;
  }

  async #start(): Promise<void> {
    const { protocol, identity } = this.#purpose;
    this.#releaseLease = await hold(this.#locks, this.lease);
    const open = this.#platform.openChannel;
    // Any script of the origin can post there: what is no object says nothing.
    this.#common = open(commonChannel(protocol.app, identity), (message) =>
      this.#heardOfAll(Object(message) as FindMessage),
    );
    this.#own = open(relayChannel(protocol.app, identity, this.id), (message) =>
      this.#heardOfOwner(Object(message) as OwnerNotice | ToRelay),
    );
  }

  #line(): Promise<Line | null> {
    return new Promise((go, fail) => {
      if (this.#isOver) return go(null);
      if (this.#role.is !== 'none') return go(this.#role.line);
      this.#waiting.add({ go, fail });
      this.#seek();
    });
  }

  #seek(): void {
    if (!this.#mayOwn) return this.#bar('storeFormat');
    if (!this.#giveUp) this.#lineUp('wait');
    if (!this.#probe) this.#ask();
  }

  #lineUp(how: 'wait' | 'steal'): void {
    this.#giveUp?.();
    const { protocol, identity } = this.#purpose;
    const giveUp = seekOwnership(this.#locks, protocol.app, identity, how, {
      taken: () => this.#taken(),
      lost: (why) => {
        if (this.#giveUp === giveUp) this.#lost(why);
      },
    });
    this.#giveUp = giveUp;
  }

  /** Asks who owns, which is also how an owner is known to be alive, and how it learns of a newer build. */
  #ask(): void {
    const probe = { askedAt: this.#platform.now(), isAnswered: false };
    this.#probe = probe;
    this.#say({ find: 'who', from: this.id, build: this.#build });
    this.#platform.setTimer(PROBE_MS * this.#patience, () => {
      if (this.#probe === probe) this.#judge(probe);
    });
  }

  #judge({ askedAt, isAnswered }: { askedAt: number; isAnswered: boolean }): void {
    // A machine that slept has not waited for the answer.
    const wasAsleep = this.#platform.now() - askedAt > 2 * PROBE_MS * this.#patience;
    if (isAnswered || wasAsleep) return this.#ask();
    this.#probe = null;
    if (!this.#mayOwn) return this.#bar('storeFormat');
    // It holds the lock and does not answer: it is stuck, or stopped. Its term fences it, should it wake.
    this.#patience = Math.min(2 * this.#patience, LONGEST_PATIENCE);
    this.#lineUp('steal');
  }

  #heardOfAll(message: FindMessage): void {
    const role = this.#role;
    if (message.find === 'taken') {
      if (role.is !== 'owner' && this.#isNeeded) this.#ask();
      return;
    }
    if (message.find === 'signed_out' && role.is === 'barred') this.#end(role.line.signOut());
    if (message.find !== 'who') return;
    const gives = this.#isAbandoned || isNewer(message.build, this.#build);
    if (role.is === 'owner') {
      role.relays.admit(message.from, gives);
      if (gives) role.line.handOver();
    } else if (gives && this.#giveUp) {
      // Behind the newer one.
      this.#lineUp('wait');
    }
  }

  #heardOfOwner(message: OwnerNotice | ToRelay): void {
    const role = this.#role;
    if (role.is === 'owner' || this.#isOver) return;
    if ('relay' in message) {
      if (role.is === 'relay') role.line.heard(message);
      return;
    }
    if (message.find !== 'owner') return;
    if (this.#probe) this.#probe.isAnswered = true;
    this.#patience = 1;
    if (!this.#isNeeded) return;
    const { owner, relayVersion, yields } = message;
    if (yields && role.is === 'none') {
      this.#promisedAt ??= this.#platform.now();
      if (this.#platform.now() < this.#promisedAt + HANDOVER_MS) return;
    }
    if (relayVersion !== RELAY_VERSION) return this.#bar('relayVersion');
    if (role.is === 'relay' && role.line.hub === owner) return;
    const post = (message: ToOwner) => this.#own?.post(message);
    this.#become({ is: 'relay', line: new Relay(this.#platform, owner, post, () => ++this.#lastId) });
  }

  #taken(): void {
    // Whoever wanted it is gone.
    if (!this.#isNeeded) return this.#rest();
    this.#probe = null;
    const line: Owner = new Owner(this.#platform, this.#purpose, (reason, heard) =>
      this.#ownerEnded(reason, heard),
    );
    const { protocol, identity } = this.#purpose;
    const relays = new Relays(this.#platform, this.#locks, protocol.app, identity, line);
    this.#become({ is: 'owner', line, relays });
    this.#say({ find: 'taken' });
  }

  /** By force; or the browser refuses us the line. */
  #lost(why: string): void {
    this.#giveUp = null;
    if (this.#role.is === 'owner') return this.#role.line.fence(why);
    for (const { fail } of this.#waiting) fail(new Error(why));
    this.#waiting.clear();
    this.#end(Promise.resolve());
  }

  #ownerEnded(reason: OwnerEnd, heard: Promise<unknown>): void {
    const relays = this.#role.is === 'owner' ? this.#role.relays : null;
    const giveUp = this.#giveUp;
    this.#become({ is: 'none' });
    this.#giveUp = null;
    const release = () => {
      relays?.end();
      giveUp?.();
    };
    if (reason === 'signed_out') {
      this.#say({ find: 'signed_out' });
      relays?.lastWords().then(release);
    } else release();
    if (reason === 'signed_out' || reason === 'failed') return this.#end(heard);
    if (reason === 'newer_format') this.#mayOwn = false;
    if (this.#isNeeded) this.#seek();
  }

  #bar(by: keyof typeof BARRED_BY): void {
    if (this.#role.is !== 'barred') this.#become({ is: 'barred', line: new Barred(this.#platform, by) });
    if (!this.#probe) this.#ask();
  }

  /** The tabs of the former line attach again, to the new one. */
  #become(role: Role): void {
    const former = this.#role;
    this.#role = role;
    this.#promisedAt = null;
    if (this.#tabs.size > 0) this.#backBy = this.#platform.now() + COMEBACK_MS;
    for (const { watch } of this.#tabs) watch.abort();
    this.#tabs.clear();
    if (former.is === 'relay' || former.is === 'barred') former.line.end();
    if (role.is === 'none') return;
    for (const { go } of this.#waiting) go(role.line);
    this.#waiting.clear();
  }

  /** Without tabs: whoever has some is to own. An owner stays while there is nobody, to bring out what is stored. */
  #rest(): void {
    if (this.#role.is === 'owner') {
      if (this.#role.relays.haveTabs) this.#role.line.handOver();
      return;
    }
    this.#probe = null;
    this.#giveUp?.();
    this.#giveUp = null;
    this.#become({ is: 'none' });
  }

  #end(heard: Promise<unknown>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#rest();
    for (const { go } of this.#waiting) go(null);
    this.#waiting.clear();
    this.#common?.close();
    this.#own?.close();
    this.#onEnd();
    heard.then(() => this.#releaseLease());
  }

  #say(message: FindMessage): void {
    this.#common?.post(message);
  }
}
