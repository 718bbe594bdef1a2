/**
 * Timers stand still while a machine sleeps and may be throttled, so that the clock is looked at this often. Well below
 * the 2^31 - 1 ms beyond which a browser fires at once.
 */
const LONGEST_SLEEP_MS = 5_000;

/** One alarm at a time, for a moment of the clock rather than for a span of time. */
export class Timer {
  readonly #due: () => void;
  #handle: ReturnType<typeof setTimeout> | undefined;

  constructor(due: () => void) {
    this.#due = due;
  }

  /** `at`: ms since 1970; `null`: never. Replaces the former alarm. */
  set(at: number | null): void {
    clearTimeout(this.#handle);
    if (at === null) return;
    const wait = Math.min(Math.max(at - Date.now(), 0), LONGEST_SLEEP_MS);
    this.#handle = setTimeout(() => (Date.now() < at ? this.set(at) : this.#due()), wait);
  }
}
