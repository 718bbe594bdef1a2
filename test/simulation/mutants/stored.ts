import type { Mutant } from '../mutants.ts';

/** Mistakes in what is stored, and how safely. */
export const STORED_MUTANTS: readonly Mutant[] = [
  {
    name: 'a retry leaves its old outcome in the store',
    file: 'worker/core/outbox/outbox.ts',
    text: '  put(box, entry, false, box.outcomes.remove(id));',
    instead: '  box.outcomes.remove(id);\n  put(box, entry, false);',
    test: 'test/unit/core/power-loss.test.ts',
  },
  {
    name: "a normal command's mark is written relaxed over a row that says that it never was sent",
    file: 'worker/core/outbox/dispatch.ts',
    text: "row.priority === 'high' || stored === 'unsent');",
    instead: "row.priority === 'high' || stored === null);",
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
    name: 'a command that waits for its time never becomes uncertain',
    file: 'worker/core/outbox/dispatch.ts',
    text: "const isOut = entry.delivery.state === 'in_flight' || entry.delivery.state === 'marking';",
    instead: "const isOut = ['in_flight', 'marking', 'waiting'].includes(entry.delivery.state);",
    test: 'test/unit/core/power-loss.test.ts',
  },
];
