/** Whether one more is allowed now: of frames and bytes for `connection.ts`, of requests for topics for `session.ts`. */

/** So many a period, in bursts of up to `burst`. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #left: number;
  #at: number;

  constructor(count: number, periodMs: number, burst: number, now: number) {
    this.#perMs = count / periodMs;
    this.#burst = burst;
    this.#left = burst;
    this.#at = now;
  }

  take(now: number, count = 1): boolean {
    // A clock that was set back gives nothing, and takes nothing away.
    this.#left = Math.min(this.#burst, this.#left + Math.max(0, now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#left < count) return false;
    this.#left -= count;
    return true;
  }
}
