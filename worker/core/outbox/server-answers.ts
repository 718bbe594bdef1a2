/** What follows from the server's answer to a command: it has ended, or waits and is tried again. */
import { isTooDeep, TOO_DEEP } from '../../../src/protocol/json.ts';
import { retryWaitMs } from '../backoff.ts';
import { ok } from '../reply.ts';
import { pump } from './dispatch.ts';
import { end, reject } from './endings.ts';
import {
  type Entry,
  hearAnswer,
  isPending,
  knowNeverRan,
  knowStored,
  putOff,
  retryName,
  waitNoMore,
} from './entry.ts';
import { expireEntry } from './expiry.ts';
import type { OutboxState } from './outbox-state.ts';
import { answerSend } from './tab-answers.ts';
import { withdrawn } from './withdrawal.ts';

export interface Ack {
  id: string;
  duplicate?: true | undefined;
  result?: unknown;
}

export interface Nack {
  id: string;
  code: string;
  message: string;
  retry: boolean;
  retry_after_ms?: number | undefined;
  ran?: false | undefined;
}

export function acked(box: OutboxState, { id, duplicate, result }: Ack): void {
  const entry = box.entries.get(id);
  if (!entry || !isPending(entry)) return;
  answerSend(box, id, ok({ durable: true }));
  const outcome = {
    status: 'accepted',
    duplicate: duplicate ?? false,
    result: isTooDeep(result) ? undefined : result,
  } as const;
  if (outcome.result !== result) {
    const { type } = entry.row.command;
    const message = `the result of ${type} is ${TOO_DEEP}, and left out`;
    box.context.reportOnce(`result:${type}`, 'too_large', message);
  }
  end(box, entry, { row: null, outcome });
  pump(box);
}

export function nacked(box: OutboxState, nack: Nack): void {
  const { id, code, message } = nack;
  const entry = box.entries.get(id);
  if (!entry || !isPending(entry)) return;
  // It is being cancelled: what was said of it before stays true.
  if (nack.retry && box.endings.has(id)) return;
  hearAnswer(entry);
  if (isCancelled(entry, nack)) withdrawn(box, entry);
  else if (!nack.retry) {
    // Only then it is known that none of its attempts was begun.
    const isExpired = code === 'expired' && nack.ran === false;
    if (isExpired) expireEntry(box, entry, message);
    else reject(box, entry, code, message);
  } else {
    const waitMs = retryWaitMs(box.context, entry.row.attempt - 1, nack.retry_after_ms);
    putOff(entry, { code, message });
    if (nack.ran === false) keepNeverRan(box, entry);
    box.context.after(retryName(id), waitMs, () => waitNoLonger(box, entry));
  }
  box.host.changed();
  pump(box);
}

/** Its time has come, or a person wants it now. */
export function waitNoLonger(box: OutboxState, entry: Entry): void {
  if (!waitNoMore(entry)) return;
  box.context.deadlines.clear(retryName(entry.row.id));
  box.host.changed();
  pump(box);
}

/** The next hub may call it cancelled, too. */
function keepNeverRan(box: OutboxState, entry: Entry): void {
  knowNeverRan(entry);
  const { row } = entry;
  // Somebody signs out, and may have emptied the store.
  if (!box.host.writable()) return;
  box.writer.write([{ op: 'put', table: 'entries', row }], 'relaxed', (stored) => {
    if (stored) knowStored(entry, row);
  });
}

function isCancelled({ row }: Entry, { retry, code, ran }: Nack): boolean {
  if (retry) return ran === false && row.withdrawing === true;
  // Without either it is a word of the application's own.
  return code === 'cancelled' && (ran === false || row.withdrawing === true);
}
