import type { AnyOutboxEntry } from '../../../src/protocol/port.ts';
import type { StoredEntry } from '../store.ts';

/** What the store is known to hold of a row. */
export type Stored =
  /** Nothing: the command is in memory alone. */
  | 'no'
  /** Nobody knows: an earlier hub was offered it, and this one could not read the rows yet. They may say `unsent`. */
  | 'unread'
  /** That it never ran, or has ended: it must not be sent while the store says so. */
  | 'unsent'
  /** That it may have. */
  | 'maybe_sent'
  /** That it may have, and that nobody sends it again as a command. */
  | 'withdrawing';

/** Where a pending command stands with the present socket. */
export type Delivery =
  | { state: 'ready' }
  /** A transaction under way decides whether it goes; those behind it wait, too. */
  | { state: 'storing' }
  /** Its row is on the way to say `maybeSent`; the frame follows. */
  | { state: 'marking'; before: StoredEntry }
  | { state: 'in_flight'; generation: number; writtenAt: number }
  /** The server asked to come back later. */
  | { state: 'waiting'; error: { code: string; message: string } }
  /** It has ended; the store hears of it. */
  | { state: 'settled' };

export interface Entry {
  row: StoredEntry;
  /**
   * An earlier hub may have sent it since then, by this hub's uptime, which a clock that is set does not move; `null` where
   * it is known when, or that it did not.
   */
  offeredAt: number | null;
  /** When a person asked for it, or for it again, by this hub's uptime. */
  takenAt: number;
  /** When this hub last wrote a frame of it, by its uptime; `null`: it did not. */
  leftAt: number | null;
  stored: Stored;
  delivery: Delivery;
  /**
   * On which connection it waits for an answer, and since when, by the hub's uptime; `at` is `null` once the line was asked
   * for it whether it lives, or it was answered.
   */
  awaits: { readonly generation: number; readonly at: number | null } | null;
  /** The connection on which it was asked to be withdrawn; `null`: it is to be asked. */
  askedOn: number | null;
}

/** Still to be delivered. One whose end is only to be stored is not. */
export function isPending({ row, delivery }: Entry): boolean {
  return row.fate.state === 'pending' && delivery.state !== 'settled';
}

/** Whether the store is known to hold it. */
export function isStored({ stored }: Entry): boolean {
  return stored !== 'no' && stored !== 'unread';
}

/** Whether the store says that it never left, or may say so. */
export function mayBeUnsent({ stored }: Entry): boolean {
  return stored === 'unsent' || stored === 'unread';
}

/** The server has said that no handler of it has begun, and it has not left since. */
export function neverRan({ noneRan, attempt }: StoredEntry): boolean {
  return noneRan === attempt;
}

/** What a row on the disk says of its command. */
export function storedAs(row: StoredEntry): Stored {
  const { maybeSent, fate, withdrawing } = row;
  if (withdrawing && fate.state === 'pending') return 'withdrawing';
  const mayRun = fate.state === 'pending' || fate.state === 'uncertain';
  return maybeSent && mayRun && !neverRan(row) ? 'maybe_sent' : 'unsent';
}

/** High before normal, first in first out within each. */
export function inOrder(a: Entry, b: Entry): number {
  if (a.row.priority !== b.row.priority) return a.row.priority === 'high' ? -1 : 1;
  return a.row.seq - b.row.seq;
}

/** The entry as tabs see it. */
export function entryView({ row, delivery }: Entry, retryAt: number | null): AnyOutboxEntry {
  const { id, topic, priority, createdAt, attempt, dedupeKey, appVersion, command, fate } = row;
  const base = { id, topic, priority, createdAt, attempt, dedupeKey, appVersion, command };
  if (fate.state === 'uncertain') return { ...base, state: 'uncertain' };
  if (fate.state !== 'pending') return { ...base, state: fate.state, error: fate.error };
  if (row.withdrawing) return { ...base, state: 'withdrawing' };
  if (delivery.state === 'waiting') {
    return { ...base, state: 'waiting', retryAt: retryAt ?? createdAt, error: delivery.error };
  }
  return { ...base, state: row.maybeSent ? 'sent' : 'queued' };
}

/** Of the deadline until which a `waiting` one waits. */
export function retryName(id: string): string {
  return `retry:${id}`;
}
