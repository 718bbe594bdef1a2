import type { Mutant } from './mutant.ts';

/** Mistakes in the server and its logs. */
export const SERVER_MUTANTS: readonly Mutant[] = [
  {
    name: 'the server runs the commands of both connections of a browser',
    file: 'src/server/core/session.ts',
    text: "    this.stopCommands();\n    this.#line.goodbye({ code: 'superseded'",
    instead: "    if (this.stopCommands.length === 0) return;\n    this.#line.goodbye({ code: 'superseded'",
  },
  {
    name: 'the server runs a command again that it has accepted',
    file: 'src/server/log/memory-log.ts',
    text: "this.#record(command, { status: 'accepted', result: command.result }, now);",
    instead: "this.#record(command, { status: 'begun' }, now);",
  },
  {
    name: 'the server does not remember to whom it owes a critical event',
    file: 'src/server/log/memory-log.ts',
    text: 'if (event.critical) for (const client of owedBy) this.#deliver(client, name, event);',
    instead:
      'if (event.critical && owedBy.length > 9) for (const client of owedBy) this.#deliver(client, name, event);',
  },
  {
    name: 'a cursor of a history that is lost is taken for one of this history',
    file: 'src/server/core/subscription.ts',
    text: "    if (offset === 0 || ts === null) return 'same';",
    instead: "    if (offset >= 0 || ts === null) return 'same';",
  },
  {
    name: 'the server lets a connection of a lower term take over',
    file: 'src/server/core/clients.ts',
    text: '      if (contender.term < holder.term) return false;\n',
    instead: '',
  },
  {
    name: 'a repeat does not wait for the first to end',
    file: 'src/server/core/commands.ts',
    text: '    if (earlier) {',
    instead: '    if (earlier && frame.attempt < 0) {',
  },
];
