import { now } from '../shared/clock.ts';
import { quantile } from '../shared/quantile.ts';
import type { Deliveries } from './contract.ts';

/**
 * What came to all clients of this process. Events at a steady rate come in order, so that the newest before tells what came
 * twice, or too late.
 */
export class Received {
  #first = 1;
  #received = 0;
  #latencies: number[] = [];
  #duplicates = 0;
  #disordered = 0;

  begin(first: number): void {
    this.#first = first;
    this.#received = 0;
    this.#latencies = [];
    this.#duplicates = 0;
    this.#disordered = 0;
  }

  get received(): number {
    return this.#received;
  }

  /** Of those that nobody read. */
  count(events: number): void {
    this.#received += events;
  }

  /** @param newest of this client, before */
  take(n: number, at: number, newest: number): void {
    if (n < this.#first) return;
    if (n === newest) this.#duplicates++;
    else {
      if (n < newest) this.#disordered++;
      this.#received++;
      this.#latencies.push(now() - at);
    }
  }

  sum(): Deliveries {
    const sorted = Float64Array.from(this.#latencies).sort();
    return {
      received: this.#received,
      duplicates: this.#duplicates,
      disordered: this.#disordered,
      medianMs: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
    };
  }
}
