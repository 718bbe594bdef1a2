import type { Platform } from './platform.ts';

/**
 * Timers stand still while a machine sleeps and may be throttled, so that the clock is looked at this often. Well below
 * the 2^31 - 1 ms beyond which a browser fires at once.
 */
const LONGEST_SLEEP_MS = 5_000;

/** One alarm at a time, for a moment of the clock rather than for a span of time. */
export class Timer {
  readonly #platform: Pick<Platform, 'now' | 'setTimer'>;
  readonly #due: () => void;
  #cancel: () => void = () => {};

  constructor(platform: Pick<Platform, 'now' | 'setTimer'>, due: () => void) {
    this.#platform = platform;
    this.#due = due;
  }

  /** `at`: ms since 1970; `null`: never. Replaces the former alarm. */
  set(at: number | null): void {
    this.#cancel();
    if (at === null) return;
    const platform = this.#platform;
    const waitMs = Math.min(Math.max(at - platform.now(), 0), LONGEST_SLEEP_MS);
    this.#cancel = platform.setTimer(waitMs, () => (platform.now() < at ? this.set(at) : this.#due()));
  }
}
