import { now } from '../../shared/clock.ts';
import type { Arrivals } from '../../shared/contract.ts';
import { type BenchEvent, type Digest, digestOf } from '../../shared/events.ts';
import { quantile } from '../../shared/quantile.ts';

interface Wait {
  readonly isOver: (event: BenchEvent) => boolean;
  readonly resolve: (at: number) => void;
}

/** Writes down what arrives, as cheaply as can be: it runs inside what it measures. */
export class Recorder {
  readonly #state = new Map<string, number>();
  #first = 1;
  #newest = 0;
  #seen = new Map<number, number>();
  #latencies: number[] = [];
  #duplicates = 0;
  #disordered = 0;
  #firstAt = 0;
  #lastAt = 0;
  #waits = new Set<Wait>();
  #afterwards: (() => void) | null = null;

  take(events: readonly BenchEvent[]): void {
    for (const event of events) {
      if (event.type !== 'tick') this.#keep(event);
      if (event.n >= this.#first) this.#count(event);
      for (const wait of this.#waits) if (wait.isOver(event)) wait.resolve(now());
    }
    this.#afterwards?.();
  }

  begin(first: number): void {
    this.#first = first;
    this.#newest = 0;
    this.#seen = new Map();
    this.#latencies = [];
    this.#duplicates = 0;
    this.#disordered = 0;
    this.#firstAt = 0;
    this.#lastAt = 0;
  }

  has(n: number): boolean {
    return this.#seen.has(n);
  }

  arrivedAt(n: number): number | null {
    return this.#seen.get(n) ?? null;
  }

  receivedUpTo(last: number): number {
    return [...this.#seen.keys()].filter((n) => n <= last).length;
  }

  get newest(): number {
    return this.#newest;
  }

  /** Resolves with the time of the first event for which it is over; `null` after the timeout. */
  wait(isOver: (event: BenchEvent) => boolean, timeoutMs: number): Promise<number | null> {
    return new Promise((resolve) => {
      const end = (at: number | null) => {
        clearTimeout(timer);
        this.#waits.delete(wait);
        resolve(at);
      };
      const wait = { isOver, resolve: end };
      const timer = setTimeout(() => end(null), timeoutMs);
      this.#waits.add(wait);
    });
  }

  untilKeys(keys: number): Promise<void> {
    return new Promise((resolve) => {
      this.#afterwards = () => {
        if (this.#state.size < keys) return;
        this.#afterwards = null;
        resolve();
      };
      this.#afterwards();
    });
  }

  arrivals(): Arrivals {
    const sorted = this.#latencies.sort((a, b) => a - b);
    return {
      received: this.#seen.size,
      duplicates: this.#duplicates,
      disordered: this.#disordered,
      firstAt: this.#firstAt,
      lastAt: this.#lastAt,
      medianMs: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
    };
  }

  state(): Digest {
    return digestOf(this.#state);
  }

  /** A state that comes late must not undo what is newer. */
  #keep({ type, key, n }: BenchEvent): void {
    if (n <= (this.#state.get(key) ?? 0)) return;
    if (type === 'gone') this.#state.delete(key);
    else this.#state.set(key, n);
  }

  #count({ n, at }: BenchEvent): void {
    const arrivedAt = now();
    if (this.#seen.has(n)) {
      this.#duplicates++;
      return;
    }
    this.#seen.set(n, arrivedAt);
    if (n < this.#newest) this.#disordered++;
    else this.#newest = n;
    this.#firstAt ||= arrivedAt;
    this.#lastAt = arrivedAt;
    this.#latencies.push(arrivedAt - at);
  }
}
