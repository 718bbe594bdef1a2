/** When unacknowledged critical events are sent again on one connection: after 5 s, then backing off to 60 s. */
export const FIRST_REPEAT_MS = 5_000;
export const LONGEST_REPEAT_MS = 60_000;

export class RedeliverySchedule {
  readonly #due = new Map<number, { at: number; delayMs: number }>();

  /** It is sent now, for the first time or after a new subscribe; answers when it is due. */
  begin(offset: number, now: number): number {
    return this.#plan(offset, now, FIRST_REPEAT_MS);
  }

  /** It was due, and is sent again. */
  again(offset: number, now: number): void {
    const before = this.#due.get(offset)?.delayMs ?? FIRST_REPEAT_MS;
    this.#plan(offset, now, Math.min(before * 2, LONGEST_REPEAT_MS));
  }

  end(offset: number): void {
    this.#due.delete(offset);
  }

  /** The offsets that are due. */
  dueAt(now: number): number[] {
    return [...this.#due].filter(([, { at }]) => at <= now).map(([offset]) => offset);
  }

  /** When the next one is due; `null` where none is. */
  nextAt(): number | null {
    let next: number | null = null;
    for (const { at } of this.#due.values()) if (next === null || at < next) next = at;
    return next;
  }

  #plan(offset: number, now: number, delayMs: number): number {
    this.#due.set(offset, { at: now + delayMs, delayMs });
    return now + delayMs;
  }
}
