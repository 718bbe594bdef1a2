/** Whether the line is alive, and when that is asked. */
import type { Context } from '../context.ts';

/** However many need the line, it is not asked for a sign of life more often. */
const PROBE_EVERY_MS = 1_000;
/** While something that was written before a ping waits in the browser: how often it is looked at. */
const MEASURE_EVERY_MS = 250;

/** What watching one open connection needs of it. */
export interface WatchedLine {
  /** Whether its server knows pings. */
  readonly answersPings: boolean;
  /** Whether something large is arriving, behind which answers wait. */
  isReceiving(): boolean;
  ping(id: number): void;
  /** Asks how much of what was written waits in the browser; the answer comes by `measured`. */
  measure(): void;
  /** Whether the line is suspect has changed. */
  changed(): void;
  /** Nothing answers. `isNeeded`: somebody needs the line now. */
  lost(message: string, isNeeded: boolean): void;
}

interface Ping {
  readonly id: number;
  readonly at: number;
  /** Somebody needs the line now: it has less time than one by the timer. */
  isProbe: boolean;
  /** How often something written before it was found to wait in the browser still. */
  waits: number;
  /** The most that was found to have left (characters written less bytes that wait), and since when it has not grown. */
  left: number;
  leftAt: number;
}

/** One open connection: pinged when it is quiet, or needed; says when nothing answers. */
export class Heartbeat {
  readonly #context: Context;
  readonly #line: WatchedLine;
  readonly #everyMs: number;
  /** By `uptime`, as all times here. */
  #heardAt: number;
  #wroteAt: number;
  #probedAt = Number.NEGATIVE_INFINITY;
  /** Sent, and nothing heard since. */
  #ping: Ping | null = null;
  /** The last ping, for the round trip. */
  #pinged: { id: number; at: number } | null = null;
  #pings = 0;
  #rttMs: number | null = null;

  constructor(context: Context, line: WatchedLine, everyMs: number) {
    this.#context = context;
    this.#line = line;
    this.#everyMs = everyMs;
    this.#heardAt = context.uptime;
    this.#wroteAt = context.uptime;
    this.#watch();
  }

  get rttMs(): number | null {
    return this.#rttMs;
  }

  /** Whether somebody needs the line and it has not answered yet. */
  get isSuspect(): boolean {
    return this.#ping?.isProbe === true;
  }

  /** Anything that is heard answers a ping. */
  heard(): void {
    const wasSuspect = this.isSuspect;
    this.#heardAt = this.#context.uptime;
    this.#ping = null;
    this.#watch();
    if (wasSuspect) this.#line.changed();
  }

  wrote(): void {
    this.#wroteAt = this.#context.uptime;
    this.#watch();
  }

  /** @returns when this pong was asked for; `null`: it was not. */
  pong(id: number): number | null {
    const pinged = this.#pinged;
    // The plain dialect's pongs carry no id: 0.
    if (!pinged || (id !== 0 && id !== pinged.id)) return null;
    this.#rttMs = this.#context.uptime - pinged.at;
    this.#pinged = null;
    return pinged.at;
  }

  /**
   * Somebody needs the line: after a change of networks the socket is dead without a word, which the timer alone would
   * notice much later.
   */
  probe(): void {
    if (!this.#line.answersPings || this.isSuspect) return;
    const waitMs = this.#probedAt + PROBE_EVERY_MS - this.#context.uptime;
    // Less than a millisecond is nothing to wait for.
    if (waitMs >= 1) return this.#context.after('probe', waitMs, () => this.probe());
    this.#probedAt = this.#context.uptime;
    if (this.#ping) {
      // A second one would only arrive behind it.
      this.#ping.isProbe = true;
      this.#awaitPong(this.#ping);
    } else this.#sendPing(true);
    this.#line.changed();
  }

  /** How much of what was written waits in the browser. */
  measured(bufferedBytes: number): void {
    const ping = this.#ping;
    if (!ping) return;
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
      return this.#line.lost(`nothing of what was written has left for ${pongTimeoutMs} ms`, ping.isProbe);
    this.#context.after('heartbeat', MEASURE_EVERY_MS, () => {
      this.#awaitPong(ping);
      this.#line.measure();
    });
  }

  /** The connection is open no more. */
  end(): void {
    this.#context.deadlines.clear('heartbeat');
    this.#context.deadlines.clear('probe');
  }

  /** A ping is due when nothing arrived, or nothing was written, for a heartbeat. One that is out has its own deadline. */
  #watch(): void {
    if (this.#ping || !this.#line.answersPings) return;
    const quietMs = this.#context.uptime - Math.min(this.#heardAt, this.#wroteAt);
    this.#context.after('heartbeat', this.#everyMs - quietMs, () => this.#sendPing(false));
  }

  #sendPing(isProbe: boolean): void {
    // Before the ping is written, which would be found to wait as well.
    this.#line.measure();
    const { uptime } = this.#context;
    const left = Number.NEGATIVE_INFINITY;
    const ping: Ping = { id: ++this.#pings, at: uptime, isProbe, waits: 0, left, leftAt: uptime };
    this.#ping = ping;
    this.#pinged = ping;
    this.#line.ping(ping.id);
    this.#awaitPong(ping);
  }

  #awaitPong(ping: Ping): void {
    const { pongTimeoutMs, probeTimeoutMs } = this.#context.settings;
    // What was written just before may not have left at the first look.
    const isBusy = ping.waits > 1 || this.#line.isReceiving();
    const timeoutMs = ping.isProbe && !isBusy ? Math.min(probeTimeoutMs, pongTimeoutMs) : pongTimeoutMs;
    this.#context.after('heartbeat', timeoutMs, () =>
      this.#line.lost(`silent for ${timeoutMs} ms after a ping`, ping.isProbe),
    );
  }
}
