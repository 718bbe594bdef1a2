/**
 * When a command's time is over, and what comes of it then. Its end is a moment of the server's clock, so that it can be
 * held to where it matters; until that clock is known, the age in this browser counts.
 */
import { commandDefinition } from '../../../src/protocol/interpret.ts';
import type { OutgoingCommand } from '../../../src/protocol/port.ts';
import type { StoredEntry } from '../store.ts';
import { end, leaveUncertain } from './endings.ts';
import type { Entry } from './entry.ts';
import { type OutboxState, pendingIn, type Writable } from './outbox-state.ts';

/** As the page names it; `undefined` where it has none, or it is not known by the server's clock. */
export function firstEnd(
  { protocol }: OutboxState['context'],
  { command, expiresAt, serverAskedAt }: OutgoingCommand,
): number | undefined {
  const ttlMs = commandDefinition(protocol, command.type)?.ttlMs ?? Infinity;
  const end = Math.min(expiresAt ?? Infinity, (serverAskedAt ?? Infinity) + ttlMs);
  return end === Infinity ? undefined : end;
}

/** The row with its end by the server's clock, where it has one and that clock is certain. */
export function withEnd(box: OutboxState, entry: Entry): StoredEntry {
  const expiresAt = endOf(box, entry);
  return expiresAt === entry.row.expiresAt ? entry.row : { ...entry.row, expiresAt };
}

/** By the server's clock, where it has one and that clock is certain. */
export function endOf({ context }: OutboxState, { row, takenAt }: Entry): number | undefined {
  const { certainServerNow, uptime } = context;
  const { expiresAt, maybeSent, attempt } = row;
  const ttlMs = ttlOf(context, row);
  // What the server was told stays. What an earlier hub may have told it was no later than either of these.
  const wasTold = maybeSent && attempt > 0 && expiresAt !== undefined;
  if (ttlMs === undefined || certainServerNow === null || wasTold) return expiresAt;
  const byAge = Math.round(certainServerNow - (uptime - takenAt) + ttlMs);
  return Math.min(byAge, expiresAt ?? byAge);
}

/** How long it may still begin; `null`: for as long as it takes, or nobody knows. */
function leftMs(box: OutboxState, entry: Entry): number | null {
  const { serverNow, uptime } = box.context;
  const end = endOf(box, entry) ?? Infinity;
  const ttlMs = entry.row.maybeSent ? Infinity : (ttlOf(box.context, entry.row) ?? Infinity);
  const left = Math.min(serverNow === null ? Infinity : end - serverNow, entry.takenAt + ttlMs - uptime);
  return left === Infinity ? null : left;
}

export function isOver(box: OutboxState, entry: Entry): boolean {
  const left = leftMs(box, entry);
  return left !== null && left <= 0;
}

/**
 * What was not sent in time is sent no more. What may have been is: the server says how it ended. One that does not keep to
 * the end might begin it now, so that it is not asked, and a person decides.
 *
 * @param again called when the next one's time is over.
 */
export function expire(box: OutboxState, writable: Writable | null, again: () => void): void {
  const { context } = box;
  let next: number | null = null;
  for (const entry of pendingIn(box)) {
    const { delivery, row } = entry;
    const isBusy =
      delivery.state === 'storing' || delivery.state === 'in_flight' || delivery.state === 'marking';
    // Of what is withdrawn the server is asked all the same.
    const left = isBusy || row.withdrawing ? null : leftMs(box, entry);
    if (left === null) continue;
    if (left > 0) next = next === null ? left : Math.min(next, left);
    else if (!row.maybeSent) expireEntry(box, entry, `not sent ${timeOf(context, row)}`);
    else if (writable && !writable.capabilities.includes('expires_at')) leaveUncertain(box, entry);
  }
  if (next === null) context.deadlines.clear('ttl');
  else context.after('ttl', next, again);
}

export function expireEntry(box: OutboxState, entry: Entry, message: string): void {
  const fate = { state: 'expired', at: box.context.now, error: { code: 'expired', message } } as const;
  end(box, entry, { row: { ...entry.row, fate }, outcome: { status: 'expired' } });
}

function ttlOf({ protocol }: OutboxState['context'], { command }: StoredEntry): number | undefined {
  return commandDefinition(protocol, command.type)?.ttlMs;
}

function timeOf(context: OutboxState['context'], row: StoredEntry): string {
  const ttlMs = ttlOf(context, row);
  return ttlMs === undefined ? 'before its end' : `within ${ttlMs} ms`;
}
