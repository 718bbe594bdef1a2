/**
 * Whether a transaction that was in doubt is among what the store holds, which nobody has written since: it is there as a
 * whole or not at all. One that changes nothing is.
 */
import type { LoadedState, StoreOp } from './store.ts';

export function isWritten(ops: readonly StoreOp[], state: LoadedState): boolean {
  const held = heldBy(state);
  // What a later operation of the same transaction has replaced is not there any more.
  const last = new Map<string, string | undefined>();
  let isCleared = false;
  for (const op of ops) {
    if (op.op === 'clear') {
      isCleared = true;
      for (const key of [...last.keys()]) if (isEntry(key)) last.delete(key);
    } else if (op.op === 'set')
      for (const [name, value] of Object.entries(op.fields)) last.set(name, text(value));
    else if (op.op === 'delete') last.set(keyOf(op.table, op.key), undefined);
    else last.set(keyOf(op.table, op.table === 'cursors' ? op.row.topic : op.row.id), text(op.row));
  }
  const isGone = !isCleared || [...held.keys()].every((key) => !isEntry(key) || last.has(key));
  return isGone && [...last].every(([key, value]) => held.get(key) === value);
}

function heldBy({ meta, entries, outcomes, cursors }: LoadedState): ReadonlyMap<string, string> {
  const held = new Map<string, string>();
  for (const [name, value] of Object.entries(meta)) held.set(name, text(value));
  for (const row of entries) held.set(keyOf('entries', row.id), text(row));
  for (const row of outcomes) held.set(keyOf('outcomes', row.id), text(row));
  for (const row of cursors) held.set(keyOf('cursors', row.topic), text(row));
  return held;
}

const isEntry = (key: string) => key.startsWith('entries:');

const keyOf = (table: string, key: string) => `${table}:${key}`;

/** What is stored is given back with its fields in their order. */
const text = (value: unknown) => JSON.stringify(value);
