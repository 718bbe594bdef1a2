/**
 * Taking back what may have run. Only the server knows, so that it is asked, and the command itself is sent no more; where
 * no answer will come, a person decides.
 */
import { ok } from '../reply.ts';
import { end, leaveUncertain } from './endings.ts';
import {
  askToWithdraw,
  beginWithdrawal,
  type Entry,
  isPending,
  knowStored,
  retryName,
  takeWithdrawalBack,
} from './entry.ts';
import { type OutboxState, pendingIn, type Writable } from './outbox-state.ts';
import { answerCancel, storageUnavailable } from './tab-answers.ts';

/** What a server must keep to, to be asked. */
const CAPABILITY = 'withdraw';
/** So long who cancels waits for the server's word, before the entry alone tells. */
const ANSWER_MS = 3_000;

/**
 * Marks it, durably: from here on it is not sent as a command. It is asked about whenever the line is open. Of one that is
 * marked in memory alone, that is tried once more.
 */
export function withdraw(box: OutboxState, entry: Entry): void {
  const { context, writer, host } = box;
  const { id } = entry.row;
  beginWithdrawal(entry);
  context.deadlines.clear(retryName(id));
  host.changed();
  const writable = host.writable();
  if (writable) askWithdrawals(box, writable);
  if (!isPending(entry)) return;
  const { row, askedOn } = entry;
  writer.write([{ op: 'put', table: 'entries', row }], 'strict', (stored) => {
    if (stored) knowStored(entry, row);
    if (askedOn !== null && host.writable()?.generation === askedOn) {
      // The server may answer soon. Until then nothing keeps the next hub from sending it but the row.
      if (stored) context.after(`withdraw:${id}`, ANSWER_MS, () => answerCancel(box, id, ok(false)));
      return;
    }
    if (stored) return answerCancel(box, id, ok(false));
    // The next hub would send it.
    takeWithdrawalBack(entry);
    host.changed();
    answerCancel(box, id, storageUnavailable(row.command.type));
  });
}

/** Asks about what is marked and was not asked about on this connection. */
export function askWithdrawals(box: OutboxState, { generation, capabilities }: Writable): void {
  const canAsk = capabilities.includes(CAPABILITY);
  for (const entry of withdrawnIn(box)) {
    const { state } = entry.delivery;
    if (!canAsk) {
      // Its own frame may still be answered.
      if (state !== 'in_flight') leaveUncertain(box, entry);
    } else if (entry.askedOn !== generation && (state === 'ready' || state === 'in_flight')) {
      askToWithdraw(entry, generation, box.context.uptime);
      box.host.write({ type: 'withdraw', id: entry.row.id });
    }
  }
}

/**
 * No answer comes any more: who waits for it sees the entry. Who waits for the store is answered by that, or, where it
 * takes too long, with `unconfirmed`.
 */
export function stopAsking(box: OutboxState): void {
  for (const { row } of withdrawnIn(box))
    if (box.context.deadlines.at(`withdraw:${row.id}`) !== null) answerCancel(box, row.id, ok(false));
}

/**
 * The server, or what it said before, has it that it never ran and never will: it stays so whatever the store says, and
 * holds nothing back. An earlier hub may have asked for that, whose mark was not stored.
 */
export function withdrawn(box: OutboxState, entry: Entry): void {
  beginWithdrawal(entry);
  end(box, entry, { row: null, outcome: { status: 'cancelled' } });
}

function withdrawnIn(box: OutboxState): Entry[] {
  return pendingIn(box).filter(({ row }) => row.withdrawing);
}
