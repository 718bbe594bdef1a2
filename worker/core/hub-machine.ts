/** Which part of a hub hears which input. */
import {
  type Answers,
  CALLS,
  type Call,
  type CallOf,
  type Method,
  type PortCall,
} from '../../src/protocol/calls.ts';
import type { ClientFrame, ServerFrame, ServerFrameOf } from '../../src/protocol/frames/index.ts';
import type { HubReport, Outcome } from '../../src/protocol/model.ts';
import type { AttachRequest, OutgoingCommand, Reply } from '../../src/protocol/port.ts';
import { Connection, MAX_MESSAGE_CHARACTERS } from './connection/connection.ts';
import { TokenSource } from './connection/token-source.ts';
import { Context, type HubOptions } from './context.ts';
import { storyOf } from './debug-log.ts';
import { Demand } from './demand.ts';
import { Identity } from './identity.ts';
import type { Effect, Input, OwnershipEnd, TabId } from './io.ts';
import * as outbox from './outbox/outbox.ts';
import type { OutboxState } from './outbox/outbox-state.ts';
import { ANSWER_WITHIN_MS, ok, type Respond, refusal } from './reply.ts';
import { reportOf } from './report.ts';
import { Route } from './route.ts';
import type { SavedStateSupport, SavedStates } from './saved-states.ts';
import type { Sessions } from './sessions.ts';
import { retiredSettings } from './settings.ts';
import { SignOut } from './sign-out.ts';
import { signedOut } from './signed-out.ts';
import type { LoadedState, StoreFailure, StoreOp } from './store.ts';
import { StoreWriter } from './store-writer.ts';
import { Tabs } from './tab-batches.ts';
import { Topics } from './topics/topics.ts';

/** How far the ownership of the socket and the store has come. */
type Role =
  /** The store is being opened: what tabs ask for waits. */
  | { state: 'candidate'; parked: (() => void)[] }
  | { state: 'owner'; term: number }
  /** This hub is over. */
  | { state: 'ended' };

/** Of the deadline for the store's opening: what tabs ask for does not wait for longer. */
const OPENING = 'opening';

/** As it was when the call came: its page may have gone until it is answered. */
interface Asked {
  /** Of the page. */
  readonly appVersion: number;
  /** When a person asked for it, by this hub's uptime. */
  readonly takenAt: number;
  /** Whose it is, as far as the page was told that before. */
  readonly principal: string | undefined;
}

type Handlers = {
  readonly [M in Method]: (call: CallOf<M>, tab: TabId, reply: Respond<Answers[M]>, asked: Asked) => void;
};

/** What a page only tells is answered at once. */
function told<C>(hear: (call: C, tab: TabId) => void) {
  return (call: C, tab: TabId, reply: Respond<null>): void => {
    hear(call, tab);
    reply(ok(null));
  };
}

/**
 * The hub as a state machine, and what its parts ask of each other. `step` takes what happened and the time, and returns
 * what is to be done; it touches nothing else.
 */
export class HubMachine {
  readonly #context: Context;
  readonly #writer: StoreWriter;
  readonly #route: Route;
  readonly #connection: Connection;
  readonly #tokens: TokenSource;
  readonly #outbox: OutboxState;
  /** `null`: nothing is to be kept. */
  readonly #savedStates: SavedStates | null;
  readonly #topics: Topics;
  readonly #tabs: Tabs;
  readonly #sessions: Sessions;
  readonly #identity: Identity;
  readonly #signOut: SignOut;
  readonly #demand: Demand;
  /** Tabs whose session is over: they are answered that, whatever they ask. */
  readonly #ended = new Set<TabId>();
  #role: Role = { state: 'candidate', parked: [] };
  /** By the browser's clock, in an earlier hub's life. */
  #heardBefore: number | null = null;
  /** The id of the database whose rows this hub has read. */
  #database: string | null = null;
  readonly #handlers: Handlers = {
    subscribe: told((call, tab) => this.#tabs.subscribe(tab, call.topic, call.ticket, call.position)),
    unsubscribe: told((call, tab) => this.#tabs.unsubscribe(tab, call.topic)),
    took: told((call) => this.#topics.took(call.topic, call.epoch, call.taken, call.ts)),
    send: ({ command }, tab, reply, { appVersion, takenAt, principal }) => {
      if (this.#identity.isAnothers(principal)) return reply(anothers(command));
      this.#tabs.sends(tab, command.id);
      outbox.send(this.#outbox, command, appVersion, takenAt, (taken) => {
        if (!taken.ok || !taken.value.durable) this.#tabs.answered(tab, command.id);
        reply(taken);
      });
    },
    cancel: (call, _, reply) => outbox.cancel(this.#outbox, call.id, reply),
    retry: ({ id, seen }, tab, reply, { takenAt }) => {
      this.#tabs.sends(tab, id);
      outbox.retry(this.#outbox, id, seen, takenAt, reply);
    },
    dismiss: (call, _, reply) => outbox.dismiss(this.#outbox, call.id, call.seen, reply),
    settled: (call, tab, reply) => this.#tellSettled(tab, call.id, reply),
    reconnect: told(() => this.#connection.tryNow()),
    signOut: (call, _, reply) => this.#signOut.begin(call, reply),
    inspect: (_, __, reply) => reply(ok(this.#report())),
    forget: ({ topic }, _, reply) => {
      if (this.#savedStates) this.#savedStates.forget(topic, reply);
      else reply(ok(null));
    },
    signal: told(({ signal }, tab) => {
      if (signal !== 'online') this.#tabs.setVisible(tab, signal === 'visible');
      if (signal === 'hidden' && !this.#tabs.areSeen) this.#topics.saveStates();
      if (signal !== 'hidden') this.#connection.nudge();
    }),
    token: told((call, tab) => this.#tokens.answered(tab, call.request, call.answer)),
    diagnosed: told((call) => this.#connection.diagnosed(call.outage, call.diagnosis)),
  };
  #unreadableRows = 0;
  /** The last line of it that was written. */
  #story = '';
  #isStoryTold = false;

  /** @param savedState where something is to be kept on the device */
  constructor(options: HubOptions, savedState: Pick<SavedStateSupport, 'createStates'> | null = null) {
    const context = new Context(options);
    this.#context = context;
    for (const name of retiredSettings(options.settings))
      context.log('warn', `setting \`${name}\` does nothing any more: remove it`);
    this.#sessions = options.sessions;
    this.#writer = new StoreWriter(context, () => {
      this.#changed('storage');
      this.#changed('connection');
    });
    this.#route = new Route(context, options.plain);
    const route = this.#route;
    this.#connection = new Connection(context, route, {
      requestToken: () => this.#requestToken(),
      forgetRequest: () => this.#tokens.forget(),
      hello: (token) => this.#hello(token),
      welcomed: (welcome) => this.#welcomed(welcome),
      received: (frame, characters) => this.#received(frame, characters),
      isReceiving: () => this.#topics.areArriving,
      handshakeFailed: (outage) => this.#diagnose(outage),
      turnedAway: () => {
        const isTriedAgain = this.#identity.turnedAway();
        if (!isTriedAgain) this.#forgetStates();
        return isTriedAgain;
      },
      heardClock: () => this.#tabs.changed('clock'),
      lost: () => this.#lost(),
      changed: () => {
        this.#changed('connection');
        this.#topics.lineChanged();
      },
    });
    this.#outbox = outbox.emptyOutbox(context, this.#writer, {
      writable: () =>
        this.#identity.isBinding || this.#signOut.isUnderWay || this.#writer.waits
          ? null
          : this.#connection.open,
      confirms: () => route.dialect.confirms,
      write: (frame) => this.#connection.write(frame),
      measure: (generation) => context.emit({ type: 'measure_socket', generation }),
      probe: () => this.#connection.probe(),
      isHeard: (id) => this.#tabs.hasHeard(id),
      changed: () => this.#tabs.changed('outbox'),
      settled: (settled) => this.#tabs.settled(settled),
    });
    this.#identity = new Identity(context, this.#writer, {
      named: () => {
        this.#tabs.changed('principal');
        this.#keepStates();
      },
      bound: () => outbox.pump(this.#outbox),
      mismatched: (message) => {
        this.#connection.pause('identity_mismatch', message);
        this.#forgetStates();
      },
    });
    this.#savedStates =
      savedState?.createStates(context, {
        looked: (topic, saved) => this.#topics.get(topic)?.looked(saved),
        isPlain: () => this.#route.dialect.name === 'plain',
        foundClock: () => this.#tabs.changed('keptClock'),
      }) ?? null;
    this.#signOut = new SignOut(context, this.#writer, this.#sessions, this.#outbox, {
      asked: (forgotten) => (this.#savedStates ? this.#savedStates.end(forgotten) : forgotten()),
      signedOut: () => this.#end('signed_out'),
      resumed: () => outbox.pump(this.#outbox),
    });
    this.#demand = new Demand(context, () => this.#topics.saveCursors());
    this.#topics = new Topics(context, this.#writer, this.#connection, this.#savedStates);
    this.#tabs = new Tabs(context, this.#topics, {
      clock: () => {
        const { now: browser, certainServerNow: server } = context;
        return server === null ? null : { browser, server };
      },
      keptClock: () => this.#savedStates?.clock ?? null,
      connection: () => this.#connectionView,
      storage: () => ({
        ...this.#writer.storage,
        ...(this.#database !== null && { database: this.#database }),
      }),
      // Before the store was read it is not known to be empty.
      outbox: () => (this.#role.state === 'candidate' ? null : outbox.view(this.#outbox)),
      principal: () => this.#identity.principal,
      // Another worker may have counted on since this one read it.
      signOuts: () => (this.#writer.wasRead ? this.#sessions.signOuts : null),
    });
    this.#tokens = new TokenSource(context, this.#tabs, {
      got: ({ token, url }) => {
        if (url !== null) route.found(url);
        this.#connection.gotToken(token);
      },
      failed: (message) => this.#connection.noToken(message),
    });
    context.afterAwake(OPENING, ANSWER_WITHIN_MS, () =>
      this.#storeFailed('failed', `it did not open within ${ANSWER_WITHIN_MS} ms`),
    );
  }

  /** When `step` wants to be called next, by the clock of its `now`; `null`: not before something happens. */
  get deadline(): number | null {
    return this.#context.deadlines.next;
  }

  /**
   * @param now milliseconds since 1970; a clock that was set back is understood.
   * @param ticks milliseconds that no setting of the clock moves; they may stand still while the machine sleeps.
   */
  step(input: Input, now: number, ticks: number): Effect[] {
    if (this.#isEnded()) return [];
    this.#context.tick(now, ticks);
    this.#handle(input);
    if (!this.#isEnded()) {
      outbox.endUnstored(this.#outbox);
      this.#connection.want(this.#demand.update(this.#needsConnection()));
      this.#tellStory();
      this.#tabs.flush();
    }
    return this.#context.takeEffects();
  }

  #changed(part: 'connection' | 'storage'): void {
    this.#tabs.changed(part);
    this.#isStoryTold = false;
  }

  #tellStory(): void {
    if (this.#isStoryTold) return;
    this.#isStoryTold = true;
    const story = storyOf(this.#roleView, this.#writer.storage, this.#connection.view, this.#route.origin);
    if (story !== this.#story) this.#context.log('debug', story);
    this.#story = story;
  }

  get #connectionView(): HubReport['connection'] {
    const { storage } = this.#writer;
    const { view } = this.#connection;
    return view.state === 'open' && 'reason' in storage
      ? { ...view, detail: { message: storage.reason } }
      : view;
  }

  get #roleView(): HubReport['role'] {
    return this.#role.state === 'owner' ? this.#role : { state: 'candidate' };
  }

  #isEnded(): boolean {
    return this.#role.state === 'ended';
  }

  #handle(input: Input): void {
    switch (input.type) {
      case 'store_opened':
        return this.#storeOpened(input.state);
      case 'store_failed':
        return this.#storeFailed(input.failure, input.message);
      case 'committed':
        return this.#writer.committed(input.transaction);
      case 'commit_failed':
        if (input.failure === 'fenced') return this.#end('superseded');
        if (input.failure === 'full') this.#savedStates?.end();
        return this.#writer.commitFailed(input.transaction, input.failure, input.message);
      case 'saved_state':
        return this.#savedStates?.answered(input.answer);
      case 'socket_opened':
        return this.#connection.socketOpened(input.generation);
      case 'socket_message':
        return this.#connection.socketMessage(input.generation, input.data);
      case 'socket_closed':
        return this.#connection.socketClosed(input.generation, input.code, input.reason);
      case 'socket_measured':
        this.#connection.measured(input.generation, input.bufferedBytes);
        return outbox.measured(this.#outbox, input.generation, input.bufferedBytes);
      case 'diagnosed':
        return this.#connection.diagnosed(input.outage, input.diagnosis);
      case 'tab_attached':
        this.#tabs.attach(input.tab, input.request);
        return this.#whenOwner(() => this.#admit(input.tab, input.request));
      case 'tab_gone':
        this.#ended.delete(input.tab);
        this.#tabs.gone(input.tab);
        this.#route.gone(input.tab);
        if (!this.#tabs.areSeen) this.#topics.saveStates();
        return this.#tokens.tabGone(input.tab);
      case 'credit':
        return this.#tabs.credited(input.tab);
      case 'handed_out':
        return this.#tabs.handedOut(input.ms);
      case 'call':
        return this.#call(input.tab, input.call, input.request);
      case 'hand_over':
        return this.#handOver();
      case 'retire':
        if (!this.#isOccupied) this.#handOver(() => this.#isOccupied);
        return;
      case 'give_way':
        this.#connection.nudge();
        if (this.#isStranded) this.#handOver(() => !this.#isStranded);
        return;
      case 'deadline':
        return;
    }
  }

  #call(tab: TabId, call: number, request: PortCall): void {
    const reply: Respond<unknown> = (value) => this.#context.emit({ type: 'reply', tab, call, reply: value });
    const asked = {
      appVersion: this.#tabs.appVersionOf(tab),
      principal: this.#tabs.principalOf(tab),
      takenAt: this.#context.uptime - ageOf(request, this.#context),
    };
    const { kind, atOnce }: Call = CALLS[request.method];
    const answer = () => {
      const isLate = this.#signOut.isUnderWay && kind === 'change';
      if (isLate || this.#ended.has(tab)) reply(signedOut(request));
      else this.#answer(request, tab, reply, asked);
    };
    if (atOnce) answer();
    else this.#whenOwner(answer);
  }

  #answer<M extends Method>(call: CallOf<M>, tab: TabId, reply: Respond<unknown>, asked: Asked): void {
    this.#handlers[call.method](call, tab, reply, asked);
  }

  #tellSettled(tab: TabId, id: string, reply: Respond<Outcome | null>): void {
    const how = outbox.settled(this.#outbox, id);
    if (how === null) this.#tabs.sends(tab, id);
    reply(ok(how));
  }

  /** Now, or as soon as it is known what the store holds. */
  #whenOwner(run: () => void): void {
    if (this.#role.state === 'candidate') this.#role.parked.push(run);
    else run();
  }

  /** Before this it counts for nothing: it may be one that was signed out, which only the store knows. */
  #admit(tab: TabId, request: AttachRequest): void {
    if (this.#sessions.isOver(request, this.#context.now)) return this.#turnAway(tab);
    this.#sessions.seen(request);
    this.#signedIn();
    // What that page offers again is of this person, also where the store that said so is lost.
    if (request.principal !== undefined) this.#identity.claimed(request.principal);
    this.#route.wish(tab, request);
    const { appVersion } = request;
    const { version } = this.#context.protocol;
    if (appVersion !== version)
      this.#context.log(
        'warn',
        `a page is of version ${appVersion}, its hub of version ${version}; reload the page`,
      );
    // It left while the store was opened.
    if (!this.#tabs.has(tab)) this.#route.gone(tab);
    this.#tokens.noteTab(request.hasToken);
    const { settledSince } = request;
    // A tab that had another hub may not have heard from it how commands ended.
    if (settledSince !== undefined) this.#tabs.recall(tab, this.#outbox.outcomes.since(settledSince));
    this.#connection.resume();
  }

  /** By it is known, where no page is open, that what waits is of somebody who has not signed out. */
  #signedIn(): void {
    // What a sign-out stores meanwhile must not be overwritten by what was known before it.
    if (this.#signOut.isUnderWay) return;
    const ops = this.#sessions.signedIn();
    if (ops.length > 0) this.#writer.write(ops, 'strict');
  }

  #turnAway(tab: TabId): void {
    this.#ended.add(tab);
    this.#route.gone(tab);
    this.#tabs.turnAway(tab);
    this.#tokens.tabGone(tab);
  }

  #storeOpened(state: LoadedState): void {
    // First of all: what was refused must not be stored by the merge.
    this.#writer.reread(state);
    // By a sign-out that turns out to be stored.
    if (this.#isEnded()) return;
    const { meta, entries, outcomes, cursors, unreadable } = state;
    const unstored = this.#sessions.loaded(meta.endedSessions);
    this.#context.suspects = meta.suspects ?? [];
    this.#tabs.changed('signOuts');
    // Of those that came while there was no store to ask. Where all are, what they began goes no further.
    const over = this.#tabs.whose((request) => this.#sessions.isOver(request, this.#context.now));
    for (const tab of over) this.#turnAway(tab);
    if (this.#tabs.count > 0) this.#signedIn();
    const isOver = over.length > 0 && this.#tabs.count === 0 && this.#role.state === 'owner';
    const end = isOver ? this.#signOut.tookPlace() : null;
    this.#unreadableRows = unreadable.length;
    for (const { table, key } of unreadable) {
      const what = `a stored row of ${table} (${key}) cannot be read, and is not used`;
      this.#context.reportOnce(`row:${table}:${key}`, 'storage_unavailable', what);
    }
    const heard = cursors.map(({ savedAt }) => savedAt);
    if (heard.length > 0) this.#heardBefore = heard.reduce((a, b) => Math.max(a, b));
    const merged = outbox.mergeStored(this.#outbox, entries, outcomes);
    const ops: StoreOp[] = [...unstored, ...merged.ops, ...this.#topics.load(cursors)];
    // What was read of the former one, memory has and stores anew: nothing is lost with it.
    if (this.#database !== null && this.#database !== meta.databaseId)
      ops.push({ op: 'set', fields: { databaseId: this.#database } });
    if (this.#database === null) {
      this.#database = meta.databaseId ?? null;
      this.#tabs.changed('storage');
    }
    const { ops: unnamed, isOtherPrincipal, isOtherName } = this.#identity.adopt(meta);
    ops.push(...unnamed);
    this.#tabs.changed('principal');
    // A new connection tells whom the server takes us for by now. Under the name that is stored, the server still owes
    // critical events; what it owed the name that we had meanwhile has been given already, and is in memory.
    const isRenewed = isOtherPrincipal || (isOtherName && this.#route.dialect.name === 'trunkline.v1');
    if (isRenewed) this.#connection.renew();
    if (isOtherPrincipal) this.#forgetStates();
    this.#own(meta.term);
    this.#keepStates();
    this.#writer.opened(ops, (stored) => {
      merged.stored(stored);
      if (stored) this.#sessions.isAloneInMemory = false;
      end?.();
    });
    outbox.pump(this.#outbox);
  }

  /** Whose the state is, the outbox's store says: before that was read, nothing of it is looked at. */
  #keepStates(): void {
    if (!this.#writer.wasRead || this.#role.state !== 'owner') return;
    const { principal, clientId } = this.#identity;
    this.#savedStates?.begin({
      principal,
      signOuts: this.#sessions.signOuts ?? 0,
      databaseId: this.#database,
      ownership: { clientId, term: this.#role.term },
    });
  }

  /** Somebody else sits here. */
  #forgetStates(): void {
    if (!this.#savedStates) return;
    this.#savedStates.end();
    this.#topics.void();
  }

  #storeFailed(failure: StoreFailure, message: string): void {
    if (failure === 'fenced') return this.#end('superseded');
    if (failure === 'newer_format') return this.#end('newer_format');
    // Commands go before it.
    if (failure === 'full') this.#savedStates?.end();
    this.#writer.failed(failure, message);
    if (this.#role.state !== 'candidate') return;
    this.#identity.adoptFresh();
    this.#own(0);
  }

  #own(term: number): void {
    this.#context.deadlines.clear(OPENING);
    const parked = this.#role.state === 'candidate' ? this.#role.parked : [];
    this.#role = { state: 'owner', term };
    this.#isStoryTold = false;
    this.#tabs.changed('outbox');
    for (const run of parked) run();
  }

  /** Without a tab no connection can be had, and none is here. */
  get #isStranded(): boolean {
    return this.#connection.needsTab && this.#tabs.count === 0;
  }

  /**
   * Ends when the store has all that it is to have. What is in memory alone would be lost: then it stays.
   *
   * @param isCalledOff asked again then: a tab may have come meanwhile
   */
  #handOver(isCalledOff = () => false): void {
    if (this.#role.state !== 'owner') return;
    this.#topics.saveCursors();
    this.#topics.saveStates();
    this.#writer.write([], 'strict', (stored) => {
      if (isCalledOff()) return;
      // Where the rows are just read anew, what came in between is still in memory alone.
      if (stored && (this.#writer.hasMore || this.#writer.waits)) this.#handOver(isCalledOff);
      else if (stored || !(outbox.hasPending(this.#outbox) || outbox.areEnding(this.#outbox)))
        this.#end('handed_over');
    });
  }

  #end(reason: OwnershipEnd): void {
    if (this.#isEnded()) return;
    if (reason === 'signed_out') {
      this.#connection.abandon(reason, 'signed out');
      this.#tabs.farewell();
    } else {
      if (reason === 'handed_over') this.#tabs.flush(true);
      this.#connection.abandon('superseded', 'another hub of this browser takes over');
    }
    this.#role = { state: 'ended' };
    this.#context.emit({ type: 'end', reason });
  }

  #needsConnection(): boolean {
    if (this.#role.state !== 'owner' || !this.#route.isKnown) return false;
    return this.#topics.areWanted || outbox.hasPending(this.#outbox);
  }

  /** By tabs, by a sign-out, by what is still to be sent or stored, or by what a store that fails does not have. */
  get #isOccupied(): boolean {
    if (this.#tabs.count > 0 || this.#signOut.isUnderWay || this.#context.isAloneInMemory) return true;
    return outbox.hasPending(this.#outbox) || outbox.areEnding(this.#outbox);
  }

  #requestToken(): void {
    const forUrl = this.#route.activate({
      heardAt: this.#heardBefore,
      hasState: (topic) => this.#topics.hasState(topic),
      isReading: (topic) => this.#topics.get(topic)?.subscription.phase.state === 'waiting',
      kept: (topic, next) => this.#savedStates?.kept(topic, next) ?? [],
      received: (frame) => this.#received(frame, 0),
    });
    if (forUrl || this.#route.dialect.takesToken) this.#tokens.request(forUrl);
    else this.#connection.gotToken(null);
  }

  #diagnose(outage: number): void {
    // A URL that a function gave is for one connection: it is not asked a second time.
    if (this.#tabs.askToDiagnose(outage) === 'hub' && !this.#route.isAsked)
      this.#context.emit({ type: 'diagnose', outage, url: this.#route.url });
  }

  #hello(token: string | null): ClientFrame {
    const { protocol } = this.#context;
    return {
      type: 'hello',
      client_id: this.#identity.clientId,
      app: protocol.app,
      app_version: protocol.version,
      term: this.#role.state === 'owner' ? this.#role.term : 0,
      max_frame_bytes: MAX_MESSAGE_CHARACTERS,
      ...(token !== null && { token }),
    };
  }

  #welcomed({ principal }: ServerFrameOf['welcome']): void {
    if (this.#route.dialect.name === 'trunkline.v1' && !this.#identity.welcomed(principal)) return;
    this.#topics.connected(this.#identity.clientId);
    outbox.pump(this.#outbox);
  }

  #received(frame: ServerFrame, characters: number): void {
    if (frame.type === 'command_ack') outbox.acked(this.#outbox, frame);
    else if (frame.type === 'command_nack') outbox.nacked(this.#outbox, frame);
    else this.#topics.received(frame, characters);
  }

  #lost(): void {
    this.#topics.disconnected();
    outbox.disconnected(this.#outbox);
  }

  #report(): HubReport {
    return reportOf({
      context: this.#context,
      role: this.#roleView,
      route: this.#route,
      connection: this.#connection,
      view: this.#connectionView,
      writer: this.#writer,
      unreadableRows: this.#unreadableRows,
      box: this.#outbox,
      tabs: this.#tabs,
      topics: this.#topics,
      savedStates: this.#savedStates,
    });
  }
}

/** What a page is answered whose commands another person than the server's would give. Nothing of it is done. */
function anothers({ command, maybeSentMs }: OutgoingCommand): Reply<never> {
  const why = 'the server takes this browser for another person than this page began with';
  if (maybeSentMs === null)
    return refusal('closed', `${why}; ${command.type} is not stored; reload the page`);
  return refusal('unconfirmed', `${why}; an earlier worker may have sent ${command.type}`);
}

/**
 * How long ago a person asked for it: by the clock, which runs on in a sleep, or by this hub's own count, which nobody sets
 * back while the message lies before a worker that stands still.
 */
function ageOf(request: PortCall, { ownershipId, now, ticks }: Context): number {
  const { askedAt, askedBy, maybeSentMs }: Partial<OutgoingCommand> =
    request.method === 'send' ? request.command : request.method === 'retry' ? request : {};
  const byCount = askedBy?.hub === ownershipId ? ticks - askedBy.ticks : 0;
  return Math.max(0, byCount, askedAt === undefined ? (maybeSentMs ?? 0) : now - askedAt);
}
