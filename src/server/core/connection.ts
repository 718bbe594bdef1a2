/** One socket from its opening to its end: the frames in their order, the heartbeat, the goodbye. */
import {
  type ClientFrame,
  type ClientFrameOf,
  type Parsed,
  parseClientMessage,
} from '../../protocol/frames/index.ts';
import { closeCodeOf } from '../../protocol/goodbye-codes.ts';
import type { Principal } from '../log/event-log.ts';
import { byteLength } from './bytes.ts';
import { type Deferred, deferred } from './deferred.ts';
import { frameText } from './frames.ts';
import { badFrame, DISCONNECTED, EXPIRED, type Goodbye, overloaded, SUPERSEDED } from './goodbye.ts';
import { type Authenticate, Handshake, type HandshakeServices, type Welcome } from './handshake.ts';
import type { Handshakes, Newcomer } from './handshakes.ts';
import { SILENCE_FACTOR } from './limits.ts';
import { Outgoing } from './outgoing.ts';
import type { Inbound, Peer } from './peer.ts';
import type { Refusal, RefusalReason } from './refusals.ts';
import { SendWindow } from './send-window.ts';
import { type Line, Session, type SessionServices } from './session.ts';
import { TokenBucket } from './token-bucket.ts';

export interface ConnectionServices extends SessionServices, HandshakeServices {
  readonly handshakes: Handshakes;
  newSession(): string;
  ended(connection: Connection): void;
}

type State =
  | { readonly state: 'awaiting_hello' }
  /** What arrives before `welcome` is kept, in order. */
  | { readonly state: 'checking'; readonly early: Parsed<ClientFrame>[] }
  | { readonly state: 'open'; readonly session: Session }
  /** `goodbye` was said; nothing that arrives counts any more. */
  | { readonly state: 'closing' }
  | { readonly state: 'closed' };

/** What this server keeps to beyond what every server does. */
const CAPABILITIES = ['expires_at', 'withdraw'];
const DEFAULT_HEARTBEAT_MS = 30_000;
/** The clock is looked at so often where a connection has an end: somebody may set it. */
const EXPIRY_MS = 60_000;
/** For the closing handshake, after which the socket is ended. */
const CLOSE_MS = 2_000;
/** Frames that may arrive before `welcome`. */
const EARLY_LIMIT = 1_000;
/** Replays and snapshots wait while more than this has not left the process, whatever the line carries. */
const CONGESTED_BYTES = 1_048_576;
/** A client whose large message arrives slowly hears nothing else that would tell it that its line lives. */
const SIGN_OF_LIFE_MS = 1_000;
/** What is smaller was no slow message: the WebSocket's own frames, or a command. */
const SLOW_MESSAGE_BYTES = 4_096;
/** Answers no ping of a client. */
const UNASKED = -1;

export class Connection implements Inbound, Line, Newcomer {
  readonly #peer: Peer;
  readonly #handshake: Handshake;
  readonly #services: ConnectionServices;
  readonly #refused: (refusal: Refusal) => void;
  readonly #outgoing: Outgoing;
  readonly #sendWindow: SendWindow;
  readonly #frames: TokenBucket;
  readonly #bytes: TokenBucket;
  #earlyBytes = 0;
  #state: State = { state: 'awaiting_hello' };
  /** By the time that has passed. */
  #lastHeardAt: number;
  #cancelDeadline: () => void;
  #cancelExpiry: () => void = () => {};
  #drained: Deferred<void> | null = null;
  /** Of a message that has not ended. */
  #unfinished = { bytes: 0, toldAt: 0 };

  /** @param refused told where it ends before its welcome, by what whoever runs the server can change */
  constructor(
    peer: Peer,
    authenticate: Authenticate,
    services: ConnectionServices,
    refused: (refusal: Refusal) => void = () => {},
  ) {
    const { clock, limits, stats } = services;
    const now = clock.elapsed;
    this.#peer = peer;
    this.#handshake = new Handshake(services, authenticate, peer.address);
    this.#services = services;
    this.#refused = refused;
    this.#sendWindow = new SendWindow(peer, clock, () => this.drained());
    this.#outgoing = new Outgoing(peer, stats, (bytes) => {
      this.#sendWindow.sent(bytes);
      this.#checkBuffer();
    });
    this.#frames = new TokenBucket(limits.framesPerSecond, 1_000, 2 * limits.framesPerSecond, now);
    this.#bytes = new TokenBucket(limits.bytesPerSecond, 1_000, 2 * limits.bytesPerSecond, now);
    this.#lastHeardAt = now;
    this.#cancelDeadline = clock.setTimer(limits.handshakeMs, () => this.#handshakeIsLate());
  }

  get address(): string {
    return this.#peer.address;
  }

  get isSilent(): boolean {
    return this.#state.state === 'awaiting_hello';
  }

  turnAway(): void {
    this.#overloaded('too many connections at once; try again', 'crowd');
  }

  /** Known as soon as the token was accepted. */
  get principal(): Principal | null {
    return this.#handshake.principal;
  }

  /** The server ends all connections of a principal: now, or as soon as it is known whose this one is. */
  disconnect(principal: Principal): void {
    if (this.principal === principal) this.goodbye(DISCONNECTED);
    else this.#handshake.disconnect(principal);
  }

  /** The rights of a principal have changed. What is asked for before `welcome` is judged after it. */
  recheck(principal: Principal): void {
    if (this.principal === principal) this.session?.recheck();
  }

  /** `null` before `welcome` and after the end. */
  get session(): Session | null {
    return this.#state.state === 'open' ? this.#state.session : null;
  }

  get #isNewcomer(): boolean {
    return this.#state.state === 'awaiting_hello' || this.#state.state === 'checking';
  }

  message(text: string | null): void {
    if (this.#isOver()) return;
    const { stats, clock } = this.#services;
    this.#lastHeardAt = clock.elapsed;
    this.#unfinished = { bytes: 0, toldAt: clock.elapsed };
    stats.messagesIn += 1;
    if (text === null) {
      this.#badFrame('a message that is not text');
      return;
    }
    stats.bytesIn += byteLength(text);
    let frames = 0;
    for (const parsed of parseClientMessage(text)) {
      if (this.#isOver()) return;
      frames += 1;
      if (this.#mayTakeFrame()) this.#take(parsed);
    }
    // An empty array costs something, too.
    if (frames === 0) this.#mayTakeFrame();
    stats.framesIn += frames;
  }

  received(bytes: number): void {
    const { clock, limits } = this.#services;
    if (this.#isNewcomer) {
      this.#earlyBytes += bytes;
      if (this.#earlyBytes <= limits.handshakeBytes) return;
      this.#badFrame(`more than ${limits.handshakeBytes} bytes before \`welcome\``, 'early_bytes');
    } else if (this.#state.state === 'open') {
      if (this.#bytes.take(clock.elapsed, bytes)) this.#heard(bytes);
      else this.#overloaded(`more than ${limits.bytesPerSecond} bytes a second`);
    }
  }

  /** Bytes are a sign of life, also those of a message that takes minutes; and the client is told that they arrive. */
  #heard(bytes: number): void {
    const now = this.#services.clock.elapsed;
    this.#lastHeardAt = now;
    this.#unfinished.bytes += bytes;
    const sinceMs = now - this.#unfinished.toldAt;
    if (this.#unfinished.bytes < SLOW_MESSAGE_BYTES || sinceMs < SIGN_OF_LIFE_MS) return;
    this.#unfinished.toldAt = now;
    this.send(frameText({ type: 'pong', id: UNASKED }));
  }

  broken(isTooLarge: boolean): void {
    if (this.#isOver()) return;
    const { stats } = this.#services;
    if (isTooLarge) stats.oversizedMessages += 1;
    else stats.malformedFrames += 1;
    this.#beginClosing();
  }

  reached(): void {
    if (!this.#isOver()) this.#sendWindow.reached();
  }

  drained(): void {
    if (!this.#drained || this.#peer.bufferedBytes() > CONGESTED_BYTES / 2 || !this.#sendWindow.hasRoom(0))
      return;
    this.#drained.resolve();
    this.#drained = null;
  }

  closed(): void {
    if (this.#state.state === 'closed') return;
    this.#handshake.abort(new Error('the socket is closed'));
    this.#endSession();
    this.#services.handshakes.leave(this);
    this.#state = { state: 'closed' };
    this.#cancelDeadline();
    this.#cancelExpiry();
    this.#services.ended(this);
  }

  send(frame: string): void {
    if (!this.#isOver()) this.#outgoing.push(frame);
  }

  fits(frame: string): boolean {
    return this.#outgoing.fits(frame);
  }

  congested(): Promise<void> | null {
    // What comes next is no smaller perhaps: together they would be a larger message than the line should have.
    if (this.#outgoing.bytes >= this.partBytes) this.#outgoing.flush();
    const { bytes } = this.#outgoing;
    const isFull = this.#peer.bufferedBytes() + bytes > CONGESTED_BYTES || !this.#sendWindow.hasRoom(bytes);
    if (this.#isOver() || !isFull) return null;
    this.#outgoing.flush();
    if (this.#isOver()) return null;
    this.#drained ??= deferred();
    const { promise } = this.#drained;
    this.#sendWindow.ask();
    return promise;
  }

  get partBytes(): number {
    return this.#sendWindow.partBytes;
  }

  goodbye({ code, message, retry, retryAfterMs, refusal: reason }: Goodbye): void {
    if (this.#isOver()) return;
    const { stats } = this.#services;
    if (reason && this.#isNewcomer) this.#refused({ reason, message });
    stats.goodbyes[code] = (stats.goodbyes[code] ?? 0) + 1;
    // First of all: a full buffer must not be a reason for another goodbye.
    this.#beginClosing();
    const wait = retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs };
    this.#outgoing.push(frameText({ type: 'goodbye', code, message, retry, ...wait }));
    this.#outgoing.flush();
    this.#peer.close(closeCodeOf(code), code);
  }

  #beginClosing(): void {
    const { clock, handshakes } = this.#services;
    this.#handshake.abort(new Error('the connection is being closed'));
    this.#endSession();
    handshakes.leave(this);
    this.#state = { state: 'closing' };
    this.#cancelExpiry();
    this.#cancelDeadline();
    this.#cancelDeadline = clock.setTimer(CLOSE_MS, () => this.#cutOff());
  }

  #mayTakeFrame(): boolean {
    const { clock, limits } = this.#services;
    if (this.#frames.take(clock.elapsed)) return true;
    this.#overloaded(`more than ${limits.framesPerSecond} frames a second`, 'frames');
    return false;
  }

  #isOver(): boolean {
    return this.#state.state === 'closing' || this.#state.state === 'closed';
  }

  #endSession(): void {
    this.session?.end();
    this.#sendWindow.end();
    this.#drained?.resolve();
    this.#drained = null;
  }

  #take(parsed: Parsed<ClientFrame>): void {
    switch (this.#state.state) {
      case 'awaiting_hello':
        if (!parsed.ok) {
          this.#badFrame(`the first frame must be a \`hello\`: ${parsed.message}`);
        } else if (parsed.frame.type !== 'hello') {
          this.#badFrame(`the first frame must be a \`hello\`, not \`${parsed.frame.type}\``);
        } else {
          const early: Parsed<ClientFrame>[] = [];
          this.#state = { state: 'checking', early };
          void this.#check(parsed.frame, early);
        }
        return;
      case 'checking':
        this.#state.early.push(parsed);
        if (this.#state.early.length > EARLY_LIMIT) this.#badFrame('too many frames before `welcome`');
        return;
      case 'open':
        if (parsed.ok) this.#state.session.take(parsed.frame);
        else if (parsed.problem === 'unknown') this.#services.stats.unknownFrames += 1;
        else this.#badFrame(parsed.type === null ? parsed.message : `${parsed.type}: ${parsed.message}`);
        return;
      default:
        return;
    }
  }

  async #check(hello: ClientFrameOf['hello'], early: Parsed<ClientFrame>[]): Promise<void> {
    const number = this.#services.fence.arrived();
    try {
      const answer = await this.#handshake.answer(hello);
      if (this.#isOver()) return;
      if (answer.state === 'refused') this.goodbye(answer.goodbye);
      else if (this.#welcome(hello, number, answer.welcome)) for (const parsed of early) this.#take(parsed);
    } catch (error) {
      if (this.#isOver()) return;
      this.#services.report(error, 'checking a hello');
      this.#overloaded('the server could not check the hello; try again');
    }
  }

  /** False where a newer connection of this client is here. */
  #welcome({ term }: ClientFrameOf['hello'], number: number, welcome: Welcome): boolean {
    const { handshakes, limits, application, fence, stats } = this.#services;
    const { client, person, maxBytes, rememberedSince, serverTime, position, runs } = welcome;
    this.#outgoing.maxBytes = maxBytes;
    const { claims, expiresAt } = person;
    const { address } = this;
    const identity = { client, claims, term, address, number, position, maxBytes, rememberedSince };
    const session = new Session(identity, this, this.#services);
    if (!fence.admit(session)) {
      this.goodbye(SUPERSEDED);
      return false;
    }
    this.#state = { state: 'open', session };
    handshakes.leave(this);
    stats.connectionsOpened += 1;
    this.#watchHeartbeat();
    if (expiresAt !== null) this.#watchExpiry(expiresAt);
    if (this.#isOver()) return false;
    this.send(
      frameText({
        type: 'welcome',
        session: this.#services.newSession(),
        principal: client.principal,
        server_time: serverTime,
        dedupe_since: rememberedSince,
        ...(limits.heartbeatMs === null ? {} : { heartbeat_ms: limits.heartbeatMs }),
        max_frame_bytes: limits.maxFrameBytes,
        app_version: application.version,
        capabilities: CAPABILITIES,
        runs: [...runs],
      }),
    );
    // While nothing else is on its way, the answer tells how long the way itself is.
    this.#outgoing.flush();
    this.#sendWindow.ask();
    return true;
  }

  #handshakeIsLate(): void {
    const within = `within ${this.#services.limits.handshakeMs} ms`;
    if (this.#state.state === 'awaiting_hello') {
      this.goodbye(badFrame(`no \`hello\` ${within}`, 'late_hello'));
    } else this.#overloaded(`the server could not check the hello ${within}`, 'late_check');
  }

  #watchHeartbeat(): void {
    const { clock, limits } = this.#services;
    const silenceMs = (limits.heartbeatMs ?? DEFAULT_HEARTBEAT_MS) * SILENCE_FACTOR;
    const leftMs = this.#lastHeardAt + silenceMs - clock.elapsed;
    this.#cancelDeadline();
    if (leftMs > 0) {
      this.#cancelDeadline = clock.setTimer(leftMs, () => this.#watchHeartbeat());
      return;
    }
    this.#services.stats.silentConnections += 1;
    this.#cutOff();
  }

  #watchExpiry(expiresAt: number): void {
    const { clock } = this.#services;
    const leftMs = expiresAt - clock.now();
    if (leftMs <= 0) {
      this.goodbye(EXPIRED);
      return;
    }
    this.#cancelExpiry = clock.setTimer(Math.min(leftMs, EXPIRY_MS), () => this.#watchExpiry(expiresAt));
  }

  #cutOff(): void {
    this.#peer.terminate();
    this.closed();
  }

  #checkBuffer(): void {
    if (this.#isOver() || this.#peer.bufferedBytes() <= this.#services.limits.bufferedBytes) return;
    this.#overloaded('too much is waiting to be read');
  }

  #badFrame(message: string, refusal?: RefusalReason): void {
    this.#services.stats.malformedFrames += 1;
    this.goodbye(badFrame(message, refusal));
  }

  #overloaded(message: string, refusal?: RefusalReason): void {
    this.goodbye(overloaded(message, refusal));
  }
}
