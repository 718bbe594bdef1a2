import type { Mutant } from './mutant.ts';

/** Mistakes in the hub around its outbox and topics: whose it is, how its line lives, how it ends. */
export const HUB_MUTANTS: readonly Mutant[] = [
  {
    name: 'a command over which two ownerships have ended goes on to end the next',
    file: 'worker/core/outbox/upgrade.ts',
    text: "if (row.fate.state !== 'pending' || !isBarred(context, row.id)) return row;",
    instead: 'if (row.seq >= 0) return row;',
    test: 'test/unit/hubs/impossible.test.ts',
  },
  {
    name: 'over which command an ownership ended is forgotten with it',
    file: 'worker/shell/owner.ts',
    text: 'const noted = note.length > 0 && ',
    instead: 'const noted = note.length > 99 && ',
    test: 'test/unit/hubs/impossible.test.ts',
  },
  {
    name: 'an ownership ends over what is impossible although memory alone holds commands',
    file: 'worker/core/impossible.ts',
    text: 'if (finder.isAloneInMemory) finder.reportOnce(',
    instead: "if (finder.isAloneInMemory && what === '') finder.reportOnce(",
    test: 'test/unit/hubs/impossible.test.ts',
  },
  {
    name: 'an earlier socket is neither ended nor known by its generation',
    file: 'worker/core/connection/connection.ts',
    text: 'const late = !this.#isPresent(generation);',
    instead: "const late = !('generation' in this.#state);",
    also: {
      file: 'worker/shell/socket.ts',
      text: '    this.#live?.unheard.abort();\n    this.#live?.socket.close();\n',
      instead: '',
    },
  },
  {
    name: 'a dead socket is believed for ever',
    file: 'worker/core/connection/heartbeat.ts',
    text: "this.#context.after('heartbeat', timeoutMs, () =>",
    instead: "this.#context.after('heartbeat', timeoutMs * 1e6, () =>",
  },
  {
    name: 'commands leave although the server takes us for somebody else',
    file: 'worker/core/identity.ts',
    text: '    if (this.#binding.principal === principal) {',
    instead: '    if (this.#binding.principal !== null) {',
  },
  {
    name: 'a hub whose database was lost knows nothing of whose its pages are',
    file: 'worker/core/identity.ts',
    text: "if (this.#binding.state === 'unbound') this.#bind(principal);",
    instead: "if (this.#binding.state !== 'unbound') this.#bind(principal);",
    test: 'test/unit/hubs/storage.test.ts',
  },
  {
    name: 'a hub of another person takes what a page offers',
    file: 'worker/core/hub-machine.ts',
    text: '      if (this.#identity.isAnothers(principal)) return reply(anothers(command));\n',
    instead: "      if (principal === '') return reply(anothers(command));\n",
    test: 'test/unit/hubs/storage.test.ts',
  },
  {
    name: 'a hand-over loses the commands that are in memory alone',
    file: 'worker/core/hub-machine.ts',
    text: 'else if (stored || !(outbox.hasPending(this.#outbox) || outbox.areEnding(this.#outbox)))',
    instead: "else if (stored || this.#role.state === 'owner')",
  },
  {
    name: 'a hand-over loses the ends that are in memory alone',
    file: 'worker/core/hub-machine.ts',
    text: '(outbox.hasPending(this.#outbox) || outbox.areEnding(this.#outbox))',
    instead: 'outbox.hasPending(this.#outbox)',
    test: 'test/unit/core/storage-unknown.test.ts',
  },
  {
    name: 'what is asked for while somebody signs out is still done',
    file: 'worker/core/hub-machine.ts',
    text: "const isLate = this.#signOut.isUnderWay && kind === 'change';",
    instead: "const isLate = this.#signOut.isUnderWay && kind === 'tell';",
  },
  {
    name: 'a sign-out does not outlive the hub that it ends',
    file: 'worker/core/sign-out.ts',
    text: "    this.#writer.write([op, ...clear], 'strict', ended);\n  }",
    instead: "    this.#writer.write([...clear], 'strict', ended);\n  }",
    also: {
      file: 'src/client/sign-out-mark.ts',
      text: 'isOver: () => read(done) > begunAfter(),',
      instead: 'isOver: () => begunAfter() < 0,',
    },
  },
  {
    name: 'a probe may take as long as any ping',
    file: 'worker/core/connection/heartbeat.ts',
    text: 'this.#ping.isProbe = true;',
    instead: 'this.#ping.isProbe = false;',
    test: 'test/unit/core/connection-probe.test.ts',
  },
  {
    name: "the server's clock is taken from each pong, however slow the line",
    file: 'worker/core/connection/server-clock.ts',
    text: '      if (agrees && knownErrorMs < errorMs) return false;\n',
    instead: '      if (agrees && knownErrorMs < 0) return false;\n',
    test: 'test/unit/core/server-clock.test.ts',
  },
];
