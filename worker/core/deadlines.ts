/**
 * Every time-out of the hub, by name. They are points on the clock, not running timers: a throttled or slept machine
 * wakes up to the truth.
 */
export class Deadlines {
  readonly #pending = new Map<string, { at: number; run: () => void }>();

  /** Replaces a deadline of the same name. */
  set(name: string, at: number, run: () => void): void {
    this.#pending.set(name, { at, run });
  }

  clear(name: string): void {
    this.#pending.delete(name);
  }

  at(name: string): number | null {
    return this.#pending.get(name)?.at ?? null;
  }

  get next(): number | null {
    let next: number | null = null;
    for (const { at } of this.#pending.values()) if (next === null || at < next) next = at;
    return next;
  }

  /** Runs what is due, in order of time. What these set anew waits for the next call, also if it is due already. */
  runDue(now: number): void {
    // At most steps nothing is due: this one is on the way of every event.
    if ((this.next ?? Number.POSITIVE_INFINITY) > now) return;
    const due = [...this.#pending].filter(([, { at }]) => at <= now).sort(([, a], [, b]) => a.at - b.at);
    for (const [name, deadline] of due) {
      if (this.#pending.get(name) !== deadline) continue;
      this.#pending.delete(name);
      deadline.run();
    }
  }

  /** The clock was set back: what was to be waited for stays as long. */
  shift(byMs: number): void {
    for (const deadline of this.#pending.values()) deadline.at += byMs;
  }
}
