/** What a hook has answered about people, for a short while. */
import type { Principal } from '../../server/log/event-log.ts';

const LIMIT = 10_000;

export class Remembered<T> {
  readonly #forMs: number;
  readonly #now: () => number;
  /** The oldest first. */
  readonly #answers = new Map<
    string,
    { readonly value: T; readonly principal: Principal; readonly until: number }
  >();
  #forgotten = 0;

  constructor(forMs: number, now: () => number) {
    this.#forMs = forMs;
    this.#now = now;
  }

  /**
   * What is remembered of the key, or what `ask` resolves with now.
   * @param ofWhom `null`: it is not remembered
   */
  async get(key: string, ask: () => Promise<T>, ofWhom: (value: T) => Principal | null): Promise<T> {
    const known = this.#answers.get(key);
    if (known && this.#now() < known.until) return known.value;
    this.#answers.delete(key);
    const forgotten = this.#forgotten;
    const until = this.#now() + this.#forMs;
    const value = await ask();
    const principal = ofWhom(value);
    // What was forgotten meanwhile may be this: it was asked for before.
    if (principal === null || forgotten !== this.#forgotten) return value;
    this.#answers.set(key, { value, principal, until });
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > LIMIT && oldest !== undefined) this.#answers.delete(oldest);
    return value;
  }

  forget(principal: Principal): void {
    this.#forgotten += 1;
    for (const [key, answer] of this.#answers) if (answer.principal === principal) this.#answers.delete(key);
  }
}
