import type { Mutant } from './mutant.ts';

/** Mistakes in what tabs ask of the outbox: to send, cancel, retry, dismiss. */
export const OUTBOX_MUTANTS: readonly Mutant[] = [
  {
    name: 'a cancel takes back what may have been sent',
    file: 'worker/core/outbox/outbox.ts',
    text: 'if (entry.row.maybeSent && !neverRan(entry.row)) {',
    instead: 'if (entry.row.maybeSent && entry.row.attempt < 0) {',
  },
  {
    name: 'a send that an earlier hub died over counts as never sent',
    file: 'worker/core/outbox/outbox.ts',
    text: '    maybeSent: maybeSentMs !== null,',
    instead: '    maybeSent: false,',
  },
  {
    name: 'a send resolves before it is stored',
    file: 'worker/core/outbox/outbox.ts',
    text: '  put(box, entry, requireDurable);\n  if (writable)',
    instead: '  answer(ok({ durable: true }));\n  put(box, entry, requireDurable);\n  if (writable)',
  },
  {
    name: 'an uncertain command that is sent again forgets that it may have run',
    file: 'worker/core/outbox/outbox.ts',
    text: 'maybeSent: row.maybeSent && mayHaveRun }',
    instead: 'maybeSent: false }',
  },
  {
    name: 'what has become uncertain is sent again, or put away, for whoever saw it as something else',
    file: 'worker/core/outbox/outbox.ts',
    text: 'return seen !== undefined && seen !== fate.state;',
    instead: "return seen === '' && seen !== fate.state;",
    test: 'test/unit/core/outbox.test.ts',
  },
  {
    name: 'a command that is offered again counts as never older than its offer',
    file: 'worker/core/outbox/outbox.ts',
    text: 'offeredAt: maybeSentMs === null ? null : takenAt,',
    instead: 'offeredAt: maybeSentMs === null ? null : box.context.uptime,',
    also: {
      file: 'worker/core/outbox/resend.ts',
      text: 'knowFirstSent(entry, Math.min(firstSentAt, entry.row.serverAskedAt ?? firstSentAt));',
      instead: 'knowFirstSent(entry, firstSentAt);',
    },
  },
  {
    name: 'what a hub does not know is called forgotten, though it cannot read its store',
    file: 'worker/core/outbox/outbox.ts',
    text: "return box.writer.degraded ? null : { status: 'forgotten' };",
    instead: "return { status: 'forgotten' };",
  },
  {
    name: 'a command of an older page is called of the newer version as it is',
    file: 'worker/core/outbox/outbox.ts',
    text: 'const row = appVersion < protocol.version ? restoreEntry(protocol, given, now) : given;',
    instead: 'const row = { ...given, appVersion: protocol.version };',
  },
  {
    name: 'two commands of one key that were offered before are both delivered',
    file: 'worker/core/outbox/outbox.ts',
    text: '  if (same) return leaveUncertain(box, entry, () => answerTaken(box, entry, requireDurable));\n',
    instead: '',
  },
  {
    name: 'a command that is still to be delivered can be dismissed',
    file: 'worker/core/outbox/outbox.ts',
    text: "  if (entry.row.fate.state === 'pending') {",
    instead: "  if (entry.row.fate.state === 'uncertain') {",
  },
  {
    name: 'a command counts as asked for when its hub reads it',
    file: 'worker/core/hub-machine.ts',
    text: 'return Math.max(0, byCount, askedAt === undefined ? (maybeSentMs ?? 0) : now - askedAt);',
    instead: 'return askedAt === undefined ? Math.max(0, now - now - byCount * 0) : (maybeSentMs ?? 0);',
    test: 'test/unit/hubs/ends.test.ts',
  },
  {
    name: 'a command is as old as the clock says, however that was set on its way',
    file: 'worker/core/hub-machine.ts',
    text: 'const byCount = askedBy?.hub === ownershipId ? ticks - askedBy.ticks : 0;',
    instead: 'const byCount = askedBy?.hub === ownershipId ? ticks - ticks : 0;',
    test: 'test/unit/hubs/ends.test.ts',
  },
  {
    name: 'what has passed while a worker stood still has not, where its clock was set back meanwhile',
    file: 'worker/core/context.ts',
    text: 'this.uptime += wasSetBack ? counted : byClock;',
    instead: 'this.uptime += wasSetBack ? 0 : byClock;',
    test: 'test/unit/hubs/ends.test.ts',
  },
  {
    name: 'an end is named by a clock that may have been set ahead since the server was heard',
    file: 'worker/core/context.ts',
    text: 'this.serverClock.doubt();',
    instead: 'this.serverClock.at(0);',
    test: 'test/unit/core/outbox-restart.test.ts',
  },
  {
    name: 'what is in memory alone is over while its page may offer it again',
    file: 'worker/core/outbox/dispatch.ts',
    text: '!box.writer.degraded || !box.sendAnswers.isEmpty',
    instead: '!box.writer.degraded',
    test: 'test/unit/core/storage-unknown.test.ts',
  },
  {
    name: 'whoever cancels what has ended is answered before the store has its end',
    file: 'worker/core/outbox/outbox.ts',
    text: "if (entry?.row.fate.state !== 'pending') return answer(ok(false));\n  const isAsked",
    instead:
      "if (entry?.row.fate.state !== 'pending' || entry.delivery.state === 'settled') return answer(ok(false));\n  const isAsked",
    test: 'test/unit/core/outbox-withdrawal.test.ts',
  },
  {
    name: 'whoever cancels is told that it is withdrawn, though the store does not have it',
    file: 'worker/core/outbox/withdrawal.ts',
    text: 'if (stored) context.after(',
    instead: 'context.after(',
    test: 'test/unit/core/outbox-withdrawal.test.ts',
  },
  {
    name: 'what is offered again goes by its age, whatever the clock of its server was',
    file: 'worker/core/outbox/outbox.ts',
    text: '    serverAskedAt: serverAskedAt ?? undefined,\n',
    instead: '',
    test: 'test/unit/core/outbox-restart.test.ts',
  },
];
