import type { BenchEvent } from '../shared/events.ts';

/** What a server by hand keeps for those who come later. */
export class Newest {
  readonly #events = new Map<string, BenchEvent>();

  put(event: BenchEvent): void {
    if (event.type === 'reading') this.#events.set(event.key, event);
  }

  all(): BenchEvent[] {
    return [...this.#events.values()];
  }
}
