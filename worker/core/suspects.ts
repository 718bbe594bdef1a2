/**
 * The commands over which an ownership ended, because their state was impossible. The store keeps them: the worker may end
 * with the hub, and the next owner may be in another one.
 */
import type { StoreOp } from './store.ts';

/** So many ends are remembered. */
const KEEP = 20;

/** Whoever knows them. */
interface Known {
  /** Once for each end; the newest last. */
  suspects: readonly string[];
}

/** An ownership ends over it. Returns what the store is to know of that. */
export function suspect(known: Known, id: string): StoreOp[] {
  return remember(known, [...known.suspects, id].slice(-KEEP));
}

/** More than one ownership has ended over it: the next one is to do without. */
export function isBarred({ suspects }: Known, id: string): boolean {
  return suspects.indexOf(id) !== suspects.lastIndexOf(id);
}

/** A person wants it to go on. Returns what that changes in the store. */
export function pardon(known: Known, id: string): StoreOp[] {
  const others = known.suspects.filter((other) => other !== id);
  return others.length < known.suspects.length ? remember(known, others) : [];
}

function remember(known: Known, suspects: readonly string[]): StoreOp[] {
  known.suspects = suspects;
  return [{ op: 'set', fields: { suspects } }];
}
