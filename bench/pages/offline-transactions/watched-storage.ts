import { IndexedDBAdapter } from '@tanstack/offline-transactions';

/** The library's own storage, which also tells that something is stored: `commit` resolves only when it was sent. */
export class WatchedStorage extends IndexedDBAdapter {
  #stored = 0;
  #waiting: { readonly count: number; readonly resolve: () => void } | null = null;

  untilStored(count: number): Promise<void> {
    this.#stored = 0;
    return new Promise((resolve) => {
      this.#waiting = { count, resolve };
    });
  }

  override async set(key: string, value: string): Promise<void> {
    await super.set(key, value);
    this.#stored++;
    if (this.#stored === this.#waiting?.count) this.#waiting.resolve();
  }
}
