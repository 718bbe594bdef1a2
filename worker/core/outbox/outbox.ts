/**
 * The durable outbound log. A row is the truth about its command: it says `maybeSent` before the frame leaves, and
 * nothing but the server's final answer, or its owner's word on one that was never sent, ends it.
 *
 * Here is what tabs ask of it: to send, cancel, retry, dismiss, within its limits.
 */
import type { Outcome } from '../../../src/protocol/model.ts';
import type { AnyOutboxEntry, OutgoingCommand, Reply } from '../../../src/protocol/port.ts';
import { ok, type Respond, refusal, UNCONFIRMED } from '../reply.ts';
import type { StoredEntry, StoreOp } from '../store.ts';
import { pardon } from '../suspects.ts';
import { twin } from './dedupe.ts';
import { markNext, pump, writeFrame } from './dispatch.ts';
import { end, leaveUncertain, takeEndingBack } from './endings.ts';
import {
  beginAgain,
  type Entry,
  entryView,
  goOn,
  inOrder,
  isStored,
  knowEnd,
  knowStored,
  neverRan,
  newEntry,
  retryName,
  takeMarkBack,
} from './entry.ts';
import { endOf, firstEnd } from './expiry.ts';
import { makeRoom } from './limits.ts';
import { type OutboxState, pendingIn, type RespondToSend } from './outbox-state.ts';
import { olderOf, replace } from './replace.ts';
import { waitNoLonger } from './server-answers.ts';
import { answerSend, awaitCancel, awaitSend, storageUnavailable } from './tab-answers.ts';
import { barSuspect, restoreEntry } from './upgrade.ts';
import { withdraw } from './withdrawal.ts';

export { disconnected, endUnstored, measured, pump } from './dispatch.ts';
export { mergeStored } from './merge.ts';
export { emptyOutbox } from './outbox-state.ts';
export { acked, nacked } from './server-answers.ts';

export function view({ entries, context }: OutboxState): AnyOutboxEntry[] {
  return [...entries.values()]
    .sort(inOrder)
    .map((entry) => entryView(entry, context.deadlines.at(retryName(entry.row.id))));
}

export function counts(box: OutboxState): {
  high: number;
  normal: number;
  inFlight: number;
  entries: number;
} {
  const pending = pendingIn(box);
  const high = pending.filter(({ row }) => row.priority === 'high').length;
  const inFlight = pending.filter(({ delivery }) => delivery.state === 'in_flight').length;
  return { high, normal: pending.length - high, inFlight, entries: box.entries.size };
}

/** Whether a connection is needed. */
export function hasPending(box: OutboxState): boolean {
  return pendingIn(box).length > 0;
}

/**
 * @param appVersion of the page that sends it.
 * @param takenAt when a person asked for it, by the hub's uptime.
 */
export function send(
  box: OutboxState,
  command: OutgoingCommand,
  appVersion: number,
  takenAt: number,
  answer: RespondToSend,
): void {
  const { id } = command;
  const known = box.entries.get(id);
  if (known && box.sendAnswers.has(id)) return awaitSend(box, id, command.requireDurable, answer);
  if (known && !isSafe(box, known) && command.requireDurable) return awaitSend(box, id, true, answer);
  if (known) return answer(ok({ durable: isSafe(box, known) }));
  if (box.outcomes.get(id)) return answer(ok({ durable: true }));

  const { priority, topic, requireDurable, maybeSentMs, serverAskedAt } = command;
  const { type } = command.command;
  const { protocol, now, uptime } = box.context;
  const given: StoredEntry = {
    id,
    seq: box.seq + 1,
    topic,
    priority,
    command: command.command,
    appVersion,
    dedupeKey: command.dedupeKey,
    replaceKey: command.replaceKey,
    traceparent: command.traceparent,
    createdAt: now - (uptime - takenAt),
    maybeSent: maybeSentMs !== null,
    attempt: 0,
    firstSentAt: null,
    expiresAt: firstEnd(box.context, command),
    serverAskedAt: serverAskedAt ?? undefined,
    fate: { state: 'pending' },
  };
  // A page of an older build has judged it by its own schemas.
  const read = appVersion < protocol.version ? restoreEntry(protocol, given, now) : given;
  const row = barSuspect(box.context, read);
  const { fate, dedupeKey } = row;
  const same = fate.state === 'pending' ? twin(pendingIn(box), type, dedupeKey) : undefined;
  // Of what is offered again nobody knows whether it is the newest.
  const older = maybeSentMs === null ? olderOf(box, row) : [];
  if (maybeSentMs === null) {
    if (fate.state === 'quarantined') {
      const why = `this page is of version ${appVersion}, and version ${protocol.version} cannot read its ${type}`;
      return answer(refusal('version_mismatch', `${why}: ${fate.error.message}; reload the page`));
    }
    if (same)
      return answer(
        refusal('duplicate_command', `${type} "${dedupeKey}" is pending already, as ${same.row.id}`),
      );
    if (requireDurable && box.writer.degraded) return answer(storageUnavailable(type));
    // It takes a place that is there.
    const full = older.length === 0 && makeRoom(box, priority, type);
    if (full) return answer(full);
  }
  box.seq = row.seq;
  const entry = newEntry(
    {
      context: box.context,
      row,
      offeredAt: maybeSentMs === null ? null : takenAt,
      takenAt,
      leftAt: null,
      stored: maybeSentMs !== null && !box.writer.wasRead ? 'unread' : 'no',
    },
    requireDurable ? 'storing' : 'ready',
  );
  knowEnd(entry, endOf(box, entry));
  box.entries.set(id, entry);
  awaitSend(box, id, requireDurable, answer);
  // Its twin may run, or it has run: to send it as well could run both.
  if (same) return leaveUncertain(box, entry, () => answerTaken(box, entry, requireDurable));
  for (const each of older) replace(box, each);
  // What may have left before goes by what the server remembers of that time. And no frame leaves before the store has it that
  // those are over whose place it takes: the next hub would send them behind it.
  const writable = maybeSentMs === null && older.length === 0 ? markNext(box, entry) : null;
  put(box, entry, requireDurable, older);
  if (writable) writeFrame(box, entry, writable);
  box.host.changed();
  pump(box);
}

export function cancel(box: OutboxState, id: string, answer: Respond<boolean>): void {
  const entry = box.entries.get(id);
  if (entry?.row.fate.state !== 'pending') return answer(ok(false));
  const isAsked = box.cancelAnswers.has(id);
  if (entry.stored === 'withdrawing' && !isAsked) return answer(ok(false));
  awaitCancel(box, id, answer);
  if (isAsked || box.endings.has(id)) return;
  // Its frame waits for its row, and will not leave any more.
  takeMarkBack(entry);
  if (entry.row.maybeSent && !neverRan(entry.row)) {
    withdraw(box, entry);
    return pump(box);
  }
  end(box, entry, { row: null, outcome: { status: 'cancelled' } }, () => pump(box));
}

/**
 * Of one that waits: its wait is over.
 *
 * @param seen as what the person saw it; `undefined` where that is not known.
 * @param takenAt when a person asked for that, by the hub's uptime.
 */
export function retry(
  box: OutboxState,
  id: string,
  seen: string | undefined,
  takenAt: number,
  answer: RespondToSend,
): void {
  const entry = box.entries.get(id);
  if (entry?.delivery.state === 'waiting' && !entry.row.withdrawing) {
    waitNoLonger(box, entry);
    return answer(ok({ durable: isSafe(box, entry) }));
  }
  if (!entry || entry.row.fate.state === 'pending' || box.endings.has(id)) {
    return answer(refusal('invalid_command', `${id} is no entry that has ended or waits`));
  }
  const { protocol, now, uptime } = box.context;
  const { row } = entry;
  const behind = unseen(entry, seen);
  if (behind) return answer(behind);
  // Whoever wants it again wants it from now on.
  const { expiresAt: _, lastSent: __, serverAskedAt: ___, ...endless } = row;
  const fresh = restoreEntry(
    protocol,
    {
      ...endless,
      createdAt: now - (uptime - takenAt),
      firstSentAt: null,
      withdrawing: undefined,
      fate: { state: 'pending' },
    },
    now,
  );
  if (fresh.fate.state === 'quarantined') {
    const why = fresh.fate.error.message;
    return answer(refusal('invalid_command', `${row.command.type} cannot be retried: ${why}`));
  }
  if (twin(pendingIn(box), row.command.type, fresh.dedupeKey)) {
    return answer(
      refusal('duplicate_command', `${row.command.type} "${fresh.dedupeKey}" is pending already`),
    );
  }
  const full = makeRoom(box, row.priority, row.command.type);
  if (full) return answer(full);
  // What the server refused did not run; of what it never answered nobody knows.
  const mayHaveRun = row.fate.state === 'uncertain' || row.fate.state === 'quarantined';
  beginAgain(entry, { ...fresh, seq: ++box.seq, maybeSent: row.maybeSent && mayHaveRun }, takenAt);
  awaitSend(box, id, false, answer);
  put(box, entry, false, [], [...box.outcomes.remove(id), ...pardon(box.context, id)]);
  box.host.changed();
  pump(box);
}

/** @param seen as what the person saw it; `undefined` where that is not known. */
export function dismiss(box: OutboxState, id: string, seen: string | undefined, answer: Respond<null>): void {
  const entry = box.entries.get(id);
  if (!entry) return answer(ok(null));
  if (entry.row.fate.state === 'pending') {
    return answer(
      refusal('invalid_command', `${entry.row.command.type} is still pending; cancel it instead`),
    );
  }
  const behind = unseen(entry, seen);
  if (behind) return answer(behind);
  box.dismissAnswers.add(id, answer, UNCONFIRMED);
  // Gone at once, so that nobody retries what is about to be forgotten.
  box.entries.delete(id);
  box.host.changed();
  box.writer.write([{ op: 'delete', table: 'entries', key: id }], 'relaxed', (stored) => {
    if (stored || entry.stored === 'no') return box.dismissAnswers.tell(id, ok(null));
    box.entries.set(id, entry);
    box.host.changed();
    box.dismissAnswers.tell(id, storageUnavailable(entry.row.command.type));
  });
}

/** `null` while it is pending, or may be. */
export function settled(box: OutboxState, id: string): Outcome | null {
  const known = box.outcomes.get(id);
  if (known) return known.outcome;
  const entry = box.entries.get(id);
  if (entry) return outcomeOf(entry);
  return box.writer.degraded ? null : { status: 'forgotten' };
}

function outcomeOf({ row: { fate } }: Entry): Outcome | null {
  if (fate.state === 'pending' || fate.state === 'quarantined') return null;
  return fate.state === 'rejected' ? { status: 'rejected', ...fate.error } : { status: fate.state };
}

/** Whether something has ended that the store does not know of yet. */
export function areEnding({ endings }: OutboxState): boolean {
  return endings.size > 0;
}

/** Empties it in the store, also of rows that memory does not know. */
export const CLEAR: readonly StoreOp[] = [{ op: 'clear', table: 'entries' }];

/** The store has done `CLEAR`. */
export function clear(box: OutboxState): void {
  box.entries.clear();
  box.host.changed();
}

/** What somebody is told who signs out while the store fails. */
export function unstoredSignOut(box: OutboxState): string {
  const lost = pendingIn(box).filter(({ stored }) => stored === 'no').length;
  const commands = lost === 0 ? '' : ` ${lost} commands that were in memory alone are gone;`;
  return `signed out while the browser's storage fails:${commands} once this worker ends, a page of the back/forward cache may come in again`;
}

function isSafe({ writer }: OutboxState, entry: Entry): boolean {
  return isStored(entry) && !writer.isInDoubt(entry.row.id);
}

/** It may have ended otherwise than the page showed: what a person asked of it was about something else then. */
function unseen({ row: { id, fate } }: Entry, seen: string | undefined): Reply<never> | null {
  if (seen === undefined || seen === fate.state) return null;
  return refusal('invalid_command', `${id} is ${fate.state} by now; look at it first`);
}

/** Who asks for more than memory hears of it when the store, or the server, has it. */
function answerTaken(box: OutboxState, entry: Entry, requireDurable: boolean): void {
  const durable = isStored(entry);
  if (durable || !requireDurable) answerSend(box, entry.row.id, ok({ durable }));
}

/**
 * `also` goes with it. One that must be durable goes on from here, or, as if it had never been, not.
 *
 * @param older those that it replaces; they go on where it does not.
 */
function put(
  box: OutboxState,
  entry: Entry,
  requireDurable: boolean,
  older: readonly Entry[],
  also: readonly StoreOp[] = [],
): void {
  const { row } = entry;
  // A row that was there says how it ended before: no loss of power may leave it at that once the frame is out.
  const durability = row.priority === 'high' || entry.stored !== 'no' ? 'strict' : 'relaxed';
  box.writer.write([{ op: 'put', table: 'entries', row }, ...also], durability, (stored) => {
    if (stored) knowStored(entry, row);
    if (!requireDurable) return answerSend(box, row.id, ok({ durable: stored }));
    // What an earlier hub may have stored, or sent, is not taken back; it goes on in memory. So does what somebody was told
    // "perhaps" of: it is in the outbox.
    const isRefused = !stored && !row.maybeSent && box.sendAnswers.has(row.id);
    if (isRefused) {
      box.entries.delete(row.id);
      for (const each of older) takeEndingBack(box, each);
    } else if (entry.delivery.state === 'storing' && !box.endings.has(row.id)) goOn(entry);
    box.host.changed();
    if (isRefused) answerSend(box, row.id, storageUnavailable(row.command.type));
    else answerTaken(box, entry, requireDurable);
    pump(box);
  });
}
