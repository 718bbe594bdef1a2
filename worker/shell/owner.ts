/** How the core's inputs and effects meet the platform, and how an ownership ends. */
import type { PortCall } from '../../src/protocol/calls.ts';
import type { AnyProtocol } from '../../src/protocol/index.ts';
import { persistentType } from '../../src/protocol/interpret.ts';
import type { AttachRequest, HubMessage, Reply, TabSink } from '../../src/protocol/port.ts';
import type { PlainSupport } from '../core/dialect/plain-support.ts';
import { HubMachine } from '../core/hub-machine.ts';
import { Impossible } from '../core/impossible.ts';
import type { Effect, Input, OwnershipEnd, TabId } from '../core/io.ts';
import { refusal } from '../core/reply.ts';
import type { SavedStateSupport } from '../core/saved-states.ts';
import type { Sessions } from '../core/sessions.ts';
import type { HubSettings } from '../core/settings.ts';
import { signedOut, unconfirmed } from '../core/signed-out.ts';
import type { StateLine } from '../core/state-store.ts';
import type { Store, StoreOp } from '../core/store.ts';
import { failureOf } from './failure-of.ts';
import type { Platform } from './platform.ts';
import { Sink } from './sink.ts';
import { SocketSlot } from './socket.ts';
import { Timer } from './timer.ts';
import { HUB_LOST, type Upstream } from './upstream.ts';

interface Tab {
  readonly sink: Sink;
  /** Settles with the tab's reply to the newest batch. */
  delivered: Promise<void>;
}

/** What a hub is made for. */
export interface Purpose {
  readonly protocol: AnyProtocol;
  readonly settings: HubSettings;
  readonly identity: string;
  readonly sessions: Sessions;
  /** `null`: nothing is to be kept. */
  readonly savedState: SavedStateSupport | null;
  /** As in `HubOptions`. */
  readonly plain?: PlainSupport | undefined;
}

/**
 * One ownership of an identity's socket and store: the core's world. It feeds the core one input at a time, and does what
 * the core says, in order.
 */
export class Owner implements Upstream {
  readonly hub: string;
  readonly as = 'owner';
  readonly #platform: Platform;
  readonly #core: HubMachine;
  readonly #onEnd: (reason: OwnerEnd, heard: Promise<unknown>) => void;
  readonly #store: Store;
  /** To what is kept of the last known state. */
  readonly #stateLine: StateLine | undefined;
  readonly #socket: SocketSlot;
  readonly #timer: Timer;
  readonly #tabs = new Map<TabId, Tab>();
  readonly #calls = new Map<number, { request: PortCall; answer: (reply: Reply<unknown>) => void }>();
  /** Inputs that wait while another one's effects are done: steps are never nested. */
  readonly #inputs: Input[] = [];
  #stepping = false;
  #ended: OwnerEnd | null = null;
  #lastTab = 0;
  #lastCall = 0;
  /** Counts the store's openings, so that a late answer is known. */
  #openings = 0;

  /** @param onEnd called once, when nothing is held any more; `heard`: when the tabs know. */
  constructor(
    platform: Platform,
    { protocol, settings, identity, sessions, savedState, plain }: Purpose,
    onEnd: (reason: OwnerEnd, heard: Promise<unknown>) => void,
  ) {
    this.#platform = platform;
    this.hub = platform.uuid();
    this.#onEnd = onEnd;
    this.#core = new HubMachine(
      {
        protocol,
        settings,
        ownershipId: this.hub,
        identity,
        sessions,
        plain,
        random: () => platform.random(),
        uuid: () => platform.uuid(),
        now: platform.now(),
        ticks: platform.ticks(),
      },
      savedState,
    );
    this.#socket = new SocketSlot(platform.openSocket, (input) => this.#feed(input));
    this.#timer = new Timer(platform, () => this.#feed({ type: 'deadline' }));
    this.#store = platform.createStore({
      app: protocol.app,
      identity,
      onLost: (why) => this.#feed({ type: 'store_failed', ...failureOf(why) }),
    });
    const where = { app: protocol.app, identity };
    this.#stateLine = savedState?.createLine(where, (answer) => this.#feed({ type: 'saved_state', answer }));
    // It may be there from when something was to be kept. (A hub that is given nothing to keep it with leaves it alone.)
    if (persistentType(protocol) === undefined) platform.forgetSavedState(where);
    this.#openStore();
  }

  attach(request: AttachRequest, sink: TabSink): TabId {
    const tab = ++this.#lastTab;
    const ear = new Sink(this.#platform, sink);
    if (this.#ended) {
      ear.last({ hub: this.hub, moved: true });
      return tab;
    }
    this.#tabs.set(tab, { sink: ear, delivered: Promise.resolve() });
    this.#feed({ type: 'tab_attached', tab, request });
    return tab;
  }

  leave(id: TabId): void {
    const tab = this.#tabs.get(id);
    if (!tab) return;
    this.#tabs.delete(id);
    tab.sink.close();
    this.#feed({ type: 'tab_gone', tab: id });
  }

  call(tab: TabId, request: PortCall): Promise<Reply<unknown>> {
    return new Promise((resolve) => this.ask(tab, request, resolve));
  }

  /** As `call`; the answer comes in its place among what is delivered. */
  ask(tab: TabId, request: PortCall, answer: (reply: Reply<unknown>) => void): void {
    if (!this.#tabs.has(tab)) return answer(this.#ended === 'signed_out' ? signedOut(request) : HUB_LOST);
    const call = ++this.#lastCall;
    this.#calls.set(call, { request, answer });
    this.#feed({ type: 'call', tab, call, request });
  }

  /** Ends as soon as nothing would be lost by it. */
  handOver(): void {
    this.#feed({ type: 'hand_over' });
  }

  /** As `handOver`, where it can get no line by itself; else it tries at once. */
  giveWay(): void {
    this.#feed({ type: 'give_way' });
  }

  /** As `handOver`, where there is no tab and nothing to do. */
  retire(): void {
    this.#feed({ type: 'retire' });
  }

  /** The ownership was lost, or taken by force: from here on nothing is written, neither to the store nor to the socket. */
  fence(why: string): void {
    this.#feed({ type: 'store_failed', failure: 'fenced', message: `the ownership was lost: ${why}` });
  }

  /** @param note what the store is to remember of it, if it still can */
  #end(reason: OwnerEnd, note: readonly StoreOp[] = []): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#timer.set(null);
    this.#socket.clear();
    const noted = note.length > 0 && this.#store.commit({ ops: note, durability: 'strict' });
    if (noted) noted.catch(() => {}).then(() => this.#store.close());
    else this.#store.close();
    this.#stateLine?.close();
    // Ahead of the answers: a tab that knows attaches to what follows, and asks that again.
    const isMoved = reason !== 'signed_out' && reason !== 'failed';
    const heard = [...this.#tabs.values()].map(({ sink, delivered }) =>
      isMoved ? sink.last({ hub: this.hub, moved: true }) : sink.closeAfter(delivered),
    );
    this.#tabs.clear();
    for (const { request, answer } of this.#calls.values()) {
      if (reason !== 'signed_out') answer(HUB_LOST);
      // Another one was first.
      else answer(request.method === 'signOut' ? signedOut(request) : unconfirmed());
    }
    this.#calls.clear();
    this.#onEnd(reason, Promise.allSettled([...heard, noted]));
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

  /**
   * Nobody hears of an error that a worker does not catch. After one the state cannot be relied on, and it may have been
   * the answer that some call waits for: the tabs start another hub, from what is stored. The call that failed is not
   * asked again, since it would fail that one too; what it did, or an earlier hub that was asked the same, is not known.
   * Nothing of the step that failed is done: its effects went with it.
   */
  #step(input: Input): void {
    try {
      const platform = this.#platform;
      let handsOutSince: number | null = null;
      for (const effect of this.#core.step(input, platform.now(), platform.ticks())) {
        if (this.#ended) return;
        if (effect.type === 'deliver') handsOutSince ??= platform.stopwatch();
        this.#perform(effect);
      }
      if (handsOutSince === null) return;
      const ms = platform.stopwatch() - handsOutSince;
      // Ahead of what came meanwhile: by it the core knows whether that may be handed out.
      if (ms > 0) this.#inputs.unshift({ type: 'handed_out', ms });
    } catch (error) {
      const message =
        error instanceof Impossible
          ? error.message
          : `the hub failed at ${input.type}: ${error instanceof Error ? error.stack : String(error)}`;
      this.#tell({ kind: 'error', code: 'hub_lost', message });
      if (input.type === 'call') this.#reply(input.call, refusal('unconfirmed', message));
      this.#end('failed', error instanceof Impossible ? error.note : []);
    }
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'open_socket':
        this.#socket.open(effect.generation, effect.url, effect.subprotocol);
        break;
      case 'write':
        this.#socket.write(effect.generation, effect.message);
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
      case 'diagnose': {
        const { outage, url } = effect;
        this.#platform
          .diagnose(url)
          .then((diagnosis) => this.#feed({ type: 'diagnosed', outage, diagnosis }));
        break;
      }
      case 'commit':
        this.#commit(effect);
        break;
      case 'reopen_store':
        this.#openStore();
        break;
      case 'saved_state':
        this.#stateLine?.ask(effect.ask);
        break;
      case 'deliver':
        this.#deliver(effect);
        break;
      case 'reply':
        this.#reply(effect.call, effect.reply);
        break;
      case 'end':
        this.#end(effect.reason);
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
    this.#calls.get(call)?.answer(reply);
    this.#calls.delete(call);
  }

  /** Past the core, which may be what failed; these replies are no credit. */
  #tell(message: HubMessage): void {
    for (const { sink } of this.#tabs.values()) {
      sink.deliver({ hub: this.hub, reports: [message] }).catch(() => {});
    }
  }
}

/** `failed`: the core threw, and its state cannot be relied on. */
export type OwnerEnd = OwnershipEnd | 'failed';
