/** When unacknowledged critical events are sent again on one connection: after 5 s, then backing off to 60 s. */
export const FIRST_REPEAT_MS = 5_000;
export const LONGEST_REPEAT_MS = 60_000;

export class Repeats {
  readonly #due = new Map<number, { at: number; delayMs: number }>();

  /** It was sent just now. */
  sent(offset: number, now: number): void {
    const before = this.#due.get(offset);
    const delayMs = before ? Math.min(before.delayMs * 2, LONGEST_REPEAT_MS) : FIRST_REPEAT_MS;
    this.#due.set(offset, { at: now + delayMs, delayMs });
  }

  end(offset: number): void {
    this.#due.delete(offset);
  }

  /** Those which are due, by offset. */
  dueAt(now: number): Set<number> {
    return new Set([...this.#due].filter(([, { at }]) => at <= now).map(([offset]) => offset));
  }

  /** When the next one is due; `null` where none is. */
  nextAt(): number | null {
    let next: number | null = null;
    for (const { at } of this.#due.values()) if (next === null || at < next) next = at;
    return next;
  }
}
