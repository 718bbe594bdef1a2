/** How commands ended, for pages that were not there to hear it. Oldest first. */
import type { StoredOutcome, StoreOp } from '../store.ts';

/** So many are kept, however old. */
const KEEP_COUNT = 50;
/** So long they are kept, however many … */
const KEEP_MS = 10 * 60 * 1_000;
/** … but never more than this. */
const KEEP_AT_MOST = 1_000;
/** A hub may have stored so many endings, and told of later ones, before it told of them. */
const UNTOLD = 100;

export class EndedCommands {
  readonly #byId = new Map<string, StoredOutcome>();
  #last = 0;

  load(outcomes: readonly StoredOutcome[]): void {
    const fresh = [...this.#byId.values()];
    const inOrder = [...outcomes].sort((a, b) => (a.n ?? 0) - (b.n ?? 0) || a.at - b.at);
    for (const outcome of inOrder) this.#byId.set(outcome.id, outcome);
    for (const { n = 0 } of outcomes) this.#last = Math.max(this.#last, n);
    for (const outcome of fresh) this.add(outcome);
  }

  get(id: string): StoredOutcome | undefined {
    return this.#byId.get(id);
  }

  nextNumber(): number {
    return ++this.#last;
  }

  /** What ended about when the ending of this number did, and since. */
  since(number: number): StoredOutcome[] {
    // Of a store that was lost meanwhile, or of an older build, no number tells anything.
    const isAll = number > this.#last;
    return [...this.#byId.values()].filter(({ n }) => isAll || n === undefined || n > number - UNTOLD);
  }

  get all(): Iterable<StoredOutcome> {
    return this.#byId.values();
  }

  add(outcome: StoredOutcome): void {
    this.#byId.delete(outcome.id);
    this.#byId.set(outcome.id, outcome);
  }

  /** The command is pending again. */
  remove(id: string): StoreOp[] {
    return this.#byId.delete(id) ? [{ op: 'delete', table: 'outcomes', key: id }] : [];
  }

  /** Forgets what is old; returns what that changes in the store. */
  prune(now: number): StoreOp[] {
    const ops: StoreOp[] = [];
    for (const { id, at } of this.#byId.values()) {
      const size = this.#byId.size;
      if (size <= KEEP_COUNT || (size <= KEEP_AT_MOST && at + KEEP_MS > now)) break;
      this.#byId.delete(id);
      ops.push({ op: 'delete', table: 'outcomes', key: id });
    }
    return ops;
  }
}
