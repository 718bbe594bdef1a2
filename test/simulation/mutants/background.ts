import type { Mutant } from './mutant.ts';

/** Mistakes of who delivers with no page open. */
export const BACKGROUND_MUTANTS: readonly Mutant[] = [
  {
    name: 'a service worker delivers what somebody has left who signed out',
    file: 'worker/shell/background-rows.ts',
    text: '  if (endedSessions && endedSessions.signOuts > 0 && !endedSessions.isSignedInSince)\n',
    instead: '  if (endedSessions && endedSessions.signOuts < 0)\n',
  },
  {
    name: 'a sign-out does not take back that somebody had signed in',
    file: 'worker/core/sessions.ts',
    text: '      ids: newest([...ids, ...this.#seen]),\n',
    instead: '      ids: newest([...ids, ...this.#seen]),\n      isSignedInSince: true as const,\n',
  },
  {
    name: 'a page that comes while a sign-out is stored takes that back',
    file: 'worker/core/hub-machine.ts',
    text: '    if (this.#signOut.isUnderWay) return;\n    const ops',
    instead: '    const ops',
    test: 'test/unit/core/sessions.test.ts',
  },
  {
    name: 'a service worker owns beside whoever has the lock',
    file: 'worker/shell/background-hub.ts',
    text: "this.#errand.identity, 'wait', {",
    instead: "this.#errand.identity.concat(' too'), 'wait', {",
  },
  {
    name: 'a service worker keeps the ownership though a page has come',
    file: 'worker/shell/background-hub.ts',
    text: '    channel.post(notice);\n    this.#handOver();\n',
    instead: '    channel.post(notice);\n',
    test: 'test/unit/hubs/background.test.ts',
  },
  {
    name: 'a service worker that cannot read what waits quarantines it',
    file: 'worker/shell/background-rows.ts',
    text: '  if (isUnreadable) return { ',
    instead: "  if (isUnreadable) return { prospect: 'deliverable' };\n  if (isUnreadable) return { ",
    test: 'test/unit/hubs/background.test.ts',
  },
  {
    name: 'what has changed between the look and the opening is not looked at',
    file: 'worker/shell/background-rows.ts',
    text: "    if (found.prospect === 'deliverable') return state;\n",
    instead: "    if (found.prospect === 'deliverable' || state) return state;\n",
    test: 'test/unit/hubs/background.test.ts',
  },
  {
    name: 'an event that has something left does not fail',
    file: 'worker/shell/background-hub.ts',
    text: "setTimer(ANSWER_MS, () => this.#over({ end: 'waiting', why }))",
    instead: "setTimer(ANSWER_MS, () => this.#over({ end: 'page', why }))",
    test: 'test/unit/hubs/background.test.ts',
  },
  {
    name: 'an event that waited for another has its whole time still before it',
    file: 'worker/shell/background-hub.ts',
    text: 'this.#platform.setTimer(leftMs, ',
    instead: 'this.#platform.setTimer(Math.max(leftMs, 90_000), ',
    test: 'test/unit/hubs/background.test.ts',
  },
  {
    name: 'a page asks for no event when it is left',
    file: 'src/client/background-sync.ts',
    text: '      if (unanswered > 0 || waiting().length > 0) ask();\n',
    instead: '',
    test: 'test/unit/hubs/background-sync.test.ts',
  },
];
