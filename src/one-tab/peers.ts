/** Which of a browser's tabs is the one to take something: a visible one, else the one that was seen last. */

/** How a tab stands with the person. `seenAt`: when that changed last, ms since 1970; 0: it was never seen. */
export interface Standing {
  readonly isVisible: boolean;
  readonly seenAt: number;
}

/** Those that a tab has heard of. */
export class Peers {
  readonly #byTab = new Map<string, Standing>();

  get size(): number {
    return this.#byTab.size;
  }

  heard(tab: string, { isVisible, seenAt }: Standing): void {
    this.#byTab.set(tab, { isVisible, seenAt });
  }

  gone(tab: string): void {
    this.#byTab.delete(tab);
  }

  areBetterThan(own: Standing): boolean {
    return [...this.#byTab.values()].some((other) => isBetter(other, own));
  }

  /** They had their turn, and did not take it: they may be dead. One that is not is known again as soon as it says anything. */
  forgetBetterThan(own: Standing): void {
    for (const [tab, other] of this.#byTab) if (isBetter(other, own)) this.#byTab.delete(tab);
  }
}

export function isBetter(one: Standing, other: Standing): boolean {
  return one.isVisible === other.isVisible ? one.seenAt > other.seenAt : one.isVisible;
}
