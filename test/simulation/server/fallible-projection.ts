import type { Principal } from '../../../src/server/log/event-log.ts';
import { MemoryProjection } from '../../../src/server/log/memory-projection.ts';
import type { Entry, Outcome } from '../../../src/server/log/projection.ts';

/** A projection that comes to something else than the others once it is told to, as by a fault of memory or of a build. */
export class FallibleProjection extends MemoryProjection {
  /** Called with whose rights are to be judged anew from here on. */
  rechecked: (principal: Principal) => void = () => {};
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
    const outcomes = super.applyAll(
      position,
      this.#state === 'about to err' ? this.#without(entries) : entries,
      noteOf,
    );
    for (const { kind, content } of entries) if (kind === 'recheck') this.rechecked(content.principal);
    return outcomes;
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
