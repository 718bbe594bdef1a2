import type { Consumer, Item } from './consumer.ts';

/** So many taken ones are remembered, to answer a repeat without giving it again. */
const REMEMBERED = 500;

interface Critical {
  readonly item: Item;
  readonly takers: Map<Consumer, 'pending' | 'taken' | 'failed'>;
}

/**
 * Who took which critical event of a topic's epoch. One that no handler wanted is held for a later handler; one is
 * reported as taken when at least one handler got it and all that did returned or fulfilled.
 */
export class Criticals {
  readonly #byOffset = new Map<number, Critical>();
  readonly #report: (item: Item, taken: boolean) => void;

  constructor(report: (item: Item, taken: boolean) => void) {
    this.#report = report;
  }

  /** What this handler made of it. */
  stateFor(consumer: Consumer, item: Item): 'pending' | 'taken' | 'failed' | undefined {
    return this.#byOffset.get(item.meta.offset)?.takers.get(consumer);
  }

  hold(item: Item): void {
    if (!this.#byOffset.has(item.meta.offset))
      this.#byOffset.set(item.meta.offset, { item, takers: new Map() });
  }

  held(): Item[] {
    return [...this.#byOffset.values()]
      .filter(({ takers }) => takers.size === 0)
      .map(({ item }) => ({ ...item, meta: { ...item.meta, replayed: true } }));
  }

  give(consumer: Consumer, item: Item): void {
    this.hold(item);
    this.#byOffset.get(item.meta.offset)?.takers.set(consumer, 'pending');
  }

  done(consumer: Consumer, item: Item, ok: boolean, stillThere: boolean): void {
    const critical = this.#byOffset.get(item.meta.offset);
    // In a new epoch, the same offset is another event.
    if (critical?.item.epoch !== item.epoch) return;
    if (ok) critical.takers.set(consumer, 'taken');
    else if (stillThere) critical.takers.set(consumer, 'failed');
    else critical.takers.delete(consumer);
    this.settle(item);
  }

  /** Reports it, as often as it is asked: what was reported before may have been lost with a hub. */
  settle(item: Item): void {
    const states = [...(this.#byOffset.get(item.meta.offset)?.takers.values() ?? [])];
    if (states.length === 0 || states.includes('pending')) return;
    this.#report(item, !states.includes('failed'));
    if (this.#byOffset.size <= REMEMBERED) return;
    for (const [offset, { takers }] of this.#byOffset) {
      if (takers.size > 0 && [...takers.values()].every((state) => state === 'taken')) {
        this.#byOffset.delete(offset);
        return;
      }
    }
  }

  /** A handler that left does not keep an event from being taken by the others. */
  forget(consumer: Consumer): void {
    for (const { item, takers } of this.#byOffset.values()) {
      if (takers.get(consumer) === 'failed') this.done(consumer, item, false, false);
    }
  }

  clear(): void {
    this.#byOffset.clear();
  }
}
