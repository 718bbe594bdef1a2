/**
 * What the core throws over what it holds for impossible. It is looked for by `assert` in `context.ts`, of a command in
 * `outbox/entry.ts`; `owner.ts` of the shell catches it, and ends the ownership; over which command, `suspects.ts` remembers.
 */
import type { StoreOp } from './store.ts';

/**
 * The hub's memory is not to be relied on any more. Effects leave the core at the end of a step alone, so that nothing of the
 * one that threw this is done.
 */
export class Impossible extends Error {
  override readonly name = 'Impossible';
  /** What the store is to remember of it, for the next ownership. */
  readonly note: readonly StoreOp[];

  constructor(message: string, note: readonly StoreOp[]) {
    super(message);
    this.note = note;
  }
}
