/** Entries that are written to the disk together: all that come in one turn are one transaction, since each waits for the disk. */
import type { Entry, EntryKind, Outcomes } from '../log/projection.ts';
import type { SqliteProjection } from './sqlite-projection.ts';

interface Write {
  apply(): void;
  /** After `apply`, once that is on the disk. */
  applied(): void;
  failed(error: unknown): void;
}

export class Writes {
  readonly #projection: SqliteProjection;
  #waiting: Write[] = [];

  constructor(projection: SqliteProjection) {
    this.#projection = projection;
  }

  /** @param heard called with what came of the entry before the promise resolves, in the order of the entries. */
  add<K extends EntryKind>(entry: Entry<K>, heard: (outcome: Outcomes[K]) => void): Promise<Outcomes[K]> {
    return new Promise((resolve, reject) => {
      let outcome: Outcomes[K];
      const write: Write = {
        apply: () => {
          outcome = applyNext(this.#projection, entry);
        },
        applied: () => {
          try {
            heard(outcome);
          } catch (error) {
            reject(error);
            return;
          }
          resolve(outcome);
        },
        failed: reject,
      };
      // Not at once: a commit and the beginning of the command behind it come in one turn, but not in one call. And before
      // anything else arrives, so that no command waits longer for its beginning.
      if (this.#waiting.push(write) === 1) process.nextTick(() => this.flush());
    });
  }

  /** Nothing waits any more. */
  flush(): void {
    const writes = this.#waiting;
    this.#waiting = [];
    if (writes.length === 0) return;
    try {
      this.#projection.together(() => {
        for (const { apply } of writes) apply();
      });
    } catch (error) {
      if (writes.length === 1) writes[0]?.failed(error);
      // One that fails must not take the others with it.
      else for (const write of writes) this.#alone(write);
      return;
    }
    for (const { applied } of writes) applied();
  }

  #alone(write: Write): void {
    try {
      write.apply();
    } catch (error) {
      write.failed(error);
      return;
    }
    write.applied();
  }
}

export function applyNext<K extends EntryKind>(projection: SqliteProjection, entry: Entry<K>): Outcomes[K] {
  return projection.apply(projection.position + 1, entry);
}
