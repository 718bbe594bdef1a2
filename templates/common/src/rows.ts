/** What the page shows of the list: what the server has, with what this browser has sent and not heard of yet. */

import type { OutboxEntry } from 'trunkline';
import type { EventOf } from 'trunkline/protocol';
import type { protocol } from './protocol.ts';

export type Item = EventOf<typeof protocol, 'item'>;
export type Entry = OutboxEntry<typeof protocol>;

export interface Row {
  readonly id: string;
  readonly text: string;
  readonly done: boolean;
  readonly addedAt: number;
  /** The newest command about it that is under way, or has failed. */
  readonly entry: Entry | null;
}

/** Whether it is still to be delivered. Else it has failed, and stays until a person has seen that. */
export function isPending({ state }: Entry): boolean {
  return state === 'queued' || state === 'sent' || state === 'waiting' || state === 'withdrawing';
}

/** By the time of their adding. */
export function rowsOf(items: ReadonlyMap<string, Item>, outbox: readonly Entry[]): Row[] {
  const rows = new Map<string, Row>();
  for (const item of items.values()) rows.set(item.id, { ...item, entry: null });
  for (const entry of outbox) {
    const { command } = entry;
    if (command.type === 'add') {
      // The server gives an item the id of the command that added it.
      const { id, createdAt: addedAt } = entry;
      rows.set(id, { text: String(command.text), done: false, addedAt, ...rows.get(id), id, entry });
    } else if (command.type === 'set_done') {
      const row = rows.get(String(command.id));
      if (row) rows.set(row.id, { ...row, done: isPending(entry) ? Boolean(command.done) : row.done, entry });
    }
  }
  return [...rows.values()].sort((one, other) => one.addedAt - other.addedAt);
}
