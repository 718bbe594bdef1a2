/** How a command ends: stored first, told then. */
import { ok } from '../reply.ts';
import type { StoreOp } from '../store.ts';
import { beginEnd, type Entry, goOn, inOrder, knowStored, retryName, stayEnded } from './entry.ts';
import type { Ending, OutboxState } from './outbox-state.ts';
import { answerCancel, storageUnavailable } from './tab-answers.ts';

/** Entries that ended, and that nobody has dismissed. */
const ENDED_LIMIT = 200;

/**
 * Ends a command. Told once the store knows it; a store that fails is waited for, lest a row come back after a crash
 * that was called ended. (Only a cancel is undone then, and its tab told so.) An accepted one is told anyway: the server
 * remembers it.
 *
 * @param done called when the store has answered.
 * @param isWithNext it is stored with what is written next, which follows at once.
 */
export function end(
  box: OutboxState,
  entry: Entry,
  { row, outcome }: Pick<Ending, 'row' | 'outcome'>,
  done?: () => void,
  isWithNext = false,
): void {
  const { id } = entry.row;
  const ending: Ending = { at: box.context.now, n: box.outcomes.nextNumber(), row, outcome };
  // What the server has cancelled stays so.
  const canFail = outcome.status === 'cancelled' && !entry.row.withdrawing;
  beginEnd(entry, canFail);
  box.context.deadlines.clear(retryName(id));
  box.endings.set(id, ending);
  // "It never ran" must outlive a loss of power; of what it accepted, the server says so again.
  const neverRan = !['accepted', 'written'].includes(outcome.status);
  const durability = neverRan || entry.row.priority === 'high' ? 'strict' : 'relaxed';
  box.writer.write(
    opsOf(box, entry),
    durability,
    (stored) => {
      if (stored && row) knowStored(entry, row);
      if (stored || !neverRan) apply(box, id, ending);
      // Who was told "perhaps" of a cancel has it: it waits for a store that works. What needs none waits for no store.
      else if (canFail && box.endings.get(id) === ending && !hasNoRow(box, id) && box.cancelAnswers.has(id))
        takeEndingBack(box, entry);
      done?.();
    },
    isWithNext,
  );
}

/** The store has failed, and it goes on. */
export function takeEndingBack(box: OutboxState, entry: Entry): void {
  const { id, command } = entry.row;
  box.endings.delete(id);
  goOn(entry);
  answerCancel(box, id, storageUnavailable(command.type));
}

/** Whether no store has ever had a row of it, so that none is needed for it to be over. */
export function hasNoRow({ entries, writer }: OutboxState, id: string): boolean {
  return entries.get(id)?.stored === 'no' && !writer.isInDoubt(id);
}

export function reject(box: OutboxState, entry: Entry, code: string, message: string): void {
  const fate = { state: 'rejected', at: box.context.now, error: { code, message } } as const;
  end(box, entry, { row: { ...entry.row, fate }, outcome: { status: 'rejected', code, message } });
}

/** It never left, and never will. */
export function drop(box: OutboxState, entry: Entry, code: string, message: string): void {
  const fate = { state: 'dropped', at: box.context.now, error: { code, message } } as const;
  end(box, entry, { row: { ...entry.row, fate }, outcome: { status: 'dropped' } });
}

/** It may have run, and nobody will tell: a person decides about it. */
export function leaveUncertain(box: OutboxState, entry: Entry, done?: () => void): void {
  const fate = { state: 'uncertain', at: box.context.now } as const;
  end(box, entry, { row: { ...entry.row, fate }, outcome: { status: 'uncertain' } }, done);
}

/** The store knows of it, or need not: it is over, unless another ending took its place. */
export function apply(box: OutboxState, id: string, ending: Ending): void {
  if (box.endings.get(id) !== ending) return;
  box.endings.delete(id);
  const entry = box.entries.get(id);
  if (!entry) return;
  const { at, n, outcome } = ending;
  const settled = { id, at, n, command: entry.row.command, outcome };
  box.outcomes.add(settled);
  if (ending.row) stayEnded(entry, ending.row);
  else box.entries.delete(id);
  answerCancel(box, id, ok(ending.outcome.status === 'cancelled'));
  forgetSurplus(box);
  box.host.settled(settled);
  box.host.changed();
}

/** What the store is to hold of a command, be it pending or ended. */
export function opsOf(box: OutboxState, entry: Entry): StoreOp[] {
  const { id, command } = entry.row;
  const ending = box.endings.get(id);
  if (!ending) return [{ op: 'put', table: 'entries', row: entry.row }];
  return [
    ending.row
      ? { op: 'put', table: 'entries', row: ending.row }
      : { op: 'delete', table: 'entries', key: id },
    {
      op: 'put',
      table: 'outcomes',
      row: { id, at: ending.at, n: ending.n, command, outcome: ending.outcome },
    },
    ...box.outcomes.prune(box.context.now),
  ];
}

/**
 * What ended stays for a person to see, for as long as it takes: no clock deletes it. Only beyond a number that nobody
 * reads any more does the oldest go, and that what needs no decision first.
 */
function forgetSurplus(box: OutboxState): void {
  const ended = [...box.entries.values()].filter(({ row }) => row.fate.state !== 'pending');
  if (ended.length <= ENDED_LIMIT) return;
  const surplus = ended
    .sort((a, b) => rank(a) - rank(b) || inOrder(a, b))
    .slice(0, ended.length - ENDED_LIMIT)
    .map(({ row }) => row.id);
  for (const id of surplus) box.entries.delete(id);
  box.writer.write(
    surplus.map((key) => ({ op: 'delete', table: 'entries', key })),
    'relaxed',
  );
  const message = `${ENDED_LIMIT} commands that ended are kept until dismissed; older ones were forgotten`;
  box.context.reportOnce('surplus', 'outbox_full', message);
}

function rank({ row: { priority, fate } }: Entry): number {
  return priority === 'high' || fate.state === 'uncertain' || fate.state === 'quarantined' ? 1 : 0;
}
