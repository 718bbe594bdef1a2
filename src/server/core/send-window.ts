/**
 * How much may be on its way to one client: of what can wait, such as snapshots, no more than its line carries in about a
 * second, so that answers never queue behind more. What the process has handed to its system says little about it, since
 * systems and routers on the way hold minutes of what a slow line carries. So the client is asked, by the WebSocket's own
 * pings, which every client answers when it has read what was sent before.
 */
import type { Clock, Peer } from './peer.ts';

/** What may be on its way on a line that is slow, or not known yet. */
const LEAST_BYTES = 16_384;
const MOST_BYTES = 2_097_152;
/** Beyond the line's own round trip: what was on its way took no longer, so that more may be. */
const QUICK_MS = 250;
/** Where all of it would still be quick, so many times as much may follow: twice as much each time is many round trips. */
const MOST_GROWTH = 8;
/** Took longer: it was too much. */
const SLOW_MS = 1_000;
/** A client that does not answer the WebSocket's pings, as it must, is not waited for. */
const ANSWER_MS = 15_000;

export class SendWindow {
  readonly #peer: Pick<Peer, 'mark'>;
  readonly #clock: Clock;
  readonly #onRoom: () => void;
  #window = LEAST_BYTES;
  #sent = 0;
  /** What it has surely received. */
  #received = 0;
  /** It was asked whether it has this much. */
  #asked: { readonly sent: number; readonly at: number; readonly cancel: () => void } | null = null;
  /** The shortest that an answer took. */
  #roundTripMs = Number.POSITIVE_INFINITY;

  constructor(peer: Pick<Peer, 'mark'>, clock: Clock, onRoom: () => void) {
    this.#peer = peer;
    this.#clock = clock;
    this.#onRoom = onRoom;
  }

  /** How large a part of something large should be: two of them fill the line. */
  get partBytes(): number {
    return this.#window / 2;
  }

  sent(bytes: number): void {
    this.#sent += bytes;
  }

  /** @param pending bytes that will be sent next */
  hasRoom(pending: number): boolean {
    return this.#sent + pending - this.#received < this.#window;
  }

  /** Asks the client what it has; `onRoom` is called when it has answered. */
  ask(): void {
    if (this.#asked) return;
    const cancel = this.#clock.setTimer(ANSWER_MS, () => this.reached());
    this.#asked = { sent: this.#sent, at: this.#clock.elapsed, cancel };
    this.#peer.mark();
  }

  /** The client has all that was sent before it was asked. */
  reached(): void {
    if (!this.#asked) return;
    const { sent, at, cancel } = this.#asked;
    cancel();
    this.#asked = null;
    const tookMs = this.#clock.elapsed - at;
    this.#roundTripMs = Math.min(this.#roundTripMs, tookMs);
    const queuedMs = tookMs - this.#roundTripMs;
    const wasFull = sent - this.#received >= this.#window / 2;
    this.#received = sent;
    if (queuedMs > SLOW_MS) this.#window = Math.max(LEAST_BYTES, this.#window / 2);
    else if (queuedMs <= QUICK_MS && wasFull) {
      const growth = Math.min(MOST_GROWTH, Math.max(2, QUICK_MS / tookMs));
      this.#window = Math.min(MOST_BYTES, this.#window * growth);
    }
    this.#onRoom();
    if (!this.hasRoom(0)) this.ask();
  }

  end(): void {
    this.#asked?.cancel();
    this.#asked = null;
  }
}
