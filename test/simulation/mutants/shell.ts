import type { Mutant } from './mutant.ts';

/** Mistakes between hubs, and between a hub and its tabs. */
export const SHELL_MUTANTS: readonly Mutant[] = [
  {
    name: 'a relay gives credit before its tab has taken the batch',
    file: 'worker/shell/relay.ts',
    text: '        if (isFarewell(batch)) credit();\n        else delivered?.then(credit, () => {});',
    instead: '        delivered?.catch(() => {});\n        credit();',
  },
  {
    name: 'the tabs of a relay that died stay with the owner',
    file: 'worker/shell/relayed-tabs.ts',
    text: '.then(close, close);',
    instead: '.then(() => {}, close);',
  },
  {
    name: 'an owner that is stuck is waited for',
    file: 'worker/shell/election.ts',
    text: "    this.#lineUp(candidacy, 'steal');",
    instead: '    this.#ask(candidacy);',
  },
  {
    name: 'an owner that was robbed goes on',
    file: 'worker/shell/election.ts',
    text: "    if (this.#state.state === 'owning') return this.#state.upstream.fence(why);",
    instead: "    if (this.#state.state === 'owning') return;",
    also: {
      file: 'worker/core/hub-machine.ts',
      text: "        if (input.failure === 'fenced') return this.#end('superseded');\n",
      instead: '',
    },
  },
  {
    name: 'the owner lets go before other workers have heard of a sign-out',
    file: 'worker/shell/election.ts',
    text: '      relayed.lastWords().then(release);\n',
    instead: '      release();\n',
    test: 'test/unit/hubs/sign-out.test.ts',
  },
  {
    name: 'all identities of an application share one ownership',
    file: 'worker/shell/election.ts',
    text: 'export function ownerLock(app: string, identity: string)',
    instead: "export function ownerLock(app: string, _: string, identity = 'all')",
  },
  {
    name: 'a tab that died stays attached',
    file: 'worker/shell/hub.ts',
    text: 'untilGone(this.#locks, request.lease, tab.watch.signal).then(leave, leave);',
    instead: 'untilGone(this.#locks, request.lease, tab.watch.signal).then(() => {}, leave);',
  },
];
