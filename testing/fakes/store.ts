/** How a store behaves that keeps its rows on a made disk. */
import { type LoadedState, type Store, StoreError, type StoreTransaction } from '../../worker/core/store.ts';
import type { Disk } from './disk.ts';

type Connection =
  | { state: 'closed'; why: StoreError }
  | { state: 'opening' }
  | { state: 'open'; term: number };

/** A store in memory; any number of them can be open on one disk. */
export class MemoryStore implements Store {
  readonly #disk: Disk;
  /** Runs something later: once to do the work, and once more to tell of it. */
  readonly #later: (work: () => void) => void;
  /** The term of its last opening. */
  #held: number | null = null;
  #connection: Connection = { state: 'closed', why: new StoreError('failed', 'the store was never opened') };

  constructor(disk: Disk, later: (work: () => void) => void = queueMicrotask) {
    this.#disk = disk;
    this.#later = later;
  }

  async open(): Promise<LoadedState> {
    const opening: Connection = { state: 'opening' };
    this.#connection = opening;
    try {
      const state = await this.#run(() => this.#disk.load(this.#held));
      this.#held = state.meta.term;
      if (this.#connection !== opening)
        throw new StoreError('failed', 'the store was closed while it opened');
      this.#connection = { state: 'open', term: state.meta.term };
      return state;
    } catch (error) {
      if (this.#connection === opening && error instanceof StoreError) {
        this.#connection = { state: 'closed', why: error };
      }
      throw error;
    }
  }

  async commit(transaction: StoreTransaction): Promise<void> {
    const connection = this.#connection;
    if (connection.state === 'closed') throw connection.why;
    if (connection.state === 'opening') throw new StoreError('failed', 'the store is not open yet');
    const copy = structuredClone(transaction);
    try {
      await this.#run(() => this.#disk.commit(copy, connection.term));
    } catch (error) {
      if (error instanceof StoreError && error.failure === 'fenced' && this.#connection === connection) {
        this.#connection = { state: 'closed', why: error };
      }
      throw error;
    }
  }

  close(): void {
    this.#connection = { state: 'closed', why: new StoreError('failed', 'the store is closed') };
  }

  #run<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#later(() =>
        this.#disk.whenFree(() => {
          try {
            const result = work();
            this.#later(() => resolve(result));
          } catch (error) {
            this.#later(() => reject(error));
          }
        }),
      );
    });
  }
}
