import type { Mutant } from './mutant.ts';

/** Mistakes in what is handed to the socket, and when. */
export const SENDING_MUTANTS: readonly Mutant[] = [
  {
    name: 'a command that waits for its time never becomes uncertain',
    file: 'worker/core/outbox/resend.ts',
    text: "const isOut = entry.delivery.state === 'in_flight' || entry.delivery.state === 'marking';",
    instead: "const isOut = ['in_flight', 'marking', 'waiting'].includes(entry.delivery.state);",
    test: 'test/unit/core/power-loss.test.ts',
  },
  {
    name: 'an entry is deleted when it is sent',
    file: 'worker/core/outbox/dispatch.ts',
    text: "  const ops = marked.map(({ row }): StoreOp => ({ op: 'put', table: 'entries', row }));",
    instead:
      "  const ops = marked.map(({ row }): StoreOp => ({ op: 'delete', table: 'entries', key: row.id }));",
  },
  {
    name: 'a frame is written before its row says that it may have been sent',
    file: 'worker/core/outbox/dispatch.ts',
    text: 'markedRow(withEnd(box, entry), writable, box.context),',
    instead: '{ ...markedRow(withEnd(box, entry), writable, box.context), maybeSent: false },',
  },
  {
    name: 'what was marked ahead for one connection leaves on the next by that mark',
    file: 'worker/core/outbox/entry.ts',
    text: "if (state === 'in_flight' || state === 'ready') entry.delivery = { state: 'ready' };",
    instead: "if (state === 'in_flight') entry.delivery = { state: 'ready' };",
    test: 'test/unit/core/outbox-marks.test.ts',
  },
  {
    name: 'a decision leaves with what was marked ahead, before its row says so',
    file: 'worker/core/outbox/dispatch.ts',
    text: 'picked.every(markOf)',
    instead: 'picked.some(markOf)',
    test: 'test/unit/core/outbox-marks.test.ts',
  },
  {
    name: 'what is marked ahead leaves with the window before it',
    file: 'worker/core/outbox/dispatch.ts',
    text: 'if (mayLeave && !areAhead) writeFrame',
    instead: 'if (mayLeave) writeFrame',
    test: 'test/unit/core/outbox-marks.test.ts',
  },
  {
    name: 'an entry that may have been sent expires',
    file: 'worker/core/outbox/expiry.ts',
    text: 'else if (!row.maybeSent) expireEntry',
    instead: 'else if (row.seq > 0) expireEntry',
  },
  {
    name: 'an entry is sent again, though the server may have forgotten it',
    file: 'worker/core/outbox/resend.ts',
    text: 'firstSentAt >= dedupeSince && firstSentAt <= serverTime',
    instead: 'firstSentAt > 0',
  },
  {
    name: 'what was in flight is not sent again after a reconnect',
    file: 'worker/core/outbox/entry.ts',
    text: "if (state === 'in_flight' || state === 'ready') entry.delivery = { state: 'ready' };",
    instead: "if (state === 'in_flight') entry.delivery = { state: 'storing' };",
  },
  {
    name: 'the order is turned around when commands are sent again',
    file: 'worker/core/outbox/entry.ts',
    text: '  return a.row.seq - b.row.seq;',
    instead:
      '  return a.row.attempt > 0 || b.row.attempt > 0 ? b.row.seq - a.row.seq : a.row.seq - b.row.seq;',
  },
  {
    name: 'a second high command of a topic overtakes the first',
    file: 'worker/core/outbox/entry.ts',
    text: "  if (a.row.priority !== b.row.priority) return a.row.priority === 'high' ? -1 : 1;\n  return",
    instead:
      "  if (a.delivery.state === 'waiting' || b.delivery.state === 'waiting') return a.delivery.state === 'waiting' ? 1 : -1;\n  return",
  },
  {
    name: 'what makes room for newer commands may have been sent',
    file: 'worker/core/outbox/limits.ts',
    text: 'find(hasNotLeft)',
    instead: "find((entry) => hasNotLeft(entry) || entry.delivery.state !== 'storing')",
  },
  {
    name: 'what was sent to a log that is lost is sent again',
    file: 'worker/core/outbox/resend.ts',
    text: '  if (!runs) return true;',
    instead: '  if (runs?.length !== 0) return true;',
  },
  {
    name: 'a run of the server counts as at work before it began, where its clock was set back',
    file: 'worker/core/outbox/resend.ts',
    text: 'from <= Math.min(at, leftBy) &&',
    instead: 'from <= at &&',
    test: 'test/unit/core/outbox-restart.test.ts',
  },
  {
    name: 'a run of the server counts as at work before it began, where its clock was set ahead',
    file: 'worker/core/outbox/resend.ts',
    text: ' && leftBy <= at + CLOCK_ERROR_MS;',
    instead: ';',
    test: 'test/unit/core/outbox-restart.test.ts',
  },
  {
    name: 'what a page offers anew is sent again where the clock of the server was set back',
    file: 'worker/core/outbox/resend.ts',
    text: 'return serverAskedAt <= askedBy && isKnownSince(since, runs);',
    instead: 'return serverAskedAt <= Infinity && isKnownSince(since, runs);',
    test: 'test/unit/core/outbox-restart.test.ts',
  },
  {
    name: 'when a command was first sent counts, not when it was last',
    file: 'worker/core/outbox/resend.ts',
    text: '  const { run, at } = lastSent;',
    instead: '  const { run } = lastSent;\n  const at = firstSentAt ?? lastSent.at;',
  },
  {
    name: 'without a store, rows are sent that say that they never were',
    file: 'worker/core/outbox/dispatch.ts',
    text: 'held: writer.isInDoubt(entry.row.id) || (writer.degraded && mayBeUnsent(entry)),',
    instead: 'held: writer.isInDoubt(entry.row.id),',
  },
  {
    name: 'any refusal for now counts as never begun',
    file: 'worker/core/outbox/server-answers.ts',
    text: '    if (nack.ran === false) keepNeverRan(box, entry);\n',
    instead: '    keepNeverRan(box, entry);\n',
  },
  {
    name: 'a frame does not say when its command ends',
    file: 'worker/core/outbox/frame.ts',
    text: '    expires_at: expiresAt,\n',
    instead: '    expires_at: attempt < 0 ? expiresAt : undefined,\n',
  },
  {
    name: 'a stored command is called of the newer version in its old shape',
    file: 'worker/core/outbox/upgrade.ts',
    text: 'return { ...row, command, appVersion, dedupeKey, replaceKey };',
    instead: 'return { ...row, appVersion, dedupeKey, replaceKey };',
    test: 'test/unit/core/outbox-restart.test.ts',
  },
  {
    name: 'a command that the server puts off waits for ever',
    file: 'worker/core/outbox/server-answers.ts',
    text: '  if (!waitNoMore(entry)) return;\n',
    instead: '  if (waitNoMore(entry)) return;\n',
  },
];
