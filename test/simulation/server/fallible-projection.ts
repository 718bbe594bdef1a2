import { MemoryProjection } from '../../../src/server/log/memory-projection.ts';
import type { Entry, Outcome } from '../../../src/server/log/projection.ts';

/** A projection that comes to something else than the others once it is told to, as by a fault of memory or of a build. */
export class FallibleProjection extends MemoryProjection {
  #state: 'right' | 'about to err' | 'wrong' = 'right';

  /** Whether it is wrong, or is about to be. */
  get isAstray(): boolean {
    return this.#state !== 'right';
  }

  /** Whether it is wrong already. */
  get hasErred(): boolean {
    return this.#state === 'wrong';
  }

  /** Of the next commit it leaves out the events. */
  goAstray(): void {
    if (this.#state === 'right') this.#state = 'about to err';
  }

  override applyAll(
    position: number,
    entries: readonly Entry[],
    noteOf: (outcomes: readonly Outcome[]) => string,
  ): readonly Outcome[] {
    return super.applyAll(
      position,
      this.#state === 'about to err' ? this.#without(entries) : entries,
      noteOf,
    );
  }

  #without(entries: readonly Entry[]): readonly Entry[] {
    return entries.map((entry) => {
      if (entry.kind !== 'commit') return entry;
      const { now, transactions } = (entry as Entry<'commit'>).content;
      if (!transactions.some(({ events }) => events.length > 0)) return entry;
      this.#state = 'wrong';
      const without = transactions.map((transaction) => ({ ...transaction, events: [] }));
      return { kind: 'commit', content: { now, transactions: without } };
    });
  }
}
