/** When the circuit opens, and how long the next attempt to connect waits: by the formula in `backoff.ts`, or that long. */
import type { Circuit } from '../../../src/protocol/model.ts';
import { retryWaitMs } from '../backoff.ts';
import type { Context } from '../context.ts';

export class CircuitBreaker {
  readonly #context: Context;
  /** In a row; a connection that lasted ends it. */
  #failures = 0;
  #circuit: Circuit = 'closed';

  constructor(context: Context) {
    this.#context = context;
  }

  get failures(): number {
    return this.#failures;
  }

  get circuit(): Circuit {
    return this.#circuit;
  }

  attempted(): void {
    if (this.#circuit === 'open') this.#circuit = 'half-open';
  }

  failed(): void {
    this.#failures++;
    if (this.#failures >= this.#context.settings.breakerFailures) this.#circuit = 'open';
  }

  lasted(): void {
    this.#failures = 0;
    this.#circuit = 'closed';
  }

  /** @param askedMs what the server asked for */
  waitMs(askedMs: number | undefined): number {
    if (this.#circuit === 'open' && askedMs === undefined) return this.#context.settings.breakerCoolDownMs;
    return retryWaitMs(this.#context, Math.max(0, this.#failures - 1), askedMs);
  }
}
