/** When a deadline of the core counts as passed, also after a sleep of the machine. */
import type { Platform } from './platform.ts';

/**
 * Timers stand still while a machine sleeps and may be throttled, so that the clock is looked at this often. Well below
 * the 2^31 - 1 ms beyond which a browser fires at once.
 */
const LONGEST_SLEEP_MS = 5_000;

/**
 * One alarm at a time, for a moment of the clock rather than for a span of time. Its owner is called at every look at the
 * clock, too early as well: one that was set back, and how long was waited before, is noticed in no other way.
 */
export class Timer {
  readonly #platform: Pick<Platform, 'now' | 'setTimer'>;
  readonly #look: () => void;
  /** What runs, and until when. */
  #running: { until: number; cancel: () => void } | null = null;

  constructor(platform: Pick<Platform, 'now' | 'setTimer'>, look: () => void) {
    this.#platform = platform;
    this.#look = look;
  }

  /** `at`: ms since 1970; `null`: never. Replaces the former alarm. */
  set(at: number | null): void {
    if (at === null) return this.#stop();
    const now = this.#platform.now();
    const until = Math.min(Math.max(at, now), now + LONGEST_SLEEP_MS);
    // What ends sooner only looks at the clock, and the alarm is set anew: a hub does that with every message.
    if (this.#running && this.#running.until >= now && this.#running.until <= until) return;
    this.#stop();
    const cancel = this.#platform.setTimer(until - now, () => {
      this.#running = null;
      this.#look();
    });
    this.#running = { until, cancel };
  }

  #stop(): void {
    this.#running?.cancel();
    this.#running = null;
  }
}
