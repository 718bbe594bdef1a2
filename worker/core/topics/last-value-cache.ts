/** The state of a topic: the newest event of every key, and the newest ones without a key. */
import type { TabItem } from '../../../src/protocol/port.ts';
import type { TimedPlace } from './journal.ts';

export class LastValueCache {
  readonly #byKey = new Map<string, TabItem>();
  #tail: TabItem[] = [];
  readonly #tailLimit: number;
  /** All without a key that came after it are in `#tail`. */
  #tailSince: TimedPlace;

  /** @param since what is put has all without a key that came after this place */
  constructor(tailLimit: number, since: TimedPlace) {
    this.#tailLimit = tailLimit;
    this.#tailSince = since;
  }

  get keys(): number {
    return this.#byKey.size;
  }

  get tail(): number {
    return Math.min(this.#tail.length, this.#tailLimit);
  }

  /** Of what came after this place, all without a key are here. */
  get completeSince(): TimedPlace {
    return this.#tail.at(-this.#tailLimit - 1) ?? this.#tailSince;
  }

  put(item: TabItem): void {
    if (item.key === null) {
      this.#tail.push(item);
      if (this.#tail.length < this.#tailLimit * 2) return;
      this.#tailSince = this.completeSince;
      this.#tail = this.#lastOfTail();
    } else {
      this.#byKey.delete(item.key);
      if (!item.gone) this.#byKey.set(item.key, item);
    }
  }

  /** By offset. */
  items(): TabItem[] {
    return [...this.#byKey.values(), ...this.#lastOfTail()].sort((a, b) => a.offset - b.offset);
  }

  #lastOfTail(): TabItem[] {
    return this.#tailLimit === 0 ? [] : this.#tail.slice(-this.#tailLimit);
  }
}
