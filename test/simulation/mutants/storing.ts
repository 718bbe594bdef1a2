import type { Mutant } from './mutant.ts';

/** Mistakes in what is stored, in which order and how safely. */
export const STORING_MUTANTS: readonly Mutant[] = [
  {
    name: 'a retry leaves its old outcome in the store',
    file: 'worker/core/outbox/outbox.ts',
    text: '[...box.outcomes.remove(id), ...',
    instead: '[...(box.outcomes.remove(id), []), ...',
    test: 'test/unit/core/power-loss.test.ts',
  },
  {
    name: "a normal command's mark is written relaxed over a row that says that it never was sent",
    file: 'worker/core/outbox/dispatch.ts',
    text: "row.priority === 'high' || stored !== 'maybe_sent',",
    instead: "row.priority === 'high' || stored === null,",
    test: 'test/unit/core/power-loss.test.ts',
  },
  {
    name: 'that a normal command has expired, was dropped or cancelled is written relaxed',
    file: 'worker/core/outbox/endings.ts',
    text: "const durability = neverRan || entry.row.priority === 'high' ?",
    instead:
      "const durability = (neverRan && entry.row.priority === null) || entry.row.priority === 'high' ?",
    test: 'test/unit/core/power-loss.test.ts',
  },
  {
    name: 'an ending is not stored, so that the row comes back',
    file: 'worker/core/outbox/endings.ts',
    text: '    ...box.outcomes.prune(box.context.now),',
    instead:
      "    { op: 'put', table: 'entries', row: entry.row },\n    ...box.outcomes.prune(box.context.now),",
  },
  {
    name: 'rows that the store holds are not taken over',
    file: 'worker/core/outbox/merge.ts',
    text: '    if (entries.has(row.id)) continue;\n',
    instead: '    if (entries.has(row.id) || entries.size > 0) continue;\n',
  },
  {
    name: 'memory forgets that a row may have been sent when the store is back',
    file: 'worker/core/outbox/merge.ts',
    text: 'maybeSent: memory.maybeSent || stored.maybeSent,',
    instead: 'maybeSent: false,',
  },
  {
    name: 'that a command was taken back is not stored',
    file: 'worker/core/outbox/withdrawal.ts',
    text: '  const { row, askedOn } = entry;\n',
    instead: '  const { askedOn } = entry;\n  const row = { ...entry.row, withdrawing: undefined };\n',
  },
  {
    name: 'what the store may have written is taken for failed',
    file: 'worker/core/store-writer.ts',
    text: "    if (failure === 'unknown') return this.#degrade(failure, message, writes);\n",
    instead: '',
  },
  {
    name: 'what is in doubt counts as stored when the store is back',
    file: 'worker/core/store-writer.ts',
    text: 'const stored = isWritten(ops, state);',
    instead: 'const stored = ops.length >= 0 || isWritten(ops, state);',
    test: 'test/unit/core/storage-unknown.test.ts',
  },
  {
    name: 'a decision is stored relaxed',
    file: 'worker/core/outbox/outbox.ts',
    text: "row.priority === 'high' || entry.stored !== 'no' ? 'strict'",
    instead: "row.seq < 0 || entry.stored !== 'no' ? 'strict'",
  },
  {
    name: 'what memory holds keeps its place in the queue when the store has others',
    file: 'worker/core/outbox/merge.ts',
    text: '  queueBehind(box, inStore);\n',
    instead: '',
  },
];
