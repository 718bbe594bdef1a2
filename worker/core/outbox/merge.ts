/** Taking the stored rows over: what the store holds and what memory holds become one account. */
import { ok } from '../reply.ts';
import type { StoredEntry, StoredOutcome, StoreOp } from '../store.ts';
import { partTwins } from './dedupe.ts';
import { pump } from './dispatch.ts';
import { apply, opsOf } from './endings.ts';
import {
  type Entry,
  isPending,
  knowRead,
  knowStored,
  knowUnsent,
  newEntry,
  queueAt,
  retryName,
  storedAs,
} from './entry.ts';
import type { OutboxState } from './outbox-state.ts';
import { answerSend } from './tab-answers.ts';
import { barSuspect, restoreEntry } from './upgrade.ts';

export interface Merged {
  /** What memory has and the store lacks. */
  ops: StoreOp[];
  /** To be told how writing that went. */
  stored: (done: boolean) => void;
}

/** At the start, or after the store failed. */
export function mergeStored(
  box: OutboxState,
  rows: readonly StoredEntry[],
  storedOutcomes: readonly StoredOutcome[],
): Merged {
  const { context, host, entries, outcomes } = box;
  const inStore = new Map(rows.map((row) => [row.id, row]));
  const settledInStore = new Map(storedOutcomes.map((outcome) => [outcome.id, outcome]));
  const ops: StoreOp[] = [];
  const strangers: Entry[] = [];
  queueBehind(box, inStore);
  for (const entry of entries.values()) {
    const row = inStore.get(entry.row.id);
    const wasUnsent = row && isUnsent(entry.row, row);
    knowRead(entry, row, row && mergeRows(entry.row, row));
    if (wasUnsent) knowUnsent(entry);
    const settled = settledInStore.get(entry.row.id);
    if (!settled || !isPending(entry)) continue;
    if (!row) forget(box, entry, settled);
    else {
      // It was retried since.
      settledInStore.delete(row.id);
      ops.push({ op: 'delete', table: 'outcomes', key: row.id });
    }
  }
  for (const row of inStore.values()) {
    if (entries.has(row.id)) continue;
    if (outcomes.get(row.id)) {
      ops.push({ op: 'delete', table: 'entries', key: row.id });
      continue;
    }
    const restored = restoreEntry(context.protocol, barSuspect(context, row), context.now);
    const ageMs = ageOf(row, context.now);
    const offeredAt = row.maybeSent && row.firstSentAt === null ? context.uptime - ageMs : null;
    // Of one whose end the server's clock tells, no age has to be known.
    const isAgeless = row.expiresAt !== undefined && row.createdAt > context.now;
    const takenAt = context.uptime - (isAgeless ? 0 : ageMs);
    const markedAt = row.lastSent?.markedAt ?? Infinity;
    const leftAt = markedAt <= context.now ? context.uptime - (context.now - markedAt) : null;
    const known = { context, row: restored, offeredAt, takenAt, leftAt, stored: storedAs(row) };
    const stranger = newEntry(known, 'ready');
    entries.set(row.id, stranger);
    if (isPending(stranger)) strangers.push(stranger);
  }
  const ended = [...outcomes.all].filter(({ id }) => !settledInStore.has(id));
  for (const outcome of ended) ops.push({ op: 'put', table: 'outcomes', row: outcome });
  outcomes.load([...settledInStore.values()]);
  partTwins(box, strangers, ended);
  // Until it is stored a row may change.
  const written = [...entries.values()]
    .filter((entry) => inStore.get(entry.row.id) !== entry.row)
    .map((entry) => ({ entry, row: box.endings.get(entry.row.id)?.row ?? entry.row }));
  for (const { entry } of written) ops.push(...opsOf(box, entry));
  const endings = [...box.endings];
  host.changed();
  return {
    ops,
    stored: (done) => {
      if (!done) return;
      for (const { entry, row } of written) {
        knowStored(entry, row);
        answerSend(box, entry.row.id, ok({ durable: true }));
      }
      for (const [id, ending] of endings) apply(box, id, ending);
      pump(box);
    },
  };
}

/** Of a row from the future nobody knows how old it is: the clock was set back. */
function ageOf({ createdAt }: StoredEntry, now: number): number {
  return createdAt <= now ? now - createdAt : now;
}

/** What was taken without a look at the store comes after all that it holds. */
function queueBehind(box: OutboxState, inStore: ReadonlyMap<string, StoredEntry>): void {
  let last = 0;
  for (const { seq } of inStore.values()) last = Math.max(last, seq);
  for (const entry of [...box.entries.values()].sort((a, b) => a.row.seq - b.row.seq)) {
    if (inStore.has(entry.row.id)) continue;
    last = Math.max(last + 1, entry.row.seq);
    queueAt(entry, last);
  }
  box.seq = Math.max(box.seq, last);
}

/** The page takes it for sent, perhaps, by an earlier hub. The store says that hub did not send it, and this one did not either. */
function isUnsent({ attempt, withdrawing }: StoredEntry, stored: StoredEntry): boolean {
  return attempt === 0 && !withdrawing && !stored.maybeSent && stored.fate.state === 'pending';
}

/** Two accounts of one command: whatever either knows to have happened, happened. */
function mergeRows(memory: StoredEntry, stored: StoredEntry): StoredEntry {
  const firsts = [memory.firstSentAt, stored.firstSentAt].filter((at) => at !== null);
  const expiresAt = memory.expiresAt ?? stored.expiresAt;
  return {
    ...memory,
    seq: stored.seq,
    maybeSent: memory.maybeSent || stored.maybeSent,
    attempt: Math.max(memory.attempt, stored.attempt),
    firstSentAt: firsts.length > 0 ? Math.min(...firsts) : null,
    ...(expiresAt !== undefined && { expiresAt }),
    withdrawing: memory.withdrawing || stored.withdrawing,
    lastSent: memory.lastSent ?? stored.lastSent,
  };
}

/** The store says how a command ended that memory took for pending. */
function forget(box: OutboxState, { row }: Entry, settled: StoredOutcome): void {
  const { id } = settled;
  box.entries.delete(id);
  box.context.deadlines.clear(retryName(id));
  answerSend(box, id, ok({ durable: true }));
  box.host.settled({ ...settled, command: row.command });
}
