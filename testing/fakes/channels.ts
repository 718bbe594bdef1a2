/** Who hears what on a BroadcastChannel of a made browser. */
import type { ManualClock } from './clock.ts';
import type { Lifetime } from './lifetime.ts';

interface End {
  readonly name: string;
  readonly life: Lifetime;
  readonly listener: (message: unknown) => void;
}

/** The BroadcastChannels of one browser. */
export class FakeChannels {
  readonly #clock: ManualClock;
  readonly #ends = new Set<End>();

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  /** The names of all channels that are open. */
  get names(): string[] {
    return [...new Set([...this.#ends].map(({ name }) => name))];
  }

  open(life: Lifetime, name: string, listener: (message: unknown) => void) {
    const end: End = { name, life, listener };
    this.#ends.add(end);
    const close = () => this.#ends.delete(end);
    life.atEnd(close);
    return {
      post: (message: unknown) => {
        if (life.isDead) return;
        for (const other of this.#ends) {
          if (other === end || other.name !== name) continue;
          const copy = structuredClone(message);
          this.#clock.post(other, () => other.life.run(() => this.#ends.has(other) && other.listener(copy)));
        }
      },
      close,
    };
  }
}
