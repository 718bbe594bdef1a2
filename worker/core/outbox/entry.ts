/** What is known of one command, and how that may change. */
import type { AnyOutboxEntry } from '../../../src/protocol/port.ts';
import type { Context } from '../context.ts';
import type { DeadlineName } from '../deadlines.ts';
import type { LastSent, StoredEntry } from '../store.ts';

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
  /** `marked`: as the store has it already, for this connection: its frame waits for room alone, and no store. */
  | { state: 'ready'; marked?: StoredEntry | undefined }
  /** A transaction under way decides whether it goes; those behind it wait, too. */
  | { state: 'storing' }
  /** Its row is on the way to say `maybeSent`; the frame follows on that connection. */
  | { state: 'marking'; before: StoredEntry; generation: number; isAhead: boolean }
  | { state: 'in_flight'; generation: number; writtenAt: number }
  /** The server asked to come back later. */
  | { state: 'waiting'; error: { code: string; message: string } }
  /** It has ended; the store hears of it. */
  | { state: 'settled' };

/** One command. What is known of it changes here alone, by the transitions below, which assert what they start from. */
export interface Entry {
  readonly context: Pick<Context, 'assert'>;
  readonly row: StoredEntry;
  /**
   * An earlier hub may have sent it since then, by this hub's uptime, which a clock that is set does not move; `null` where
   * it is known when, or that it did not.
   */
  readonly offeredAt: number | null;
  /** When a person asked for it, or for it again, by this hub's uptime. */
  readonly takenAt: number;
  /**
   * When a frame of it last left, by this hub's uptime; what an earlier hub marked left, if it did, not before this. `null`:
   * this hub wrote none, and of an earlier one it is not known.
   */
  readonly leftAt: number | null;
  readonly stored: Stored;
  readonly delivery: Delivery;
  /**
   * On which connection it waits for an answer, and since when, by the hub's uptime; `at` is `null` once the line was asked
   * for it whether it lives, or it was answered.
   */
  readonly awaits: { readonly generation: number; readonly at: number | null } | null;
  /** The connection on which it was asked to be withdrawn; `null`: it is to be asked. */
  readonly askedOn: number | null;
}
type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** @param does what happens to the command. The sentence tells as what it was found. */
function assert({ context, row, delivery, stored }: Entry, holds: boolean, does: string): void {
  if (holds) return;
  const { id, fate, withdrawing } = row;
  const how = `${delivery.state}, ${fate.state}${withdrawing ? ', withdrawing' : ''}, stored as ${stored}`;
  context.assert(false, `command ${id} ${does}, and is ${how}`, id);
}

/** Still to be delivered. One whose end is only to be stored is not. */
export function isPending({ row, delivery }: Entry): boolean {
  return row.fate.state === 'pending' && delivery.state !== 'settled';
}

/** It could be handed to a socket. */
function maySend(entry: Entry): boolean {
  return isPending(entry) && entry.delivery.state === 'ready' && !entry.row.withdrawing;
}

/** Its frame is with the present socket, or on the way there. */
function isOut({ delivery }: Entry): boolean {
  return delivery.state === 'in_flight' || delivery.state === 'marking';
}

/** No frame of it has left, and none is about to: it can be called off without a question to the server. */
export function hasNotLeft({ row, delivery }: Entry): boolean {
  return delivery.state === 'marking'
    ? delivery.isAhead && !delivery.before.maybeSent
    : !row.maybeSent && delivery.state === 'ready';
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
export function retryName(id: string): DeadlineName {
  return `retry:${id}`;
}

/** A command that comes into the outbox. */
export function newEntry(
  known: Pick<Entry, 'context' | 'row' | 'offeredAt' | 'takenAt' | 'leftAt' | 'stored'>,
  delivery: Delivery['state'] & ('ready' | 'storing'),
): Entry {
  return { ...known, delivery: { state: delivery }, awaits: null, askedOn: null };
}

/** Its end is known, or known better. */
export function knowEnd(entry: Writable<Entry>, expiresAt: number | undefined): void {
  assert(entry, entry.row.attempt === 0, 'is given an end');
  if (expiresAt !== entry.row.expiresAt) entry.row = { ...entry.row, expiresAt };
}

/** The store has taken it, or it goes on without. */
export function goOn(entry: Writable<Entry>): void {
  assert(entry, /storing|settled/.test(entry.delivery.state), 'goes on');
  entry.delivery = { state: 'ready' };
}

/** The store has this row. */
export function knowStored(entry: Writable<Entry>, row: StoredEntry): void {
  assert(entry, entry.stored !== 'unread', 'is stored');
  entry.stored = storedAs(row);
}

/** The rows were read anew. `row`: what memory and store know together; absent where the store has none. */
export function knowRead(entry: Writable<Entry>, inStore: StoredEntry | undefined, row = entry.row): void {
  assert(entry, entry.delivery.state !== 'marking', 'is read');
  // What another hub may read is another row now.
  if (entry.delivery.state === 'ready') entry.delivery = { state: 'ready' };
  entry.stored = inStore ? storedAs(inStore) : 'no';
  entry.row = row;
}

/** The store says that no earlier hub has sent it. */
export function knowUnsent(entry: Writable<Entry>): void {
  assert(entry, !isOut(entry), 'is known to be unsent');
  entry.row = { ...entry.row, maybeSent: false, firstSentAt: null, lastSent: undefined };
  entry.offeredAt = null;
}

/** It has this place in the queue, behind what is stored. */
export function queueAt(entry: Writable<Entry>, seq: number): void {
  assert(entry, seq >= entry.row.seq, 'is queued ahead');
  if (seq !== entry.row.seq) entry.row = { ...entry.row, seq };
}

/** Its row is on the way, and says already that its frame has left, which follows at once. */
export function mark(entry: Writable<Entry>, marked: StoredEntry): void {
  assert(entry, maySend(entry) && entry.stored === 'no', 'is marked');
  entry.row = marked;
}

/** The store is to say that its frame has left; the frame follows then. `isAhead`: once there is room for it. */
export function beginMark(
  entry: Writable<Entry>,
  marked: StoredEntry,
  generation: number,
  isAhead: boolean,
): void {
  assert(entry, maySend(entry), 'is marked');
  entry.delivery = { state: 'marking', before: entry.row, generation, isAhead };
  entry.row = marked;
}

/** The store says that its frame may have left. */
export function knowMarked(entry: Writable<Entry>): void {
  assert(entry, entry.stored !== 'unread' && entry.stored !== 'withdrawing', 'is known to be marked');
  entry.stored = 'maybe_sent';
}

/** The row that the store has, where that says already that its frame has left, which waits for room. */
export function markOf({ delivery }: Entry): StoredEntry | undefined {
  return delivery.state === 'ready' ? delivery.marked : undefined;
}

/** It has not left, whatever its stored row now says to be safe. `standsBy`: it may at any time, since that row says so. */
export function takeMarkBack(entry: Writable<Entry>, standsBy = false): void {
  const { delivery, row } = entry;
  if (delivery.state !== 'marking') return;
  entry.row = delivery.before;
  entry.delivery = { state: 'ready', marked: standsBy ? row : undefined };
}

/** Its frame, or the question that takes it back, is written. */
export function leave(entry: Writable<Entry>, generation: number, uptime: number): void {
  assert(entry, isPending(entry), 'leaves');
  entry.delivery = { state: 'in_flight', generation, writtenAt: uptime };
}

/** It waits for an answer on this connection. `at` is `null` once the line was asked for it, or it was answered. */
export function awaitAnswer(entry: Writable<Entry>, generation: number, at: number | null): void {
  assert(entry, isPending(entry), 'awaits an answer');
  entry.awaits = { generation, at };
}

/** Its frame was written just now. */
export function leaveNow(entry: Writable<Entry>, generation: number, uptime: number): void {
  entry.row = markOf(entry) ?? entry.row;
  const { row, delivery } = entry;
  const isReady = delivery.state === 'marking' || maySend(entry);
  assert(entry, isReady && row.maybeSent && !row.withdrawing && !mayBeUnsent(entry), 'leaves');
  leave(entry, generation, uptime);
  awaitAnswer(entry, generation, uptime);
  entry.leftAt = uptime;
}

/** The connection on which it was written is gone. */
export function loseLine(entry: Writable<Entry>): void {
  const { state } = entry.delivery;
  if (state === 'in_flight' || state === 'ready') entry.delivery = { state: 'ready' };
}

/** The server asked to come back later. */
export function putOff(entry: Writable<Entry>, error: { code: string; message: string }): void {
  assert(entry, isPending(entry), 'is put off');
  entry.delivery = { state: 'waiting', error };
  if (entry.awaits) entry.awaits = { ...entry.awaits, at: null };
}

/** Its wait is over. False where it did not wait. */
export function waitNoMore(entry: Writable<Entry>): boolean {
  if (entry.delivery.state !== 'waiting') return false;
  entry.delivery = { state: 'ready' };
  return true;
}

/** The server has said that no handler of it has begun. */
export function knowNeverRan(entry: Writable<Entry>): void {
  assert(entry, entry.delivery.state === 'waiting', 'is known to have never run');
  entry.row = { ...entry.row, noneRan: entry.row.attempt };
}

/** When it first left, by the server's clock, as far as that can be told. */
export function knowFirstSent(entry: Writable<Entry>, firstSentAt: number): void {
  assert(entry, entry.row.firstSentAt === null, 'is sent first');
  entry.row = { ...entry.row, firstSentAt };
}

/** To which of the server's runs it was last sent. */
export function knowLastSent(entry: Writable<Entry>, lastSent: LastSent): void {
  assert(entry, !entry.row.lastSent, 'is sent last');
  entry.row = { ...entry.row, lastSent };
}

/** A person takes it back, and it may have run: it is not sent as a command any more. */
export function beginWithdrawal(entry: Writable<Entry>): void {
  assert(entry, isPending(entry), 'is taken back');
  entry.row = { ...entry.row, withdrawing: true };
  waitNoMore(entry);
  if (entry.delivery.state === 'marking') entry.delivery = { state: 'ready' };
}

/** The store does not have that: the next hub would send it. */
export function takeWithdrawalBack(entry: Writable<Entry>): void {
  assert(entry, entry.stored !== 'withdrawing', 'is wanted again');
  entry.row = { ...entry.row, withdrawing: false };
}

/** The server is asked, on this connection, to withdraw it. */
export function askToWithdraw(entry: Writable<Entry>, generation: number, uptime: number): void {
  const { row, delivery, askedOn } = entry;
  const isAskable = delivery.state === 'ready' || delivery.state === 'in_flight';
  const isWithdrawn = row.maybeSent && row.withdrawing === true;
  assert(entry, isAskable && isWithdrawn && askedOn !== generation, 'is taken back');
  entry.askedOn = generation;
  leave(entry, generation, uptime);
}

/** The server has answered: it is asked again, if need be. */
export function hearAnswer(entry: Writable<Entry>): void {
  assert(entry, isPending(entry), 'is answered');
  entry.askedOn = null;
}

/** It has ended, or is to end unless the store fails (`canFail`). */
export function beginEnd(entry: Writable<Entry>, canFail: boolean): void {
  assert(entry, isPending(entry), 'ends');
  entry.delivery = { state: canFail ? 'storing' : 'settled' };
}

/** It stays in the outbox as it ended, for a person to see. */
export function stayEnded(entry: Writable<Entry>, row: StoredEntry): void {
  const { delivery, row: before } = entry;
  assert(entry, delivery.state === 'settled' && before.fate.state === 'pending', 'has ended');
  entry.row = row;
}

/** A person wants it again. */
export function beginAgain(entry: Writable<Entry>, row: StoredEntry, takenAt: number): void {
  assert(entry, entry.row.fate.state !== 'pending', 'begins again');
  if (entry.stored !== 'no') entry.stored = storedAs(entry.row);
  entry.row = row;
  entry.offeredAt = null;
  entry.takenAt = takenAt;
  entry.leftAt = null;
  entry.delivery = { state: 'ready' };
  entry.awaits = null;
}
