/** Newest wins: which commands make way for a newer one of their `replaces` key, and how that ends them. */
import type { StoredEntry } from '../store.ts';
import { end } from './endings.ts';
import { type Entry, hasNotLeft, takeMarkBack } from './entry.ts';
import { type OutboxState, pendingIn } from './outbox-state.ts';

/** Those that have not left. */
export function olderOf(box: OutboxState, { topic, command, replaceKey }: StoredEntry): Entry[] {
  return pendingIn(box).filter(
    (entry) =>
      replaceKey !== undefined &&
      entry.row.replaceKey === replaceKey &&
      entry.row.topic === topic &&
      entry.row.command.type === command.type &&
      hasNotLeft(entry),
  );
}

/** It never left, and never will. The newer one, which is stored with it, stands for it in the outbox. */
export function replace(box: OutboxState, entry: Entry): void {
  takeMarkBack(entry);
  end(box, entry, { row: null, outcome: { status: 'replaced' } }, undefined, true);
}
