/** Which commands count as one, and which of those goes on: of a type and `dedupeKey`, one may be pending. */
import { interpretCommand } from '../../../src/protocol/interpret.ts';
import type { StoredOutcome } from '../store.ts';
import { drop, leaveUncertain } from './endings.ts';
import type { Entry } from './entry.ts';
import { type OutboxState, pendingIn } from './outbox-state.ts';

/**
 * Of pending ones, the command that says the same. A page is refused another one (`outbox.ts`); what another hub has taken as
 * well is not sent, and uncertain.
 */
export function twin(pending: readonly Entry[], type: string, dedupeKey: string | null): Entry | undefined {
  if (dedupeKey === null) return undefined;
  return pending.find(({ row }) => row.dedupeKey === dedupeKey && row.command.type === type);
}

/**
 * A hub that could not read its store knew nothing of the keys that are pending there, and may have taken others of them.
 * When the store is back, one of each key goes on.
 *
 * What this hub has sent goes on, or has ended; else what was stored first. The other is not sent any more, and says so: it
 * is uncertain where an earlier hub may have sent it.
 *
 * @param strangers pending in the store, and not known to memory
 * @param ended how commands ended in memory alone
 */
export function partTwins(
  box: OutboxState,
  strangers: readonly Entry[],
  ended: readonly StoredOutcome[],
): void {
  const known = pendingIn(box).filter((entry) => !strangers.includes(entry));
  for (const stranger of strangers) {
    const { id, command, dedupeKey } = stranger.row;
    if (dedupeKey === null) continue;
    const rival = twin(known, command.type, dedupeKey);
    if (rival?.row.attempt === 0) leave(box, rival, id);
    else {
      const other = rival?.row.id ?? ended.find((outcome) => mayHaveRun(box, outcome, stranger))?.id;
      if (other !== undefined) leave(box, stranger, other);
    }
  }
}

const MAY_HAVE_RUN: readonly string[] = ['accepted', 'written', 'uncertain'];

function mayHaveRun({ context }: OutboxState, { command, outcome }: StoredOutcome, { row }: Entry): boolean {
  if (command.type !== row.command.type || !MAY_HAVE_RUN.includes(outcome.status)) return false;
  const interpreted = interpretCommand(context.protocol, command);
  return interpreted.ok && interpreted.dedupeKey === row.dedupeKey;
}

function leave(box: OutboxState, entry: Entry, other: string): void {
  const { maybeSent, command, dedupeKey } = entry.row;
  if (maybeSent) return leaveUncertain(box, entry);
  const message = `${command.type} "${dedupeKey}" was taken twice while the storage failed: ${other} goes on`;
  drop(box, entry, 'duplicate_command', message);
}
