/**
 * The time that clients are told and that is recorded. Clients compare it with what they were told before, also across
 * restarts, so that it never runs backwards: where the clock was set back, it goes on from where it was, a little slower,
 * until the clock has caught up.
 */
import type { Clock } from './peer.ts';

/** How fast the time goes while the clock is behind it. */
const SLOW = 0.9;
/**
 * How fast it goes between two times of a log with a clock of its own: never ahead of it, so that a client which moves to
 * another server is not told an earlier time there.
 */
const FOLLOWING = 0.999;

export class ServerTime {
  readonly #clock: Clock;
  #newest = 0;
  /** By the time that has passed. */
  #newestAt = 0;
  #pace = SLOW;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since 1970. */
  now(): number {
    const { elapsed } = this.#clock;
    const later = this.#newest + (elapsed - this.#newestAt) * this.#pace;
    this.#newest = this.#pace === FOLLOWING ? later : Math.max(this.#clock.now(), later);
    this.#newestAt = elapsed;
    return Math.floor(this.#newest);
  }

  /** The time that has passed, whatever became of the clock. */
  get elapsed(): number {
    return this.#clock.elapsed;
  }

  /** The log's own clock shows this, or more: no other counts any more. */
  follow(time: number): void {
    // What its own clock showed before, nobody was told.
    if (this.#pace !== FOLLOWING) this.#newest = 0;
    this.#pace = FOLLOWING;
    this.atLeast(time);
  }

  /** From here on it is no less than this. */
  atLeast(time: number): void {
    if (time <= this.#newest) return;
    this.#newest = time;
    this.#newestAt = this.#clock.elapsed;
  }
}
