import type { StoreOp } from './store.ts';

/**
 * The hub has found what it holds for impossible: its memory is not to be relied on. Whoever runs the core ends the ownership,
 * and performs nothing of the step that threw this: what that step had decided by then is in its effects alone.
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
