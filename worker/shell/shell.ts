import type { AnyProtocol } from '../../src/protocol/index.ts';
import type { AttachRequest, HubMessage, Reply, TabSink } from '../../src/protocol/port.ts';
import { Hub } from '../core/hub.ts';
import type { Effect, Input, PortCall, TabId } from '../core/io.ts';
import type { HubSettings } from '../core/settings.ts';
import { type Store, StoreError } from '../core/store.ts';
import { hold, hubLease, untilGone } from './locks.ts';
import { isOwnershipWanted, seekOwnership } from './ownership.ts';
import type { Locks, Platform } from './platform.ts';
import { Sink } from './sink.ts';
import { SocketSlot } from './socket.ts';
import { Timer } from './timer.ts';

/** How long an ended hub waits for its tabs to reply to its last words, before its lease tells them the same. */
const FAREWELL_MS = 5_000;

/** How often a hub without tabs looks whether another one waits for its place. */
const GIVE_WAY_MS = 500;

interface Tab {
  readonly sink: Sink;
  /** Ends the waiting for its lease. */
  readonly watch: AbortController;
  /** Settles with the tab's reply to the newest batch. */
  delivered: Promise<void>;
}

/** One hub: the core's world. It feeds the core one input at a time, and does what the core says, in order. */
export class HubShell {
  readonly id: string;
  readonly lease: string;
  /** Resolves when the hub's lease is held; rejects where the browser has no locks for us. */
  readonly ready: Promise<void>;
  readonly #platform: Platform;
  readonly #app: string;
  readonly #identity: string;
  readonly #core: Hub;
  readonly #onEnd: () => void;
  readonly #store: Store;
  readonly #socket: SocketSlot;
  readonly #timer: Timer;
  readonly #tabs = new Map<TabId, Tab>();
  readonly #calls = new Map<number, (reply: Reply<unknown>) => void>();
  /** Inputs that wait while another one's effects are done: steps are never nested. */
  readonly #inputs: Input[] = [];
  #stepping = false;
  /** What every call is answered once the hub is over. */
  #ended: Reply<never> | null = null;
  #lastTab = 0;
  #lastCall = 0;
  /** Counts the store's openings, so that a late answer is known. */
  #openings = 0;
  #giveUpOwnership: () => void = () => {};
  #owns = false;
  #givesWay = false;
  #releaseLease: () => void = () => {};

  constructor(
    platform: Platform,
    protocol: AnyProtocol,
    settings: HubSettings,
    identity: string,
    onEnd: () => void,
  ) {
    this.#platform = platform;
    this.id = platform.uuid();
    this.#app = protocol.app;
    this.#identity = identity;
    this.#onEnd = onEnd;
    this.lease = hubLease(protocol.app, this.id);
    this.#core = new Hub({
      protocol,
      settings,
      hubId: this.id,
      identity,
      random: () => platform.random(),
      freshClientId: platform.uuid(),
      now: platform.now(),
    });
    this.#socket = new SocketSlot(platform.openSocket, (input) => this.#feed(input));
    this.#timer = new Timer(platform, () => this.#feed({ type: 'deadline' }));
    this.#store = platform.createStore({
      app: protocol.app,
      identity,
      onLost: (why) => this.#feed({ type: 'store_failed', ...failureOf(why) }),
    });
    this.ready = this.#start();
  }

  get over(): boolean {
    return this.#ended !== null;
  }

  attach(request: AttachRequest, sink: TabSink): TabId {
    const tab = ++this.#lastTab;
    const watch = new AbortController();
    this.#tabs.set(tab, { sink: new Sink(this.#platform, sink), watch, delivered: Promise.resolve() });
    this.#feed({ type: 'tab_attached', tab, request });
    // A lease that cannot be waited for says nothing about its tab: a tab that is not known to live is gone.
    const leave = () => this.leave(tab);
    untilGone(this.#locks, request.lease, watch.signal).then(leave, leave);
    return tab;
  }

  leave(id: TabId): void {
    const tab = this.#tabs.get(id);
    if (!tab) return;
    this.#tabs.delete(id);
    tab.watch.abort();
    tab.sink.close();
    this.#feed({ type: 'tab_gone', tab: id });
    if (this.#tabs.size === 0) this.#giveWay();
  }

  call(tab: TabId, request: PortCall): Promise<Reply<unknown>> {
    return new Promise((resolve) => {
      if (!this.#tabs.has(tab)) {
        resolve(this.#ended ?? UNKNOWN_TAB);
        return;
      }
      const call = ++this.#lastCall;
      this.#calls.set(call, resolve);
      this.#feed({ type: 'call', tab, call, request });
    });
  }

  /** The hub never came to be, or the core ended it. */
  end(reason: 'signed_out' | 'superseded'): void {
    if (this.#ended) return;
    const ended = reason === 'signed_out' ? SIGNED_OUT : UNKNOWN_TAB;
    this.#ended = ended;
    this.#timer.set(null);
    this.#socket.clear();
    this.#store.close();
    this.#giveUpOwnership();
    for (const reply of this.#calls.values()) reply(ended);
    this.#calls.clear();
    this.#sayFarewell();
    this.#onEnd();
  }

  /** A tab that saw the lease end before it heard the last batch would take the hub for dead, and start another. */
  async #sayFarewell(): Promise<void> {
    const tabs = [...this.#tabs.values()];
    this.#tabs.clear();
    for (const { watch } of tabs) watch.abort();
    await Promise.race([
      Promise.allSettled(tabs.map(({ delivered }) => delivered)),
      this.#sleep(FAREWELL_MS),
    ]);
    for (const { sink } of tabs) sink.close();
    this.#releaseLease();
  }

  /**
   * With `extendedLifetime` a worker outlives its last tab by minutes, and goes on delivering. The tabs of another build,
   * which have a worker of their own, must not wait for its end: what it has is in the store.
   */
  async #giveWay(): Promise<void> {
    if (this.#givesWay) return;
    this.#givesWay = true;
    while (this.#tabs.size === 0 && !this.#ended) {
      await this.#sleep(GIVE_WAY_MS);
      const isWanted = this.#owns && (await isOwnershipWanted(this.#locks, this.#app, this.#identity));
      if (isWanted && this.#tabs.size === 0) this.end('superseded');
    }
    this.#givesWay = false;
  }

  async #start(): Promise<void> {
    this.#releaseLease = await hold(this.#locks, this.lease);
    this.#giveUpOwnership = seekOwnership(this.#locks, this.#app, this.#identity, {
      taken: () => {
        this.#owns = true;
        this.#openStore();
      },
      lost: (why) =>
        this.#feed({ type: 'store_failed', failure: 'fenced', message: `the ownership was lost: ${why}` }),
    });
  }

  get #locks(): Locks {
    const { locks } = this.#platform;
    if (!locks) throw new Error('navigator.locks is missing; it needs https: or localhost');
    return locks;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#platform.setTimer(ms, resolve));
  }

  #feed(input: Input): void {
    this.#inputs.push(input);
    if (this.#stepping) return;
    this.#stepping = true;
    for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
      if (!this.#ended) this.#step(next);
    }
    this.#stepping = false;
    if (!this.#ended) this.#timer.set(this.#core.deadline);
  }

  #step(input: Input): void {
    const effects = this.#guard(input, () => this.#core.step(input, this.#platform.now())) ?? [];
    for (const effect of effects) {
      if (this.#ended) return;
      this.#guard(input, () => this.#perform(effect));
    }
  }

  /**
   * Nobody hears of an error that a worker does not catch. After one the state cannot be relied on, and it may have been
   * the answer that some call waits for: the tabs start another hub, from what is stored. The call that failed is not
   * asked again, since it would fail that one too.
   */
  #guard<T>(input: Input, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      const message = `the hub failed at ${input.type}: ${error instanceof Error ? error.stack : String(error)}`;
      this.#tell({ kind: 'error', code: 'hub_lost', message });
      if (input.type === 'call') this.#reply(input.call, { ok: false, code: 'invalid_command', message });
      this.end('superseded');
      return undefined;
    }
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'open_socket':
        this.#socket.open(effect.generation, effect.url, effect.subprotocol);
        break;
      case 'write':
        this.#socket.write(effect.generation, effect.text);
        break;
      case 'close_socket':
        this.#socket.close(effect.generation, effect.code, effect.reason);
        break;
      case 'drop_socket':
        this.#socket.drop(effect.generation);
        break;
      case 'measure_socket':
        this.#socket.measure(effect.generation);
        break;
      case 'commit':
        this.#commit(effect);
        break;
      case 'reopen_store':
        this.#openStore();
        break;
      case 'deliver':
        this.#deliver(effect);
        break;
      case 'reply':
        this.#reply(effect.call, effect.reply);
        break;
      case 'end':
        this.end(effect.reason);
        break;
    }
  }

  #openStore(): void {
    const opening = ++this.#openings;
    const answer = (input: Input) => {
      if (opening === this.#openings) this.#feed(input);
    };
    this.#store.open().then(
      (state) => answer({ type: 'store_opened', state }),
      (error: unknown) => answer({ type: 'store_failed', ...failureOf(error) }),
    );
  }

  #commit({ transaction, content }: Extract<Effect, { type: 'commit' }>): void {
    this.#store.commit(content).then(
      () => this.#feed({ type: 'committed', transaction }),
      (error: unknown) => this.#feed({ type: 'commit_failed', transaction, ...failureOf(error) }),
    );
  }

  #deliver({ tab: id, batch }: Extract<Effect, { type: 'deliver' }>): void {
    const tab = this.#tabs.get(id);
    if (!tab) return;
    tab.delivered = tab.sink.deliver(batch).then(() => {
      if (this.#tabs.has(id)) this.#feed({ type: 'credit', tab: id });
    });
    // Without a reply the tab has no credit; the core knows what to do with such a tab.
    tab.delivered.catch(() => {});
  }

  #reply(call: number, reply: Reply<unknown>): void {
    this.#calls.get(call)?.(reply);
    this.#calls.delete(call);
  }

  /** Past the core, which may be what failed; these replies are no credit. */
  #tell(message: HubMessage): void {
    for (const { sink } of this.#tabs.values()) {
      sink.deliver({ hub: this.id, reports: [message] }).catch(() => {});
    }
  }
}

/** A page that lives starts anew on this, and asks again. */
const UNKNOWN_TAB: Reply<never> = {
  ok: false,
  code: 'hub_lost',
  message: 'this hub does not know the page any more; attach it again',
};
const SIGNED_OUT: Reply<never> = { ok: false, code: 'closed', message: 'this identity has signed out' };

function failureOf(error: unknown): Pick<StoreError, 'failure' | 'message'> {
  const { failure, message } =
    error instanceof StoreError ? error : new StoreError('failed', `the store failed: ${String(error)}`);
  return { failure, message };
}
