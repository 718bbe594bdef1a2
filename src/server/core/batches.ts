/**
 * Calls that wait for the one before them and then go together, so that a log that must sync a disk does so once for many.
 */
import { type Deferred, deferred } from './deferred.ts';
import type { Clock } from './peer.ts';

/** Items that share one call. */
const BATCH_LIMIT = 1_000;

export class Batches<Item, Result> {
  readonly #perform: (items: readonly Item[]) => Promise<readonly (Result | undefined)[]>;
  readonly #clock: Clock;
  #waiting: { item: Item; result: Deferred<Result> }[] = [];
  #running: Promise<void> | null = null;

  /** @param perform answers one result for each item, in their order. */
  constructor(clock: Clock, perform: (items: readonly Item[]) => Promise<readonly (Result | undefined)[]>) {
    this.#clock = clock;
    this.#perform = perform;
  }

  add(item: Item): Promise<Result> {
    const result = deferred<Result>();
    this.#waiting.push({ item, result });
    this.#running ??= this.#run();
    return result.promise;
  }

  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // One turn later, so that whatever is added in this one shares a call.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      // Else the commands of one client, each of which follows the one before it, would keep all others waiting: a log that
      // answers at once leaves no room between them for what arrives.
      await this.#clock.turn?.();
      const batch = this.#waiting.splice(0, BATCH_LIMIT);
      try {
        const results = await this.#perform(batch.map(({ item }) => item));
        for (const [index, { result }] of batch.entries()) {
          const one = results[index];
          if (one !== undefined) result.resolve(one);
          else result.reject(new Error('the event log answered less than it was asked'));
        }
      } catch (error) {
        for (const { result } of batch) result.reject(error);
      }
    }
    this.#running = null;
  }
}
