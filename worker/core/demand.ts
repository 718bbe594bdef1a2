/** Whether a connection is wanted. */
import type { Context } from './context.ts';

/** A connection that nobody needs any more is kept for `lingerMs`. */
export class Demand {
  readonly #context: Context;
  readonly #onIdle: () => void;
  #state: 'none' | 'needed' | 'lingering' = 'none';

  constructor(context: Context, onIdle: () => void) {
    this.#context = context;
    this.#onIdle = onIdle;
  }

  /** @returns whether the connection is to be there. */
  update(isNeeded: boolean): boolean {
    if (isNeeded) this.#need();
    else if (this.#state === 'needed') this.#linger();
    return this.#state !== 'none';
  }

  #need(): void {
    if (this.#state === 'lingering') this.#context.deadlines.clear('idle');
    this.#state = 'needed';
  }

  #linger(): void {
    this.#state = 'lingering';
    this.#context.after('idle', this.#context.settings.lingerMs, () => {
      this.#state = 'none';
      this.#onIdle();
    });
  }
}
