import { type End, endOfGoodbye, endOfSocket } from '../../../src/protocol/codes.ts';
import type { ClientFrame, ServerFrame, ServerFrameOf } from '../../../src/protocol/frames/index.ts';
import type {
  Circuit,
  ClosedReason,
  Connection as ConnectionView,
  Diagnosis,
} from '../../../src/protocol/model.ts';
import type { Context } from '../context.ts';
import type { Dialect } from '../dialect/dialect.ts';
import type { Writable } from '../outbox/box.ts';
import { retryWaitMs } from './backoff.ts';
import { Outage } from './outage.ts';

/** How long the closing handshake may take. */
const CLOSE_TIMEOUT_MS = 2_000;
/** The largest message that the hub takes: what `hello` tells the server. */
export const MAX_MESSAGE_CHARACTERS = 16 * 1024 * 1024;
const DEFAULT_SERVER_MAX_BYTES = 1024 * 1024;
/** A server that asks for less would have a ping after each pong. */
const LEAST_HEARTBEAT_MS = 100;
/** However many need the line, it is not asked for a sign of life more often. */
const PROBE_EVERY_MS = 1_000;
/** While something that was written before a ping waits in the browser: how often it is looked at. */
const MEASURE_EVERY_MS = 250;
const STORM_WINDOW_MS = 60_000;
const STORM_ATTEMPTS = 5;

type State =
  | { state: 'closed'; ending: Ending; hold: Hold }
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
      since: number;
      rttMs: number | null;
      heartbeatMs: number;
      maxFrameBytes: number;
      capabilities: readonly string[];
      runs: Writable['runs'];
      serverTime: number;
      dedupeSince: number;
      /** By `uptime`, as all times that are only measured. */
      openedAt: number;
      wroteAt: number;
      /** Sent, and nothing heard since. */
      ping: Ping | null;
      /** The last ping, for the round trip. */
      pinged: { id: number; at: number } | null;
      probedAt: number;
    }
  | { state: 'closing'; generation: number; wasOpen: boolean; ending: Ending };
interface Ping {
  readonly id: number;
  readonly at: number;
  /** Somebody needs the line now: it has less time than one by the timer. */
  isProbe: boolean;
  /** How often something written before it was found to wait in the browser still. */
  waits: number;
  /** The most that was found to have left: characters written less bytes that wait; and since when it is no more. */
  left: number;
  leftAt: number;
}
type Hold =
  /** The hub waits as long as it thinks best, if at all. */
  | 'none'
  /** The server named the time: only a person may be quicker. */
  | 'asked'
  /** No retry until somebody asks. */
  | 'paused';
/** Why the connection ended, and what follows. */
interface Ending {
  reason: ClosedReason;
  detail?: (ConnectionView & { state: 'closed' })['detail'];
  fate: End['fate'] | 'idle';
  retryAfterMs?: number;
  /** The handshake failed, and nobody said why. */
  isSilent?: true;
  /** No tab gave one, for now. */
  lacksToken?: true;
  /** Somebody needs the line now: the next attempt does not wait. */
  isNeeded?: true;
}

const IDLE: Ending = { reason: 'idle', fate: 'idle' };

/** What the rest of the hub does for the connection, and hears from it. */
export interface ConnectionOwner {
  readonly dialect: Dialect;
  readonly url: string;
  /** As much of it as may be shown. */
  readonly origin: string;
  /** Asks a tab; the answer comes by `gotToken`. */
  requestToken(): void;
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
  readonly #owner: ConnectionOwner;
  #state: State = { state: 'closed', ending: IDLE, hold: 'none' };
  #generation = 0;
  #liveSockets = 0;
  /** In a row; reset by a connection that lasted. */
  #failures = 0;
  #circuit: Circuit = 'closed';
  readonly #outage = new Outage();
  /** A refused token is replaced once. */
  #tokenRefused = false;
  #token: string | null = null;
  #attempts: number[] = [];
  #wanted = false;
  #pings = 0;
  /** When the line was last found to carry something large: a part of a snapshot, or word that a message of ours arrives. */
  #carriedAt = Number.NEGATIVE_INFINITY;
  /** When anything was last heard on an open connection. */
  #heardAt = Number.NEGATIVE_INFINITY;

  constructor(context: Context, owner: ConnectionOwner) {
    this.#context = context;
    this.#owner = owner;
  }

  get view(): ConnectionView {
    const state = this.#state;
    switch (state.state) {
      case 'authorizing':
      case 'connecting':
        return { state: 'connecting', attempt: this.#failures };
      case 'open':
        return {
          state: 'open',
          session: state.session,
          since: state.since,
          rttMs: state.rttMs,
          suspect: state.ping?.isProbe === true,
        };
      case 'closing':
        return { state: 'closing' };
      default:
        return {
          state: 'closed',
          reason: state.ending.reason,
          ...(state.ending.detail && { detail: this.#explained(state.ending) }),
          attempt: this.#failures,
          retryAt: this.#wanted ? this.#context.deadlines.at('retry') : null,
          circuit: this.#circuit,
        };
    }
  }

  get sockets() {
    const since = this.#context.uptime - STORM_WINDOW_MS;
    const attemptsInLastMinute = this.#attempts.filter((at) => at > since).length;
    return {
      opened: this.#generation,
      live: this.#liveSockets,
      attemptsInLastMinute,
      storm: attemptsInLastMinute > STORM_ATTEMPTS,
    };
  }

  /** The open connection, as far as writers need it. */
  get open(): Writable | null {
    return this.#state.state === 'open' ? this.#state : null;
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
      if (wanted && state.hold !== 'paused' && this.#context.deadlines.at('retry') === null) this.#attempt();
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
    if (this.#state.state !== 'closed') return;
    const { hold, ending } = this.#state;
    if (hold === 'paused' || ending.lacksToken) this.tryNow();
  }

  /**
   * The network or the page came back: skips the hub's own wait, not a pause or what the server asked for; an open line
   * is asked whether it lives.
   */
  nudge(): void {
    this.probe();
    if (this.#state.state !== 'closed' || this.#state.hold !== 'none') return;
    this.#context.deadlines.clear('retry');
    if (this.#wanted) this.#attempt();
  }

  /**
   * Somebody needs the line: after a change of networks the socket is dead without a word, which the timer alone would
   * notice much later. Nothing happens where no line is open, or its server knows no pings.
   */
  probe(): void {
    const state = this.#state;
    if (state.state !== 'open' || !this.#owner.dialect.heartbeat || state.ping?.isProbe) return;
    const waitMs = state.probedAt + PROBE_EVERY_MS - this.#context.uptime;
    if (waitMs > 0) return this.#context.after('probe', waitMs, () => this.probe());
    state.probedAt = this.#context.uptime;
    if (state.ping) {
      // A second one would only arrive behind it.
      state.ping.isProbe = true;
      this.#awaitPong(state.ping);
    } else this.#ping(true);
    this.#owner.changed();
  }

  /** How much of what was written waits in the browser. */
  measured(generation: number, bufferedBytes: number): void {
    const state = this.#state;
    if (state.state !== 'open' || state.generation !== generation || !state.ping) return;
    const { ping } = state;
    const { counts, uptime, settings } = this.#context;
    if (bufferedBytes === 0) {
      // Only now it is on its way.
      if (ping.waits > 0) this.#awaitPong(ping);
      return;
    }
    ping.waits++;
    const left = counts.charactersOut - bufferedBytes;
    if (left > ping.left) {
      ping.left = left;
      ping.leftAt = uptime;
    }
    const { pongTimeoutMs } = settings;
    if (uptime - ping.leftAt >= pongTimeoutMs)
      return this.#lost(ping, `nothing of what was written has left for ${pongTimeoutMs} ms`);
    this.#context.after('heartbeat', MEASURE_EVERY_MS, () => {
      this.#awaitPong(ping);
      this.#context.emit({ type: 'measure_socket', generation });
    });
  }

  gotToken(token: string | null): void {
    if (this.#state.state !== 'authorizing') return;
    this.#token = token;
    const generation = ++this.#generation;
    this.#liveSockets++;
    this.#state = { state: 'connecting', generation, helloAt: null };
    const { connectTimeoutMs } = this.#context.settings;
    const { url, origin, dialect } = this.#owner;
    this.#context.after('connect', connectTimeoutMs, () =>
      this.#fail('timeout', `no welcome from ${origin} within ${connectTimeoutMs} ms`),
    );
    this.#context.log('debug', `connecting to ${origin}`);
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
    this.#state.wroteAt = this.#context.uptime;
    this.#watchHeartbeat();
    this.#send(this.#state.generation, frame);
    return true;
  }

  socketOpened(generation: number): void {
    if (this.#isLate(generation)) return;
    if (this.#state.state !== 'connecting') return;
    this.#state.helloAt = this.#context.uptime;
    this.#send(generation, this.#owner.hello(this.#token));
  }

  socketMessage(generation: number, data: string | null): void {
    if (this.#isLate(generation)) return;
    const { counts, now, uptime } = this.#context;
    counts.messagesIn++;
    counts.charactersIn += data?.length ?? 0;
    if (this.#state.state === 'open') {
      this.#heardAt = uptime;
      if (this.#state.ping?.isProbe) this.#owner.changed();
      this.#state.ping = null;
      this.#watchHeartbeat();
    }
    if (data === null) return this.#malformed(null, 'a binary message');
    if (data.length > MAX_MESSAGE_CHARACTERS) {
      counts.oversizedMessages++;
      const message = `dropped a message of ${data.length} characters; the hub takes ${MAX_MESSAGE_CHARACTERS}`;
      return this.#context.reportOnce('oversized', 'too_large', message);
    }
    const all = this.#owner.dialect.decode(data, now);
    for (const parsed of all) {
      if (parsed.ok) {
        const { frame } = parsed;
        const characters = all.length === 1 ? data.length : charactersOf(frame, data.length);
        this.#receive(generation, frame, characters);
      } else if (parsed.problem === 'unknown') counts.unknownFrames++;
      else this.#malformed(parsed.type, parsed.message);
    }
  }

  socketClosed(generation: number, closeCode: number, reason: string): void {
    if (this.#isLate(generation)) return;
    const detail = { closeCode, ...(reason && { message: reason }) };
    if (this.#state.state === 'closing') return this.#settle(this.#state.ending);
    this.#settle({ ...endOfSocket(closeCode), detail, ...(!reason && this.#silent()) });
  }

  diagnosed(outage: number, diagnosis: Diagnosis): void {
    const leastMs = this.#outage.answered(outage, diagnosis);
    if (leastMs === null || this.#state.state !== 'closed') return;
    const { deadlines, now } = this.#context;
    const retryAt = deadlines.at('retry');
    // Whoever comes may still be quicker: that was no answer to a handshake.
    if (retryAt !== null && retryAt < now + leastMs) this.#retryLater(leastMs);
    this.#owner.changed();
  }

  /** While the socket is still to open, its end says nothing of the server's. */
  #silent(): Pick<Ending, 'isSilent'> {
    return this.#state.state === 'connecting' && this.#state.helloAt === null ? { isSilent: true } : {};
  }

  #explained({ detail, isSilent }: Ending): NonNullable<Ending['detail']> {
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
    // A frame before this one, in the same message, may have ended the connection.
    if (!this.#isPresent(generation)) return;
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
    const ending: Ending = { ...endOfGoodbye(code, retry), detail: { message: `${code}: ${message}` } };
    if (retry_after_ms !== undefined) ending.retryAfterMs = retry_after_ms;
    if (code === 'identity_mismatch' && this.#owner.turnedAway()) ending.fate = 'idle';
    this.#close(ending, 'goodbye');
  }

  #welcome(generation: number, welcome: ServerFrameOf['welcome']): void {
    if (this.#state.state !== 'connecting') return;
    const { now, uptime, settings, deadlines } = this.#context;
    deadlines.clear('connect');
    this.#heardClock(welcome.server_time, this.#state.helloAt);
    this.#outage.end();
    this.#state = {
      state: 'open',
      generation,
      session: welcome.session,
      since: now,
      rttMs: null,
      heartbeatMs: Math.max(welcome.heartbeat_ms ?? settings.heartbeatMs, LEAST_HEARTBEAT_MS),
      maxFrameBytes: welcome.max_frame_bytes ?? DEFAULT_SERVER_MAX_BYTES,
      capabilities: welcome.capabilities ?? [],
      runs: welcome.runs,
      // The server's memory cannot begin after its present.
      serverTime: Math.max(welcome.server_time, welcome.dedupe_since),
      openedAt: uptime,
      dedupeSince: welcome.dedupe_since,
      wroteAt: uptime,
      ping: null,
      pinged: null,
      probedAt: Number.NEGATIVE_INFINITY,
    };
    this.#context.after('stable', settings.stableAfterMs, () => {
      this.#failures = 0;
      this.#circuit = 'closed';
      this.#tokenRefused = false;
    });
    this.#context.log('debug', `connected, session ${welcome.session}`);
    this.#owner.welcomed(welcome);
    this.#heardAt = uptime;
    this.#watchHeartbeat();
    this.#owner.changed();
  }

  #pong({ id, server_time }: ServerFrameOf['pong']): void {
    const state = this.#state;
    if (id < 0) this.#carriedAt = this.#context.uptime;
    // The plain dialect's pongs carry no id: 0.
    if (state.state !== 'open' || !state.pinged || (id !== 0 && id !== state.pinged.id)) return;
    state.rttMs = this.#context.uptime - state.pinged.at;
    this.#heardClock(server_time, state.pinged.at);
    state.pinged = null;
    this.#owner.changed();
  }

  #heardClock(serverTime: number | undefined, askedAt: number | null): void {
    // The plain dialect's server says nothing of its clock.
    if (serverTime === undefined || askedAt === null || this.#owner.dialect.name === 'plain') return;
    const { serverClock, uptime } = this.#context;
    if (serverClock.heard(serverTime, askedAt, uptime)) this.#owner.heardClock();
  }

  /** A ping is due when nothing arrived, or nothing was written, for a heartbeat. One that is out has its own deadline. */
  #watchHeartbeat(): void {
    const state = this.#state;
    if (state.state !== 'open' || state.ping || !this.#owner.dialect.heartbeat) return;
    const quietMs = this.#context.uptime - Math.min(this.#heardAt, state.wroteAt);
    this.#context.after('heartbeat', state.heartbeatMs - quietMs, () => this.#ping(false));
  }

  #ping(isProbe: boolean): void {
    const state = this.#state;
    if (state.state !== 'open') return;
    // Before the ping is written, which would be found to wait as well.
    this.#context.emit({ type: 'measure_socket', generation: state.generation });
    const { uptime } = this.#context;
    const left = Number.NEGATIVE_INFINITY;
    const ping: Ping = { id: ++this.#pings, at: uptime, isProbe, waits: 0, left, leftAt: uptime };
    state.ping = ping;
    state.pinged = ping;
    this.write({ type: 'ping', id: ping.id });
    this.#awaitPong(ping);
  }

  /** Anything that is heard answers it. */
  #awaitPong(ping: Ping): void {
    const { pongTimeoutMs, probeTimeoutMs } = this.#context.settings;
    // What was written just before may not have left at the first look.
    const isBusy = ping.waits > 1 || this.#owner.isReceiving();
    const timeoutMs = ping.isProbe && !isBusy ? Math.min(probeTimeoutMs, pongTimeoutMs) : pongTimeoutMs;
    this.#context.after('heartbeat', timeoutMs, () =>
      this.#lost(ping, `silent for ${timeoutMs} ms after a ping`),
    );
  }

  #send(generation: number, frame: ClientFrame): void {
    const { counts, now } = this.#context;
    const { text, answers } = this.#owner.dialect.encode(frame, now);
    if (text !== null) {
      counts.messagesOut++;
      counts.charactersOut += text.length;
      this.#context.emit({ type: 'write', generation, text });
    }
    for (const answer of answers) this.#receive(generation, answer);
  }

  #malformed(type: string | null, message: string): void {
    this.#context.counts.malformedFrames++;
    const what = type === null ? 'a message' : `a frame of type ${JSON.stringify(type)}`;
    this.#context.reportOnce(
      `malformed:${type}`,
      'invalid_event',
      `the server sent ${what} that is malformed: ${message}`,
    );
  }

  #attempt(): void {
    const { uptime, deadlines } = this.#context;
    deadlines.clear('retry');
    if (this.#circuit === 'open') this.#circuit = 'half-open';
    this.#attempts = [...this.#attempts.filter((at) => at > uptime - STORM_WINDOW_MS), uptime];
    if (this.sockets.storm) {
      this.#context.log('warn', `${this.#attempts.length} connection attempts within ${STORM_WINDOW_MS} ms`);
    }
    this.#state = { state: 'authorizing' };
    this.#owner.changed();
    this.#owner.requestToken();
  }

  /** The connection died without a word. */
  #fail(reason: 'timeout', message: string): void {
    this.#settle({ reason, detail: { message }, fate: 'retry', ...this.#silent() });
  }

  #lost({ isProbe }: Ping, message: string): void {
    this.#settle({
      reason: 'heartbeat',
      detail: { message },
      fate: 'retry',
      ...(isProbe && { isNeeded: true as const }),
    });
  }

  /** Begins the closing handshake, or replaces what follows it. Frames that arrived already are still processed. */
  #close(ending: Ending, reason: string): void {
    if (this.#state.state === 'closing') this.#state.ending = ending;
    if (this.#state.state !== 'open' && this.#state.state !== 'connecting') return;
    const { generation, state } = this.#state;
    this.#countIfUnstable(ending);
    this.#clearDeadlines();
    const closing: State = { state: 'closing', generation, wasOpen: state === 'open', ending };
    this.#state = closing;
    this.#context.emit({ type: 'close_socket', generation, code: 1000, reason });
    this.#context.after('close', CLOSE_TIMEOUT_MS, () => this.#settle(closing.ending));
    this.#owner.changed();
  }

  /** The end of an attempt or a connection, whatever it was: no socket lives after this line. */
  #settle(ending: Ending): void {
    const before = this.#state;
    if (before.state === 'closed' && ending.fate !== 'pause') return;
    if (before.state !== 'closing') this.#countIfUnstable(ending);
    this.#clearDeadlines();
    if ('generation' in before) {
      this.#liveSockets--;
      this.#context.emit({ type: 'drop_socket', generation: before.generation });
    }
    const { reason, detail } = ending;
    this.#context.log(
      'debug',
      `connection closed: ${reason}${detail?.message ? ` (${detail.message})` : ''}`,
    );
    const wasOpen = before.state === 'open' || (before.state === 'closing' && before.wasOpen);
    if (wasOpen) this.#owner.lost();
    const outage = ending.isSilent ? this.#outage.ask() : null;
    if (outage !== null) this.#owner.handshakeFailed(outage);
    this.#proceed(ending);
    this.#owner.changed();
  }

  #proceed(ending: Ending): void {
    switch (ending.fate) {
      case 'idle':
        return this.#rest(ending, 'none');
      case 'pause':
        return this.#rest(ending, 'paused');
      case 'token': {
        const again = !this.#tokenRefused;
        this.#tokenRefused = true;
        this.#rest(ending, again ? 'none' : 'paused');
        if (again && this.#wanted) this.#attempt();
        return;
      }
      case 'later':
      case 'retry':
        this.#rest(ending, ending.retryAfterMs === undefined ? 'none' : 'asked');
        // Where the one before it failed as well, waiting is what helps.
        if (ending.isNeeded && this.#wanted && this.#failures <= 1) return this.#attempt();
        this.#retryLater(ending.retryAfterMs);
    }
  }

  #rest(ending: Ending, hold: Hold): void {
    this.#context.deadlines.clear('retry');
    this.#state = { state: 'closed', ending, hold };
  }

  /** A connection that was lost before it was stable counts like one that was never made. */
  #countIfUnstable({ fate, retryAfterMs }: Ending): void {
    const { deadlines, settings } = this.#context;
    const isStable = this.#state.state === 'open' && deadlines.at('stable') === null;
    const isFailure = fate === 'retry' || (fate === 'later' && retryAfterMs === undefined);
    if (!isFailure || isStable) return;
    this.#failures++;
    if (this.#failures >= settings.breakerFailures) this.#circuit = 'open';
  }

  #retryLater(askedMs: number | undefined): void {
    const isProbe = this.#circuit === 'open' && askedMs === undefined;
    const waitMs = isProbe
      ? this.#context.settings.breakerCoolDownMs
      : retryWaitMs(this.#context, Math.max(0, this.#failures - 1), askedMs);
    this.#context.after('retry', waitMs, () => {
      if (this.#wanted) this.#attempt();
    });
  }

  #clearDeadlines(): void {
    for (const name of ['connect', 'stable', 'heartbeat', 'probe', 'close', 'token'])
      this.#context.deadlines.clear(name);
  }
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
