/** When the one socket is opened, what its end means, and whether it is tried again. */

import type { ClientFrame, ServerFrame, ServerFrameOf } from '../../../src/protocol/frames/index.ts';
import { endOfGoodbye, endOfSocket } from '../../../src/protocol/goodbye-codes.ts';
import type { Connection as ConnectionView, Diagnosis } from '../../../src/protocol/model.ts';
import type { Context } from '../context.ts';
import type { Message, Said } from '../dialect/dialect.ts';
import type { Writable } from '../outbox/outbox-state.ts';
import type { Route } from '../route.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { type ConnectionEnd, IDLE, isFailure } from './connection-end.ts';
import { Heartbeat, type WatchedLine } from './heartbeat.ts';
import { Outage } from './outage.ts';
import { StormWatch } from './storm.ts';

/** How long the closing handshake may take. */
const CLOSE_TIMEOUT_MS = 2_000;
/** The largest message that the hub takes: what `hello` tells the server. */
export const MAX_MESSAGE_CHARACTERS = 16 * 1024 * 1024;
const DEFAULT_SERVER_MAX_BYTES = 1024 * 1024;
/** A server that asks for less would have a ping after each pong. */
const LEAST_HEARTBEAT_MS = 100;

/** All times are by `uptime`, but those that tabs are shown. */
type State =
  /** `retryAt`: when the next attempt is made, if anybody still needs a connection then. */
  | { state: 'closed'; ending: ConnectionEnd; hold: Hold; retryAt: number | null }
  /** Asking a tab for a token; no socket yet. */
  | { state: 'authorizing' }
  | {
      state: 'connecting';
      generation: number;
      /** When `hello` was written; `null`: the socket is still to open. */
      helloAt: number | null;
    }
  | {
      state: 'open';
      generation: number;
      session: string;
      /** By the browser's clock. */
      since: number;
      /** From then on its end is no failure. */
      stableAt: number;
      heartbeat: Heartbeat;
      maxFrameBytes: number;
      capabilities: readonly string[];
      runs: Writable['runs'];
      serverTime: number;
      dedupeSince: number;
      openedAt: number;
    }
  | { state: 'closing'; generation: number; wasOpen: boolean; ending: ConnectionEnd };
type Closed = State & { state: 'closed' };
type Hold =
  /** The hub waits as long as it thinks best, if at all. */
  | 'none'
  /** The server named the time: only a person may be quicker. */
  | 'asked'
  /** No retry until somebody asks. */
  | 'paused';

/** What the rest of the hub does for the connection, and hears from it. */
export interface ConnectionOwner {
  /** Asks a tab; the answer comes by `gotToken`. */
  requestToken(): void;
  /** Nobody waits for the answer any more. */
  forgetRequest(): void;
  hello(token: string | null): ClientFrame;
  /** The connection is open; everything may be written. */
  welcomed(welcome: ServerFrameOf['welcome']): void;
  /** @param characters how large the frame was as text, where that counts: of a snapshot's part */
  received(frame: ServerFrame, characters: number): void;
  /** Whether a snapshot has begun to arrive and has not ended: what is asked meanwhile is answered behind a part of it. */
  isReceiving(): boolean;
  /** A handshake failed without a word, for the first time in this outage. */
  handshakeFailed(outage: number): void;
  /** The server knows the client id as somebody else's: whether to try at once under another one. */
  turnedAway(): boolean;
  /** The server's clock is known, or known better. */
  heardClock(): void;
  /** No longer open. */
  lost(): void;
  changed(): void;
}

/** The one socket: when it is opened, how its life is watched, what its end means. */
export class Connection {
  readonly #context: Context;
  readonly #route: Route;
  readonly #owner: ConnectionOwner;
  #state: State = { state: 'closed', ending: IDLE, hold: 'none', retryAt: null };
  #generation = 0;
  #refs = 0;
  #liveSockets = 0;
  readonly #breaker: CircuitBreaker;
  readonly #attempts: StormWatch;
  readonly #outage = new Outage();
  /** A refused token is replaced once. */
  #tokenRefused = false;
  #token: string | null = null;
  #wanted = false;
  /** When the line was last found to carry something large: a part of a snapshot, or word that a message of ours arrives. */
  #carriedAt = Number.NEGATIVE_INFINITY;
  /** The newest that a server's welcome has told of its time and its memory. */
  #told: Pick<ServerFrameOf['welcome'], 'server_time' | 'dedupe_since'> | null = null;
  /** An attempt has failed, or the connection was lost, and none is open since. */
  #isDown = false;
  /** When anything was last heard on an open connection. */
  #heardAt = Number.NEGATIVE_INFINITY;

  constructor(context: Context, route: Route, owner: ConnectionOwner) {
    this.#context = context;
    this.#route = route;
    this.#owner = owner;
    this.#breaker = new CircuitBreaker(context);
    this.#attempts = new StormWatch(context);
  }

  get view(): ConnectionView {
    const state = this.#state;
    switch (state.state) {
      case 'authorizing':
      case 'connecting':
        return { state: 'connecting', attempt: this.#breaker.failures };
      case 'open':
        return {
          state: 'open',
          session: state.session,
          since: state.since,
          rttMs: state.heartbeat.rttMs,
          suspect: state.heartbeat.isSuspect,
        };
      case 'closing':
        return { state: 'closing' };
      default:
        return {
          state: 'closed',
          reason: state.ending.reason,
          ...(state.ending.detail && { detail: this.#explained(state.ending) }),
          attempt: this.#breaker.failures,
          retryAt: this.#wanted ? this.#shown(state.retryAt) : null,
          circuit: this.#breaker.circuit,
        };
    }
  }

  get sockets() {
    return { opened: this.#generation, live: this.#liveSockets, ...this.#attempts.report };
  }

  /** The open connection, as far as writers need it. */
  get open(): Writable | null {
    return this.#state.state === 'open' ? this.#state : null;
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  /** It lacks the token or the person that a tab may bring: see `resume`. */
  get needsTab(): boolean {
    const state = this.#state;
    return state.state === 'closed' && (state.hold === 'paused' || state.ending.lacksToken === true);
  }

  /** For how long nothing was heard; while a connection opens, how long the outage was. */
  get silenceMs(): number {
    return this.#context.uptime - this.#heardAt;
  }

  /** For how long the line was not found to carry something large, behind which answers wait. */
  get unburdenedMs(): number {
    return this.#context.uptime - this.#carriedAt;
  }

  /** Whether anybody needs a connection: it is opened for them, and closed when nobody is left. */
  want(wanted: boolean): void {
    const changed = wanted !== this.#wanted;
    this.#wanted = wanted;
    const state = this.#state;
    if (state.state === 'closed') {
      // A wait goes on without anybody: who comes and goes must not outrun the backoff.
      if (wanted && state.hold !== 'paused' && state.retryAt === null) this.#attempt();
      else if (changed) this.#owner.changed();
    } else if (!wanted) {
      if (state.state === 'open') this.#close(IDLE, 'idle');
      else if (state.state !== 'closing') this.#settle(IDLE);
    }
  }

  /** A person asks: skips the wait, half-opens the breaker, ends a pause; an open line is asked whether it lives. */
  tryNow(): void {
    this.probe();
    if (this.#state.state === 'closing') this.#settle(this.#state.ending);
    if (this.#state.state !== 'closed') return;
    this.#tokenRefused = false;
    this.#state.hold = 'none';
    this.nudge();
  }

  /** A tab came, perhaps with the token or the person that was missing; an open line is asked whether it lives. */
  resume(): void {
    this.probe();
    if (this.needsTab) this.tryNow();
  }

  /**
   * The network or the page came back: skips the hub's own wait, not a pause or what the server asked for; an open line
   * is asked whether it lives.
   */
  nudge(): void {
    this.probe();
    if (this.#state.state !== 'closed' || this.#state.hold !== 'none') return;
    this.#retryNoLonger(this.#state);
    if (this.#wanted) this.#attempt();
  }

  /** Somebody needs the line. Nothing happens where no line is open, or its server knows no pings. */
  probe(): void {
    if (this.#state.state === 'open') this.#state.heartbeat.probe();
  }

  /** How much of what was written waits in the browser. */
  measured(generation: number, bufferedBytes: number): void {
    const state = this.#state;
    if (state.state === 'open' && state.generation === generation) state.heartbeat.measured(bufferedBytes);
  }

  gotToken(token: string | null): void {
    if (this.#state.state !== 'authorizing') return;
    this.#token = token;
    const generation = ++this.#generation;
    this.#context.assert(this.#liveSockets === 0, 'a second socket is opened');
    this.#liveSockets++;
    this.#state = { state: 'connecting', generation, helloAt: null };
    const { connectTimeoutMs } = this.#context.settings;
    const { url, origin, dialect } = this.#route;
    this.#context.after('connect', connectTimeoutMs, () =>
      this.#fail('timeout', `no welcome from ${origin} within ${connectTimeoutMs} ms`),
    );
    this.#context.emit({ type: 'open_socket', generation, url, subprotocol: dialect.subprotocol });
  }

  noToken(message: string): void {
    if (this.#state.state !== 'authorizing') return;
    this.#settle({ reason: 'network', detail: { message }, fate: 'retry', lacksToken: true });
  }

  /** Ends the connection for a reason that only a person can mend. */
  pause(reason: 'identity_mismatch', message: string): void {
    this.#close({ reason, detail: { message }, fate: 'pause' }, reason);
  }

  /** Ends a connection, or a pause, that another name or owner was the reason of; whoever needs one gets a new one. */
  renew(): void {
    if (this.#state.state !== 'closed') this.#close(IDLE, 'renewed');
    else if (this.#state.ending.reason === 'identity_mismatch') this.tryNow();
  }

  /** Ends everything now, without a farewell that somebody would have to wait for. */
  abandon(reason: 'signed_out' | 'superseded', message: string): void {
    this.#wanted = false;
    this.#settle({ reason, detail: { message }, fate: 'pause' });
  }

  /** False where there is no open connection to write to. */
  write(frame: ClientFrame): boolean {
    if (this.#state.state !== 'open') return false;
    this.#state.heartbeat.wrote();
    this.#send(this.#state.generation, frame);
    return true;
  }

  /** By which a request is told from all others of this hub. */
  nextRef(): number {
    return ++this.#refs;
  }

  socketOpened(generation: number): void {
    if (this.#isLate(generation)) return;
    if (this.#state.state !== 'connecting') return;
    this.#state.helloAt = this.#context.uptime;
    this.#send(generation, this.#owner.hello(this.#token));
  }

  socketMessage(generation: number, data: Message): void {
    if (this.#isLate(generation)) return;
    const { counts, now, uptime } = this.#context;
    counts.messagesIn++;
    counts.charactersIn += data.length;
    if (this.#state.state === 'open') {
      this.#heardAt = uptime;
      this.#state.heartbeat.heard();
    }
    if (data.length > MAX_MESSAGE_CHARACTERS) {
      counts.oversizedMessages++;
      const message = `dropped a message of ${data.length} characters; the hub takes ${MAX_MESSAGE_CHARACTERS}`;
      return this.#context.reportOnce('oversized', 'too_large', message);
    }
    this.#take(generation, this.#route.dialect.decode(data, now), data.length);
  }

  /** @param characters how large all of it was as text, where that counts */
  #take(generation: number, all: readonly Said[], characters = 0): void {
    const { counts } = this.#context;
    for (const said of all) {
      // What was said before it may have ended the connection.
      if (!this.#isPresent(generation)) return;
      if (typeof said === 'string' || said instanceof Uint8Array) {
        counts.messagesOut++;
        counts.charactersOut += said.length;
        this.#context.emit({ type: 'write', generation, message: said });
      } else if (said.ok) {
        const { frame } = said;
        this.#receive(generation, frame, all.length === 1 ? characters : charactersOf(frame, characters));
      } else if (said.problem === 'unknown') counts.unknownFrames++;
      else this.#malformed(said.type, said.message);
    }
  }

  socketClosed(generation: number, closeCode: number, reason: string): void {
    if (this.#isLate(generation)) return;
    const detail = { closeCode, ...(reason && { message: reason }) };
    if (this.#state.state === 'closing') return this.#settle(this.#state.ending);
    const end = this.#route.dialect.closed?.(closeCode, reason) ?? endOfSocket(closeCode);
    this.#settle({ ...end, detail, ...(!reason && this.#silent()) });
  }

  diagnosed(outage: number, diagnosis: Diagnosis): void {
    const leastMs = this.#outage.answered(outage, diagnosis);
    if (leastMs === null || this.#state.state !== 'closed') return;
    const { retryAt } = this.#state;
    // Whoever comes may still be quicker: that was no answer to a handshake.
    if (retryAt !== null && retryAt < this.#context.uptime + leastMs) this.#retryLater(this.#state, leastMs);
    this.#owner.changed();
  }

  /** While the socket is still to open, its end says nothing of the server's. */
  #silent(): Pick<ConnectionEnd, 'isSilent'> {
    return this.#state.state === 'connecting' && this.#state.helloAt === null ? { isSilent: true } : {};
  }

  #explained({ detail, isSilent }: ConnectionEnd): NonNullable<ConnectionEnd['detail']> {
    return isSilent ? { ...this.#outage.detail, ...detail } : { ...detail };
  }

  #isLate(generation: number): boolean {
    const late = !this.#isPresent(generation);
    if (late) this.#context.counts.lateCallbacks++;
    return late;
  }

  #isPresent(generation: number): boolean {
    return 'generation' in this.#state && this.#state.generation === generation;
  }

  #receive(generation: number, frame: ServerFrame, characters = 0): void {
    switch (frame.type) {
      case 'welcome':
        return this.#welcome(generation, frame);
      case 'pong':
        return this.#pong(frame);
      case 'goodbye':
        return this.#goodbye(frame);
      default:
        if (this.#state.state === 'connecting') return;
        if (frame.type === 'snapshot') this.#carriedAt = this.#context.uptime;
        this.#owner.received(frame, characters);
    }
  }

  #goodbye({ code, message, retry, retry_after_ms }: ServerFrameOf['goodbye']): void {
    if (this.#state.state === 'closing') return;
    const ending: ConnectionEnd = {
      ...endOfGoodbye(code, retry),
      detail: { message: `${code}: ${message}` },
    };
    if (retry_after_ms !== undefined) ending.retryAfterMs = retry_after_ms;
    if (code === 'identity_mismatch' && this.#owner.turnedAway()) ending.fate = 'idle';
    this.#close(ending, 'goodbye');
  }

  #welcome(generation: number, welcome: ServerFrameOf['welcome']): void {
    if (this.#state.state !== 'connecting') return;
    const { now, uptime, settings, deadlines } = this.#context;
    deadlines.clear('connect');
    const heartbeatMs = Math.max(welcome.heartbeat_ms ?? settings.heartbeatMs, LEAST_HEARTBEAT_MS);
    this.#heardClock(welcome.server_time, this.#state.helloAt);
    this.#outage.end();
    // The server's memory cannot begin after its present.
    const serverTime = Math.max(welcome.server_time, welcome.dedupe_since);
    const hasGoneBack = this.#hasGoneBack(welcome);
    // As if the outage had been long: topics are asked for their states.
    if (hasGoneBack) this.#heardAt = Number.NEGATIVE_INFINITY;
    this.#state = {
      state: 'open',
      generation,
      session: welcome.session,
      since: now,
      stableAt: uptime + settings.stableAfterMs,
      heartbeat: this.#watch(generation, heartbeatMs),
      maxFrameBytes: welcome.max_frame_bytes ?? DEFAULT_SERVER_MAX_BYTES,
      capabilities: welcome.capabilities ?? [],
      runs: welcome.runs,
      serverTime,
      openedAt: uptime,
      // What it remembers of before is not known any more.
      dedupeSince: hasGoneBack ? serverTime : welcome.dedupe_since,
    };
    this.#isDown = false;
    this.#owner.welcomed(welcome);
    this.#heardAt = uptime;
    this.#owner.changed();
  }

  /** Whether the server's time, or the beginning of its memory, is earlier than it told before: it has lost what was between. */
  #hasGoneBack({ server_time, dedupe_since }: ServerFrameOf['welcome']): boolean {
    if (this.#route.dialect.name === 'plain') return false;
    const told = this.#told;
    this.#told = { server_time, dedupe_since };
    if (!told || (server_time >= told.server_time && dedupe_since >= told.dedupe_since)) return false;
    this.#context.reportOnce(
      'welcome',
      'server_inconsistent',
      "the server's clock or memory runs backwards: what it may have run is uncertain",
    );
    return true;
  }

  #watch(generation: number, everyMs: number): Heartbeat {
    const line: WatchedLine = {
      answersPings: this.#route.dialect.heartbeat,
      isReceiving: () => this.#owner.isReceiving(),
      ping: (id) => this.write({ type: 'ping', id }),
      measure: () => this.#context.emit({ type: 'measure_socket', generation }),
      changed: () => this.#owner.changed(),
      lost: (message, isNeeded) => this.#settle(heartbeatLost(message, isNeeded)),
    };
    return new Heartbeat(this.#context, line, everyMs);
  }

  #pong({ id, server_time }: ServerFrameOf['pong']): void {
    const state = this.#state;
    if (id < 0) this.#carriedAt = this.#context.uptime;
    const askedAt = state.state === 'open' ? state.heartbeat.pong(id) : null;
    if (askedAt === null) return;
    this.#heardClock(server_time, askedAt);
    this.#owner.changed();
  }

  #heardClock(serverTime: number | undefined, askedAt: number | null): void {
    // The plain dialect's server says nothing of its clock.
    if (serverTime === undefined || askedAt === null || this.#route.dialect.name === 'plain') return;
    const { serverClock, uptime } = this.#context;
    if (serverClock.heard(serverTime, askedAt, uptime)) this.#owner.heardClock();
  }

  #send(generation: number, frame: ClientFrame): void {
    this.#take(generation, this.#route.dialect.encode(frame, this.#context.now));
  }

  #malformed(type: string | null, message: string): void {
    this.#context.counts.malformedFrames++;
    const what = type === null ? 'a message' : `a frame of type ${JSON.stringify(type)}`;
    this.#context.reportOnce(
      `malformed:${type ?? message}`,
      'invalid_event',
      `the server sent ${what} that is malformed: ${message}`,
    );
  }

  #attempt(): void {
    const { state } = this.#state;
    this.#context.assert(state === 'closed', `a connection is begun, and one is ${state}`);
    this.#breaker.attempted();
    this.#attempts.add();
    this.#state = { state: 'authorizing' };
    this.#owner.changed();
    this.#owner.requestToken();
  }

  /** The connection died without a word. */
  #fail(reason: 'timeout', message: string): void {
    this.#settle({ reason, detail: { message }, fate: 'retry', ...this.#silent() });
  }

  /** Begins the closing handshake, or replaces what follows it. Frames that arrived already are still processed. */
  #close(ending: ConnectionEnd, reason: string): void {
    if (this.#state.state === 'closing') this.#state.ending = ending;
    if (this.#state.state !== 'open' && this.#state.state !== 'connecting') return;
    const { generation, state } = this.#state;
    this.#leave(this.#state, ending);
    const closing: State = { state: 'closing', generation, wasOpen: state === 'open', ending };
    this.#state = closing;
    this.#context.emit({ type: 'close_socket', generation, code: 1000, reason });
    this.#context.after('close', CLOSE_TIMEOUT_MS, () => this.#settle(closing.ending));
    this.#owner.changed();
  }

  /** The end of an attempt or a connection, whatever it was: no socket lives after this line. */
  #settle(ending: ConnectionEnd): void {
    const before = this.#state;
    if (before.state === 'closed' && ending.fate !== 'pause') return;
    this.#isDown = ending !== IDLE;
    this.#leave(before, ending);
    if ('generation' in before) {
      this.#liveSockets--;
      this.#context.emit({ type: 'drop_socket', generation: before.generation });
    }
    const wasOpen = before.state === 'open' || (before.state === 'closing' && before.wasOpen);
    if (wasOpen) this.#owner.lost();
    const outage = ending.isSilent ? this.#outage.ask() : null;
    if (outage !== null) this.#owner.handshakeFailed(outage);
    this.#proceed(ending);
    this.#owner.changed();
  }

  #proceed(ending: ConnectionEnd): void {
    switch (ending.fate) {
      case 'idle':
        this.#rest(ending, 'none');
        return;
      case 'pause':
        this.#rest(ending, 'paused');
        return;
      case 'token': {
        const again = !this.#tokenRefused;
        this.#tokenRefused = true;
        this.#rest(ending, again ? 'none' : 'paused');
        if (again && this.#wanted) this.#attempt();
        return;
      }
      case 'later':
      case 'retry': {
        const closed = this.#rest(ending, ending.retryAfterMs === undefined ? 'none' : 'asked');
        // Where the one before it failed as well, waiting is what helps.
        if (ending.isNeeded && this.#wanted && this.#breaker.failures <= 1) this.#attempt();
        else this.#retryLater(closed, ending.retryAfterMs);
      }
    }
  }

  #rest(ending: ConnectionEnd, hold: Hold): Closed {
    const closed: Closed = { state: 'closed', ending, hold, retryAt: null };
    this.#state = closed;
    return closed;
  }

  /** What each state waits for goes with it; a connection that was lost before it was stable is like one that was never made. */
  #leave(state: State, ending: ConnectionEnd): void {
    const { deadlines, uptime } = this.#context;
    switch (state.state) {
      case 'authorizing':
        this.#owner.forgetRequest();
        break;
      case 'connecting':
        deadlines.clear('connect');
        break;
      case 'open':
        state.heartbeat.end();
        if (uptime >= state.stableAt) {
          this.#breaker.lasted();
          this.#tokenRefused = false;
          return;
        }
        break;
      case 'closing':
        // It was counted when it began to close.
        deadlines.clear('close');
        return;
      case 'closed':
        return this.#retryNoLonger(state);
    }
    if (isFailure(ending)) this.#breaker.failed();
  }

  #retryLater(closed: Closed, askedMs: number | undefined): void {
    const waitMs = this.#breaker.waitMs(askedMs);
    closed.retryAt = this.#context.uptime + waitMs;
    this.#context.after('retry', waitMs, () => {
      closed.retryAt = null;
      if (this.#wanted) this.#attempt();
    });
  }

  #retryNoLonger(closed: Closed): void {
    closed.retryAt = null;
    this.#context.deadlines.clear('retry');
  }

  /** By the browser's clock. */
  #shown(uptime: number | null): number | null {
    return uptime === null ? null : this.#context.now + uptime - this.#context.uptime;
  }
}

function heartbeatLost(message: string, isNeeded: boolean): ConnectionEnd {
  return { reason: 'heartbeat', detail: { message }, fate: 'retry', ...(isNeeded && { isNeeded }) };
}

/** A part that shares its message with other frames is measured by itself. */
function charactersOf(frame: ServerFrame, messageCharacters: number): number {
  if (frame.type !== 'snapshot') return 0;
  try {
    return JSON.stringify(frame).length;
  } catch {
    // Nested too deeply to be written again.
    return messageCharacters;
  }
}
