import type { Mutant } from './mutant.ts';

/** Mistakes in the server and its logs. */
export const SERVER_MUTANTS: readonly Mutant[] = [
  {
    name: 'the server runs the commands of both connections of a browser',
    file: 'src/server/core/session.ts',
    text: '    this.stopCommands();\n    // What a lost',
    instead: '    if (this.stopCommands.length === 0) return;\n    // What a lost',
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
    text: "  if (offset === 0 || ts === null) return 'same';",
    instead: "  if (offset >= 0 || ts === null) return 'same';",
    test: 'test/unit/server/topics.test.ts',
  },
  {
    name: 'an SQLite log does not begin anew where it notices that it was restored',
    file: 'src/server/sqlite/sqlite-log.ts',
    text: 'if (restored !== null) this.#renew(openedAt);',
    instead: 'if (restored !== null) this.#renew(0);',
    test: 'test/unit/server/event-logs.test.ts',
  },
  {
    name: 'the server lets a connection of a lower term take over',
    file: 'src/server/core/fence.ts',
    text: '      if (contender.term < holder.term) return false;\n',
    instead: '',
  },
  {
    name: 'a repeat does not wait for the first to end',
    file: 'src/server/core/command-lanes.ts',
    text: '    if (earlier) {',
    instead: '    if (earlier && frame.attempt < 0) {',
  },
  {
    name: 'a server says that a command never was begun that it began once',
    file: 'src/server/core/execute.ts',
    text: 'neverBegun = record === null;',
    instead: "neverBegun = record === null || record.status === 'begun';",
  },
  {
    name: 'a server begins a command past its end',
    file: 'src/server/core/execute.ts',
    text: 'time.now() > expires_at;',
    instead: 'time.now() > expires_at + 86_400_000;',
  },
  {
    name: 'an SQLite log forgets ids without a word',
    file: 'src/server/sqlite/sqlite-log.ts',
    text: 'SELECT max(at) + 1 FROM commands WHERE at < ?',
    instead: 'SELECT max(at) - at FROM commands WHERE at < ?',
    test: 'test/unit/server/event-logs.test.ts',
  },
  {
    name: 'an SQLite log says of a command that was withdrawn once begun that it never was',
    file: 'src/server/sqlite/sqlite-log.ts',
    text: "begun ? 'cancelled_begun' : 'cancelled'",
    instead: "begun ? 'cancelled' : 'cancelled'",
    test: 'test/unit/server/event-logs.test.ts',
  },
  {
    name: "a server's time runs backwards with its clock",
    file: 'src/server/core/server-time.ts',
    text: 'this.#newest = Math.max(this.#clock.now(), slow);',
    instead: 'this.#newest = slow < 0 ? slow : this.#clock.now();',
    test: 'test/unit/server/server-time.test.ts',
  },
  {
    name: 'a run of the server seems older where its clock was set ahead',
    file: 'src/server/core/at-work.ts',
    text: 'const from = Math.max(began, Math.floor(now - this.#opening.ageMs));',
    instead: 'const from = Math.min(began, now + this.#opening.ageMs);',
    test: 'test/unit/server/server-time.test.ts',
  },
  {
    name: 'a log forgets what it has cancelled',
    file: 'src/server/log/memory-log.ts',
    text: "return this.#record(command, { status: 'cancelled', begun: record !== undefined }, now);",
    instead: "return { status: 'cancelled', begun: record !== undefined || now < 0 };",
    test: 'test/unit/server/event-logs.test.ts',
  },
  {
    name: 'the server says accepted before it is in its log',
    file: 'src/server/core/execute.ts',
    text: '    committed = await writer.append(append);',
    instead: "    committed = { status: 'committed', events: [] };\n    void writer.append(append);",
  },
];
