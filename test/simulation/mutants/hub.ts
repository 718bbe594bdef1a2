import type { Mutant } from './mutant.ts';

/** Mistakes in the hub around its outbox and topics: whose it is, how its line lives, how it ends. */
export const HUB_MUTANTS: readonly Mutant[] = [
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
    file: 'worker/core/connection/connection.ts',
    text: "this.#context.after('heartbeat', timeoutMs, () =>",
    instead: "this.#context.after('heartbeat', timeoutMs * 1e6, () =>",
  },
  {
    name: 'commands leave although the server takes us for somebody else',
    file: 'worker/core/hub.ts',
    text: '    if (this.#binding.principal === principal) {',
    instead: '    if (this.#binding.principal !== null) {',
  },
  {
    name: 'a hand-over loses the commands that are in memory alone',
    file: 'worker/core/hub.ts',
    text: "if (stored || !outbox.hasPending(this.#outbox)) this.#end('handed_over');",
    instead: "if (stored || this.#role.state === 'owner') this.#end('handed_over');",
  },
];
