/** What time it is at the server, as far as that is known. */
/**
 * Of what was measured, this share of the time since is added to its error: no two clocks run alike
 * (https://en.wikipedia.org/wiki/Clock_drift), and a computer's may well be off by half of it.
 */
const DRIFT = 1e-4;

interface Sample {
  /** The server's clock, less the hub's uptime. */
  readonly aheadMs: number;
  readonly errorMs: number;
  readonly takenAt: number;
}

/**
 * The server's clock, as far as it is known: from what the server says of it, each time no more certain than the round
 * trip was short. Kept by the hub's uptime, so that a browser's clock that is set back does not move it.
 */
export class ServerClock {
  #best: Sample | null = null;
  /** Nothing has happened since that may be a clock that was set. */
  #isCertain = false;

  /**
   * @param serverTime ms since 1970, read at some moment between `askedAt` and `uptime`.
   * @returns whether it is known better now.
   */
  heard(serverTime: number, askedAt: number, uptime: number): boolean {
    const errorMs = (uptime - askedAt) / 2;
    const sample: Sample = { aheadMs: serverTime - uptime + errorMs, errorMs, takenAt: uptime };
    const known = this.#isCertain ? this.#best : null;
    this.#isCertain = true;
    if (known) {
      const knownErrorMs = known.errorMs + DRIFT * (uptime - known.takenAt);
      // Two accounts that exclude each other: some clock was set, and the newer one knows.
      const agrees = Math.abs(known.aheadMs - sample.aheadMs) <= knownErrorMs + errorMs;
      if (agrees && knownErrorMs < errorMs) return false;
    }
    this.#best = sample;
    return true;
  }

  /** Ms since 1970; `null`: nothing was heard yet. */
  at(uptime: number): number | null {
    return this.#best && uptime + this.#best.aheadMs;
  }

  /** The same, only where it is certain: what is said by it, or stored, stays. */
  certainAt(uptime: number): number | null {
    return this.#isCertain ? this.at(uptime) : null;
  }

  /** The machine has slept, or its clock was set ahead, which cannot be told from that: the next word of the server tells. */
  doubt(): void {
    this.#isCertain = false;
  }
}
