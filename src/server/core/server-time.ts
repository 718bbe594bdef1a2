/**
 * The time that clients are told and that is recorded. Clients compare it with what they were told before, also across
 * restarts, so that it never runs backwards: where the clock was set back, it goes on from where it was, a little slower,
 * until the clock has caught up.
 */
import type { Clock } from './peer.ts';

/** How fast the time goes while the clock is behind it. */
const SLOW = 0.9;

export class ServerTime {
  readonly #clock: Clock;
  #newest = 0;
  /** By the time that has passed. */
  #newestAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since 1970. */
  now(): number {
    const { elapsed } = this.#clock;
    const slow = this.#newest + (elapsed - this.#newestAt) * SLOW;
    this.#newest = Math.max(this.#clock.now(), slow);
    this.#newestAt = elapsed;
    return Math.floor(this.#newest);
  }

  /** The time that has passed, whatever became of the clock. */
  get elapsed(): number {
    return this.#clock.elapsed;
  }

  /** From here on it is no less than this. */
  atLeast(time: number): void {
    if (time <= this.#newest) return;
    this.#newest = time;
    this.#newestAt = this.#clock.elapsed;
  }
}
