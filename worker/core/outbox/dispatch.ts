/** What goes to the socket, and when; in a dialect without answers, when it counts as written. */
import type { StoreOp } from '../store.ts';
import { apply, end, hasNoRow, leaveUncertain, reject } from './endings.ts';
import {
  awaitAnswer,
  beginMark,
  type Entry,
  inOrder,
  knowMarked,
  leaveNow,
  loseLine,
  mark,
  markOf,
  mayBeUnsent,
  neverRan,
  takeMarkBack,
} from './entry.ts';
import { expire, isOver, withEnd } from './expiry.ts';
import { commandFrame, frameBytes, markedRow } from './frame.ts';
import { type OutboxState, pendingIn, type Writable } from './outbox-state.ts';
import { pickNext } from './pick.ts';
import { leaveForgotten } from './resend.ts';
import { askWithdrawals, stopAsking } from './withdrawal.ts';

/** How long a socket must stay open after a frame, in a dialect without answers. */
const WRITTEN_AFTER_MS = 2_000;
/** A command that is not answered for so long may be on a dead line. */
const UNANSWERED_MS = 3_000;

/** Hands to the socket whatever may go. */
export function pump(box: OutboxState): void {
  const writable = box.host.writable();
  expire(box, writable, () => pump(box));
  if (!writable) return;
  leaveForgotten(box, writable);
  // What a person takes back, ahead of what that person may have sent in its place.
  askWithdrawals(box, writable);
  const picked = pick(box);
  const tooLarge = picked.filter((entry) => frameBytes(withEnd(box, entry)) > writable.maxFrameBytes);
  for (const entry of tooLarge) refuseTooLarge(box, entry, writable);
  // Others may go in their place.
  if (tooLarge.length > 0) return pump(box);
  if (!picked.every(markOf)) storeMarks(box, picked, writable, false);
  else if (picked.length > 0) {
    for (const entry of picked) writeFrame(box, entry, writable);
    box.host.changed();
  }
  watchAnswers(box, writable);
}

/**
 * Where the store fails, what it has never had is over without it. Not while a `send` waits for its answer, though, nor
 * before its page has heard that: a page hears the answers of one step of the hub together, and offers to the next hub each
 * command of which it has not heard.
 */
export function endUnstored(box: OutboxState): void {
  if (!box.writer.degraded || !box.sendAnswers.isEmpty) return;
  for (const [id, ending] of box.endings) {
    if (!hasNoRow(box, id) || !box.host.isHeard(id)) continue;
    apply(box, id, ending);
    pump(box);
  }
}

/**
 * Marks a command that no store knows yet, if it is its turn. Its frame need not wait for its row then: returns the
 * connection on which it may leave as soon as the row is on its way.
 */
export function markNext(box: OutboxState, entry: Entry): Writable | null {
  const writable = box.host.writable();
  if (!writable || !isNext(box, entry) || isOver(box, entry)) return null;
  const row = withEnd(box, entry);
  if (frameBytes(row) > writable.maxFrameBytes) return null;
  mark(entry, markedRow(row, writable, box.context));
  return writable;
}

export function writeFrame(
  box: OutboxState,
  entry: Entry,
  { generation }: Pick<Writable, 'generation'>,
): void {
  const { uptime } = box.context;
  leaveNow(entry, generation, uptime);
  box.host.write(commandFrame(entry.row));
  if (box.host.confirms() === 'written') watchWritten(box, generation, false);
}

export function disconnected(box: OutboxState): void {
  box.context.deadlines.clear('written');
  box.context.deadlines.clear('unanswered');
  for (const entry of pendingIn(box)) loseLine(entry);
  stopAsking(box);
}

/** In a dialect without answers: what was written long enough ago, to a socket with nothing left to send, has left. */
export function measured(box: OutboxState, generation: number, bufferedBytes: number): void {
  if (box.host.confirms() !== 'written' || box.host.writable()?.generation !== generation) return;
  for (const entry of pendingIn(box)) {
    const { delivery } = entry;
    if (
      delivery.state !== 'in_flight' ||
      bufferedBytes > 0 ||
      delivery.writtenAt + WRITTEN_AFTER_MS > box.context.uptime
    )
      continue;
    end(box, entry, { row: null, outcome: { status: 'written' } });
  }
  watchWritten(box, generation, bufferedBytes > 0);
  pump(box);
}

function watchWritten(box: OutboxState, generation: number, busy: boolean): void {
  const { deadlines, uptime } = box.context;
  const written = pendingIn(box).flatMap(({ delivery }) =>
    delivery.state === 'in_flight' ? [delivery.writtenAt] : [],
  );
  if (written.length === 0) return deadlines.clear('written');
  const waitMs = busy ? WRITTEN_AFTER_MS : Math.min(...written) + WRITTEN_AFTER_MS - uptime;
  box.context.after('written', Math.max(waitMs, 1), () => box.host.measure(generation));
}

/**
 * The line is asked whether it lives for a command that waits too long, once for each time that it was sent: also for one
 * that is held behind another, which may be what was lost.
 */
function watchAnswers(box: OutboxState, { generation }: Pick<Writable, 'generation'>): void {
  const { deadlines, uptime } = box.context;
  let next = Number.POSITIVE_INFINITY;
  for (const entry of pendingIn(box)) {
    if (entry.awaits?.generation !== generation) awaitAnswer(entry, generation, uptime);
    next = Math.min(next, entry.awaits?.at ?? next);
  }
  if (next === Number.POSITIVE_INFINITY) return deadlines.clear('unanswered');
  // Less than a millisecond may be less than the clock shows, and would be due at once, again and again.
  box.context.after('unanswered', Math.max(next + UNANSWERED_MS - uptime, 1), () => {
    const now = box.context.uptime;
    for (const entry of pendingIn(box))
      if ((entry.awaits?.at ?? now) + UNANSWERED_MS <= now) awaitAnswer(entry, generation, null);
    box.host.probe();
    watchAnswers(box, { generation });
  });
}

/**
 * Has the store say that they may have left: those whose turn it is leave then, on the connection that they are marked for, also
 * where there is no store; `areAhead`: those behind them stand by. What is not marked has never left.
 */
function storeMarks(box: OutboxState, marked: readonly Entry[], writable: Writable, areAhead: boolean): void {
  // Where the disk says "never ran", or is about to, no loss of power may leave it at that once the frame is out. It may have
  // a row of which this hub is yet to hear.
  const isFirst = marked.some(
    ({ row, stored }) => neverRan(row) || row.priority === 'high' || stored !== 'maybe_sent',
  );
  for (const entry of marked)
    beginMark(entry, markedRow(withEnd(box, entry), writable, box.context), writable.generation, areAhead);
  const ops = marked.map(({ row }): StoreOp => ({ op: 'put', table: 'entries', row }));
  box.writer.write(ops, isFirst ? 'strict' : 'relaxed', (stored) => {
    const open = box.host.writable();
    for (const entry of marked) {
      if (stored) knowMarked(entry);
      const { delivery, row } = entry;
      if (delivery.state !== 'marking') continue;
      const isOpen = open?.generation === delivery.generation;
      const mayLeave = isOpen && entry.stored !== 'unsent' && !box.writer.isInDoubt(row.id);
      if (mayLeave && !areAhead) writeFrame(box, entry, delivery);
      else takeMarkBack(entry, mayLeave && stored);
    }
    box.host.changed();
    pump(box);
    // While these are on their way, so that what follows waits for no store.
    const ahead = open && stored && !areAhead ? pick(box, 2).filter((entry) => !markOf(entry)) : [];
    if (open && ahead.length > 0) storeMarks(box, ahead, open, true);
  });
}

/** The server of before may have taken more than this one does, and have run it. */
function refuseTooLarge(box: OutboxState, entry: Entry, { maxFrameBytes }: Writable): void {
  const { command, maybeSent } = entry.row;
  const message = `${frameBytes(entry.row)} bytes; the server takes at most ${maxFrameBytes}`;
  if (!maybeSent) return reject(box, entry, 'too_large', message);
  const what = `${command.type} was sent before and cannot be again (${message}): it is uncertain`;
  box.context.report('too_large', what);
  leaveUncertain(box, entry);
}

/** Which may leave now; of more windows than one, which follow them. */
function pick(box: OutboxState, windows = 1): Entry[] {
  const { writer } = box;
  const pending = pendingIn(box)
    .filter(({ row }) => !row.withdrawing)
    .sort(inOrder)
    // A row that says "never ran", or may say so, must not be contradicted: it waits for the store.
    .map((entry) => ({
      entry,
      held: writer.isInDoubt(entry.row.id) || (writer.degraded && mayBeUnsent(entry)),
      bytes: frameBytes(entry.row),
    }));
  return pickNext(pending, box.context.settings.inFlightLimit * windows);
}

function isNext(box: OutboxState, entry: Entry): boolean {
  if (pendingIn(box).some(({ delivery }) => delivery.state === 'marking')) return false;
  const next = pick(box);
  return next.length === 1 && next[0] === entry;
}
