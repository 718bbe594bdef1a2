/** What delivers an identity's commands while no page is open, and when it lets go. */
import { isWaiting } from '../../src/protocol/is-waiting.ts';
import type { AddressAnswer, Batch } from '../../src/protocol/port.ts';
import type { AnyProtocol } from '../../src/protocol/types.ts';
import { Sessions } from '../core/sessions.ts';
import type { HubSettings } from '../core/settings.ts';
import { StoreError } from '../core/store.ts';
import { BackgroundStore, type Prospect, prospectOf, type Rows } from './background-rows.ts';
import { seekOwnership } from './election.ts';
import {
  commonChannel,
  type FindMessage,
  type OwnerNotice,
  RELAY_VERSION,
  relayChannel,
} from './hub-messages.ts';
import type { Build } from './newer-build.ts';
import { Owner, type OwnerEnd } from './owner.ts';
import type { Channel, Platform } from './platform.ts';

const UNDELIVERED = 'not all was answered in time';
/** While another hub owns: how often it is looked whether anything still waits. */
const LOOK_EVERY_MS = 5_000;
/** So long the ownership takes at most to end by itself: a page's hub waits 1.5 s for what is handed over to it. */
const HANDOVER_MS = 1_000;
/** So long a hub may take to say that it has pages. */
const ANSWER_MS = 1_000;
/** Newer than none. */
const NO_BUILD: Build = { appVersion: Number.NEGATIVE_INFINITY, startedAt: 0 };
/** From an ownership that ended and that nobody had asked to, to the next look. */
const AGAIN_MS = 1_000;

export interface BackgroundPlatform extends Platform {
  /** The rows as they lie there; `null`: there is no store. Nothing is changed by it, and no store is made. @throws StoreError */
  look(app: string, identity: string): Promise<Rows | null>;
}

export interface Errand {
  readonly protocol: AnyProtocol;
  readonly settings: HubSettings;
  readonly identity: string;
  /** When it is to be over, by the platform's `ticks`. */
  readonly endsAt: number;
  /** Absolute; `null`: `address` gives it at each connect. */
  readonly url: string | null;
  readonly hasToken: boolean;
  /** Never rejects. */
  address(): Promise<AddressAnswer>;
  settled(settled: NonNullable<Batch['settled']>): void;
}

/**
 * - `nothing`: nothing waits any more.
 * - `page`: what waits is left to a page, for a reason that no other attempt would change.
 * - `waiting`: something still waits, and another attempt may deliver it.
 */
export type BackgroundEnd =
  | { readonly end: 'nothing' }
  | { readonly end: 'page' | 'waiting'; readonly why: string };

type State =
  /** What waits is read, without taking it over. `giveUp` leaves the queue for the ownership. */
  | { readonly state: 'looking' }
  | { readonly state: 'waiting'; readonly giveUp: () => void }
  | { readonly state: 'delivering'; readonly giveUp: () => void; readonly owner: Owner }
  /** All is delivered, or a page's hub has come, or it is over. `end`: where it is known already. */
  | {
      readonly state: 'handing_over';
      readonly giveUp: () => void;
      readonly owner: Owner;
      readonly end: BackgroundEnd | null;
    }
  /** Nothing more is done: whether a hub that has pages goes on with it. */
  | { readonly state: 'asking' }
  | { readonly state: 'over' };

/**
 * One errand of a service worker for one identity: an ownership like any other, whose one page is the service worker itself.
 * It owns only what no other hub does, and hands over as soon as one comes. Whatever ends it, it is one more death of an owner.
 */
export class BackgroundHub {
  readonly #platform: BackgroundPlatform;
  readonly #errand: Errand;
  readonly #id: string;
  #state: State = { state: 'looking' };
  #common: Channel | null = null;
  readonly #answers: Channel[] = [];
  #done: (end: BackgroundEnd) => void = () => {};
  #isLate = false;
  /** Takes the next look back. */
  #lookNoMore: () => void = () => {};

  constructor(platform: BackgroundPlatform, errand: Errand) {
    this.#platform = platform;
    this.#errand = errand;
    this.#id = platform.uuid();
  }

  /** To be called once. Settles always, and never rejects. */
  run(): Promise<BackgroundEnd> {
    return new Promise((done) => {
      this.#done = done;
      const leftMs = Math.max(0, this.#errand.endsAt - this.#platform.ticks());
      this.#platform.setTimer(leftMs, () => this.#late());
      this.#look();
    });
  }

  get #app(): string {
    return this.#errand.protocol.app;
  }

  readonly #prospectOf = (rows: Rows | null): Prospect =>
    prospectOf(this.#errand.protocol, rows, this.#platform.now());

  #look(): void {
    this.#lookNoMore();
    const { identity } = this.#errand;
    this.#platform.look(this.#app, identity).then(
      (rows) => this.#found(this.#prospectOf(rows)),
      (error: unknown) => {
        const isNewer = error instanceof StoreError && error.failure === 'newer_format';
        if (isNewer) this.#askForTabs(String(error));
        else this.#over({ end: 'waiting', why: String(error) });
      },
    );
  }

  #found(found: Prospect): void {
    const { state } = this.#state;
    if (state !== 'looking' && state !== 'waiting') return;
    if (found.prospect === 'nothing') return this.#over({ end: 'nothing' });
    if (found.prospect === 'page') return this.#over({ end: 'page', why: found.why });
    // At once: a service worker of the build that can read it may wait for the end of this one's events.
    if (found.prospect === 'unreadable') return this.#askForTabs(found.why);
    if (this.#isLate && state === 'waiting') return this.#askForTabs(UNDELIVERED);
    if (this.#isLate) return this.#over({ end: 'waiting', why: UNDELIVERED });
    if (state === 'looking') this.#lineUp();
    if (this.#state.state !== 'waiting') return;
    this.#lookAfter(LOOK_EVERY_MS);
    // A function is asked at each connect, as for a token.
    if (this.#errand.hasToken || this.#errand.url === null) this.#askToYield();
  }

  #lineUp(): void {
    const { locks } = this.#platform;
    if (!locks) return this.#over({ end: 'waiting', why: 'navigator.locks is missing' });
    this.#listen();
    const giveUp = seekOwnership(locks, this.#app, this.#errand.identity, 'wait', {
      taken: () => this.#won(giveUp),
      lost: (why) => this.#lost(why),
    });
    this.#state = { state: 'waiting', giveUp };
  }

  #listen(): void {
    // Any script of the origin can post there: what is no object says nothing.
    this.#common ??= this.#platform.openChannel(commonChannel(this.#app, this.#errand.identity), (message) =>
      this.#heardOfAll(Object(message) as FindMessage),
    );
  }

  /** A hub that has outlived its last page can ask nobody for a token: it hands over, or tries for a line at once. */
  #askToYield(): void {
    const question: FindMessage = { find: 'who', from: this.#id, build: NO_BUILD, isBackground: true };
    this.#common?.post(question);
  }

  #won(giveUp: () => void): void {
    if (this.#state.state !== 'waiting') return giveUp();
    const { protocol, settings, identity, url, hasToken } = this.#errand;
    const platform: Platform = {
      ...this.#platform,
      createStore: (options) => new BackgroundStore(this.#platform.createStore(options), this.#prospectOf),
      // No page is shown anything: what is kept on the device stays as it is.
      forgetSavedState() {},
    };
    const purpose = { protocol, settings, identity, sessions: new Sessions(), savedState: null };
    const owner: Owner = new Owner(platform, purpose, (reason, heard) => this.#ended(owner, reason, heard));
    this.#state = { state: 'delivering', giveUp, owner };
    const request = {
      app: protocol.app,
      appVersion: protocol.version,
      identity,
      url,
      dialect: 'trunkline.v1' as const,
      // Of whoever attaches through a port it is waited for; this tab ends with its owner.
      lease: '',
      visible: false,
      hasToken,
    };
    const tab = owner.attach(request, {
      deliver: async (batch) => this.#heard(owner, () => tab, batch),
    });
    // Hubs that wait behind it ask who owns, and it hands over to them.
    this.#common?.post({ find: 'taken' });
  }

  #lost(why: string): void {
    if ('owner' in this.#state) return this.#state.owner.fence(why);
    this.#over({ end: 'waiting', why: `the browser refuses the lock: ${why}` });
  }

  /** On the channel of all hubs: one with tabs asks who owns. Another service worker's question is for hubs of pages. */
  #heardOfAll(message: FindMessage): void {
    if (message.find !== 'who' || message.isBackground || !('owner' in this.#state)) return;
    const { owner } = this.#state;
    const channel = this.#platform.openChannel(
      relayChannel(this.#app, this.#errand.identity, message.from),
      () => {},
    );
    this.#answers.push(channel);
    const notice: OwnerNotice = {
      find: 'owner',
      owner: owner.hub,
      relayVersion: RELAY_VERSION,
      yields: true,
    };
    channel.post(notice);
    this.#handOver();
  }

  #heard(owner: Owner, tab: () => number, batch: Batch): void {
    if (batch.settled?.length) this.#errand.settled(batch.settled);
    if (batch.tokenRequest !== undefined) this.#answerToken(owner, tab, batch.tokenRequest);
    const { connection, outbox, storage } = batch;
    if (storage?.state === 'degraded')
      this.#handOver({ end: 'waiting', why: `the storage fails: ${storage.reason}` });
    if (outbox && !outbox.some(isWaiting)) this.#handOver();
    // Nothing but a person would have it tried again.
    const isPaused =
      connection?.state === 'closed' && connection.retryAt === null && connection.reason !== 'idle';
    if (isPaused) {
      const { reason, detail } = connection;
      this.#handOver({ end: 'waiting', why: `${reason}: ${detail?.message ?? 'the server said no more'}` });
    }
  }

  #answerToken(owner: Owner, tab: () => number, request: number): void {
    this.#errand.address().then((answer) => owner.call(tab(), { method: 'token', request, answer }));
  }

  #handOver(end: BackgroundEnd | null = null): void {
    if (this.#state.state !== 'delivering') return;
    const { giveUp, owner } = this.#state;
    this.#state = { state: 'handing_over', giveUp, owner, end };
    owner.handOver();
    this.#platform.setTimer(HANDOVER_MS, () =>
      owner.fence('it was to be handed over, and the store did not answer'),
    );
  }

  #ended(owner: Owner, reason: OwnerEnd, heard: Promise<unknown>): void {
    if (!('owner' in this.#state) || this.#state.owner !== owner) return;
    const { state } = this.#state;
    const end = this.#state.state === 'handing_over' ? this.#state.end : null;
    this.#state.giveUp();
    this.#state = { state: 'looking' };
    if (end) return this.#over(end);
    if (reason === 'failed') {
      heard.then(() => this.#over({ end: 'waiting', why: 'the hub failed' }));
      return;
    }
    // The rows are other ones than were looked at.
    if (state === 'handing_over' || reason === 'newer_format') this.#look();
    else this.#lookAfter(AGAIN_MS);
  }

  /** The time of the event is over. */
  #late(): void {
    this.#isLate = true;
    const { state } = this.#state;
    if (state === 'delivering') this.#handOver({ end: 'waiting', why: UNDELIVERED });
    else if (state === 'waiting') this.#look();
    // Whatever else it waits for: the look, the store, or word that a hub has pages.
    this.#platform.setTimer(2 * HANDOVER_MS, () => this.#over({ end: 'waiting', why: UNDELIVERED }));
  }

  /** A hub that has pages delivers by itself, and its pages ask for another event when they go. */
  #askForTabs(why: string): void {
    if ('giveUp' in this.#state) this.#state.giveUp();
    this.#state = { state: 'asking' };
    this.#listen();
    const name = relayChannel(this.#app, this.#errand.identity, this.#id);
    this.#answers.push(this.#platform.openChannel(name, () => this.#over({ end: 'page', why })));
    this.#common?.post({ find: 'tabs', from: this.#id });
    this.#platform.setTimer(ANSWER_MS, () => this.#over({ end: 'waiting', why }));
  }

  #over(end: BackgroundEnd): void {
    if (this.#state.state === 'over') return;
    const last = this.#state;
    this.#state = { state: 'over' };
    this.#lookNoMore();
    if ('owner' in last) last.owner.fence('its time is over');
    if ('giveUp' in last) last.giveUp();
    this.#common?.close();
    for (const channel of this.#answers) channel.close();
    this.#done(end);
  }

  #lookAfter(ms: number): void {
    this.#lookNoMore();
    this.#lookNoMore = this.#platform.setTimer(ms, () => this.#look());
  }
}
