/** Which of the sockets that are not welcomed yet may stay. */
/** A socket that is not welcomed yet. */
export interface Newcomer {
  readonly address: string;
  /** It has not said `hello`. */
  readonly isSilent: boolean;
  turnAway(): void;
}

/**
 * The sockets that are not welcomed yet, so many at most. A client says `hello` at once: of too many, it is a silent one
 * that goes, the one that has been silent for longest, from the address that has most of them.
 */
export class Handshakes {
  readonly #limit: number;
  /** In the order of their arrival. */
  readonly #newcomers = new Set<Newcomer>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#newcomers.size;
  }

  enter(newcomer: Newcomer): void {
    this.#newcomers.add(newcomer);
    if (this.#newcomers.size > this.#limit) this.#silentOfTheCrowd()?.turnAway();
  }

  leave(newcomer: Newcomer): void {
    this.#newcomers.delete(newcomer);
  }

  #silentOfTheCrowd(): Newcomer | undefined {
    const byAddress = new Map<string, Newcomer[]>();
    for (const newcomer of this.#newcomers) {
      if (!newcomer.isSilent) continue;
      const those = byAddress.get(newcomer.address);
      if (those) those.push(newcomer);
      else byAddress.set(newcomer.address, [newcomer]);
    }
    let crowd: Newcomer[] = [];
    for (const those of byAddress.values()) if (those.length > crowd.length) crowd = those;
    return crowd[0];
  }
}
