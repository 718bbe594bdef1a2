/** Whether a command that may have run may be sent again, or is left to a person. */

import { leaveUncertain } from './endings.ts';
import { type Entry, isStored, knowFirstSent, knowLastSent } from './entry.ts';
import { type OutboxState, pendingIn, type Writable } from './outbox-state.ts';

/** By so much a hub's idea of the server's clock may be wrong. */
const CLOCK_ERROR_MS = 5_000;

/**
 * What the server may have forgotten may have run: a person decides about it. That is what was first sent before its
 * memory begins; what was first sent after its present time: its clock was set back, so that neither can be compared; and
 * what was last sent to a run that its memory does not know, or when it knows of nobody at work.
 */
export function leaveForgotten(box: OutboxState, writable: Writable): void {
  const { dedupeSince, serverTime, openedAt } = writable;
  for (const entry of pendingIn(box)) {
    const { offeredAt } = entry;
    // When an earlier hub sent it nobody knows, only that it was not before it was offered: that long ago by the time that
    // has passed here, and not later than the server's clock said when a person asked for it. What was offered since this
    // connection began counts as sent when it began.
    if (entry.row.firstSentAt === null && offeredAt !== null) {
      const firstSentAt = serverTime - Math.max(0, openedAt - offeredAt);
      knowFirstSent(entry, Math.min(firstSentAt, entry.row.serverAskedAt ?? firstSentAt));
    }
    const { maybeSent, firstSentAt } = entry.row;
    const isOut = entry.delivery.state === 'in_flight' || entry.delivery.state === 'marking';
    if (isOut || !maybeSent || firstSentAt === null) continue;
    const isKnown = firstSentAt >= dedupeSince && firstSentAt <= serverTime;
    if (isKnown && isOfKnownRun(box, entry, writable)) keepRun(box, entry, writable);
    else leaveUncertain(box, entry);
  }
}

/** No earlier hub sends any more: whoever knows this run up to now knows what came of it, also for the hub after this one. */
function keepRun({ writer }: OutboxState, entry: Entry, { runs, serverTime }: Writable): void {
  const run = runs?.at(-1);
  if (!run || entry.row.lastSent) return;
  knowLastSent(entry, { run: run.id, at: serverTime });
  if (isStored(entry)) writer.write([{ op: 'put', table: 'entries', row: entry.row }], 'relaxed');
}

/**
 * A run is a time in which one process of the server was at work. A frame that was sent after the end of its run reached
 * nobody: the command did not run, if a run that the server knows was at work by then. Whether it was, is judged by the
 * server's clock, and by the time that has passed here as well: a clock that was set back shows the same times twice, and one
 * that was set ahead shows a run as longer than it was. How long ago an earlier hub sent a frame, the browser's clock tells;
 * where it cannot, it was not before a person asked for the command.
 */
function isOfKnownRun(
  { context }: OutboxState,
  { row: { lastSent, firstSentAt, serverAskedAt = 0 }, takenAt, leftAt }: Entry,
  { runs, serverTime, openedAt }: Writable,
): boolean {
  if (!runs) return true;
  if (!lastSent) {
    const since = firstSentAt ?? 0;
    // Asked for at a time that had not come yet, as the time has passed: the clock was set back.
    const askedBy = Math.max(since, serverTime - (openedAt - takenAt)) + CLOCK_ERROR_MS;
    return serverAskedAt <= askedBy && isKnownSince(since, runs);
  }
  const { run, at } = lastSent;
  // What lies ahead comes again for the present run, of a server whose clock was set back.
  const now = serverTime + (context.uptime - openedAt) + CLOCK_ERROR_MS;
  const isNamed = runs.some(({ id }) => id === run);
  // When it left, by the time that has passed since; far from what the server's clock said then, that clock was set meanwhile.
  const leftBy = serverTime - (openedAt - (leftAt ?? takenAt));
  const wasAtWork = (from: number) => from <= Math.min(at, leftBy) && leftBy <= at + CLOCK_ERROR_MS;
  return isNamed && runs.some(({ id, from, until = now }) => at <= until && (id === run || wasAtWork(from)));
}

/** What an earlier hub was given may have left at any moment since, so that no run may be unknown from then on. */
function isKnownSince(at: number, runs: NonNullable<Writable['runs']>): boolean {
  let known = at;
  for (const { from, until = Number.POSITIVE_INFINITY } of runs)
    if (from <= known) known = Math.max(known, until);
  return known === Number.POSITIVE_INFINITY;
}
