/** Whom one attempt of a handler wants called once it is certain how its transaction came out. */
type Callback = () => unknown;
/** How an attempt's transaction came out. */
export type Ending = 'committed' | 'rolled back';

export class AfterTransaction {
  readonly #callbacks: Record<Ending, Callback[]> = { committed: [], 'rolled back': [] };

  on(ending: Ending, callback: Callback): void {
    this.#callbacks[ending].push(callback);
  }

  /** Calls them in their order; waits for none. What they throw is reported. */
  settle(ending: Ending, report: (error: unknown) => void): void {
    for (const callback of this.#callbacks[ending]) {
      // Async, so that a callback that rejects is reported like one that throws.
      void (async () => await callback())().catch(report);
    }
  }
}
