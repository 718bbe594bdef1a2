/** Whether a backend is asked at all. One that cannot be reached is left alone for a while, and then asked by one alone. */
type State =
  | { readonly state: 'closed'; readonly failures: number }
  | { readonly state: 'open'; readonly until: number; readonly waitMs: number }
  /** One is on its way, to see. */
  | { readonly state: 'half-open'; readonly waitMs: number };

/** One after the other, with no answer in between. */
const FAILURES_LIMIT = 5;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

export class CircuitBreaker {
  #state: State = { state: 'closed', failures: 0 };

  /** `null`: go, and tell what became of it. Else in how many milliseconds to come again. */
  waitMs(now: number): number | null {
    const current = this.#state;
    switch (current.state) {
      case 'closed':
        return null;
      case 'open':
        if (now < current.until) return current.until - now;
        this.#state = { state: 'half-open', waitMs: current.waitMs };
        return null;
      case 'half-open':
        return FIRST_WAIT_MS;
    }
  }

  /** The backend is there, whatever it has answered. */
  reached(): void {
    // What was sent before it opened may still be answered: then it is there after all.
    this.#state = { state: 'closed', failures: 0 };
  }

  /** Nothing was heard of it in time: it may be there, and be slow with one command alone. */
  silent(now: number): void {
    if (this.#state.state === 'half-open') this.unreachable(now, null);
  }

  /** Nobody waited for its answer: it says nothing, and the next one goes to see. */
  givenUp(now: number): void {
    const current = this.#state;
    if (current.state === 'half-open') this.#state = { state: 'open', until: now, waitMs: current.waitMs };
  }

  /** @param askedMs the backend itself wants to be left alone for so long */
  unreachable(now: number, askedMs: number | null): void {
    const current = this.#state;
    if (askedMs !== null) {
      const until = now + askedMs;
      if (current.state === 'open' && current.until >= until) return;
      this.#state = { state: 'open', until, waitMs: FIRST_WAIT_MS };
    } else if (current.state === 'closed') {
      const failures = current.failures + 1;
      this.#state =
        failures < FAILURES_LIMIT
          ? { state: 'closed', failures }
          : { state: 'open', until: now + FIRST_WAIT_MS, waitMs: FIRST_WAIT_MS };
    } else if (current.state === 'half-open') {
      const waitMs = Math.min(current.waitMs * 2, LONGEST_WAIT_MS);
      this.#state = { state: 'open', until: now + waitMs, waitMs };
    }
  }
}
