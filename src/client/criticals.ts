/** When this tab tells the hub that a critical event was taken, or that a handler failed on it. */
import type { Meta } from '../protocol/model.ts';
import { type Consumer, type Critical, type Item, verdict } from './consumer.ts';

/** So many taken critical events are remembered, to answer a repeat without giving it again. */
const REMEMBERED = 500;

/** Those of one topic, and who in this tab was given each. */
export class Criticals {
  readonly #tell: (epoch: string, taken: readonly Meta[], failed: readonly Meta[]) => void;
  /** Those of the epoch, by offset. */
  readonly #byOffset = new Map<number, Critical>();
  /** What the hub is to be told of. */
  readonly #decided = new Set<Critical>();
  #epoch = '';

  constructor(tell: (epoch: string, taken: readonly Meta[], failed: readonly Meta[]) => void) {
    this.#tell = tell;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** In a new epoch old offsets mean nothing. @returns whether it is a new one. */
  enter(epoch: string): boolean {
    if (epoch === this.#epoch) return false;
    this.#epoch = epoch;
    this.#byOffset.clear();
    return true;
  }

  /** An event of the state: one of another time at its offset is withdrawn. */
  replacedBy({ meta: { offset, ts } }: Item): void {
    const known = this.#byOffset.get(offset);
    if (known && known.item.meta.ts !== ts) this.#byOffset.delete(offset);
  }

  /** The same event, if it is here: one of another time has taken its offset since. */
  known({ meta: { offset, ts } }: Item): Critical | undefined {
    const critical = this.#byOffset.get(offset);
    return critical?.item.meta.ts === ts ? critical : undefined;
  }

  hold(item: Item): Critical {
    const critical = this.known(item) ?? { item, takers: new Map() };
    this.#byOffset.set(item.meta.offset, critical);
    return critical;
  }

  at(offset: number): Critical | undefined {
    return this.#byOffset.get(offset);
  }

  /** Those that no handler was given. */
  get untaken(): readonly Item[] {
    return [...this.#byOffset.values()].flatMap(({ item, takers }) => (takers.size === 0 ? [item] : []));
  }

  /**
   * What is beyond the state may not exist any more: it is not held for a handler. Where the state is lower than before, it
   * does not, and its offset will be another event's; else it may have been given ahead of the state, which is to come.
   */
  forgetBeyond(offset: number, isLower: boolean): void {
    for (const [beyond, { takers }] of this.#byOffset)
      if (beyond > offset && (isLower || takers.size === 0)) this.#byOffset.delete(beyond);
  }

  /** A handler that left does not keep an event from being taken by the others. */
  left(consumer: Consumer): void {
    for (const critical of this.#byOffset.values()) {
      const state = critical.takers.get(consumer);
      if (state === 'failed') critical.takers.delete(consumer);
      else if (state === 'pending') critical.takers.set(consumer, 'left');
      else continue;
      this.decide(critical);
    }
  }

  /** Told in a microtask, when all handlers have had it; and as often as it comes, since a hub may die unheard. */
  decide(critical: Critical): void {
    if (this.#decided.size === 0) queueMicrotask(() => this.#tellDecided());
    this.#decided.add(critical);
  }

  #tellDecided(): void {
    const of = (wanted: 'taken' | 'failed') =>
      [...this.#decided]
        .filter((critical) => critical.item.epoch === this.#epoch && verdict(critical) === wanted)
        .map(({ item }) => item.meta);
    const taken = of('taken');
    const failed = of('failed');
    this.#decided.clear();
    if (taken.length + failed.length > 0) this.#tell(this.#epoch, taken, failed);
    for (const [offset, critical] of this.#byOffset) {
      if (this.#byOffset.size <= REMEMBERED) break;
      if (verdict(critical) === 'taken') this.#byOffset.delete(offset);
    }
  }
}
