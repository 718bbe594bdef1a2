import type { Mutant } from './mutant.ts';

/** Mistakes in what one tab of a browser takes. */
export const ONE_TAB_MUTANTS: readonly Mutant[] = [
  {
    name: 'of several tabs each takes what one is to take',
    file: 'src/one-tab/room.ts',
    text: 'steal ? { steal } : { signal }',
    instead: "steal ? { steal } : { signal, mode: 'shared' }",
  },
  {
    name: 'a tab leaves what one is to take to a better one for good',
    file: 'src/one-tab/room.ts',
    text: '    else this.#after(TURN_MS, signal, () => this.#queue(claim, signal));\n',
    instead: '',
  },
  {
    name: 'a tab that stands still keeps what one is to take',
    file: 'src/one-tab/room.ts',
    text: '      this.#queue(claim, claim.life.signal, true);\n',
    instead: '',
    test: 'test/unit/one-tab/one-tab.test.ts',
  },
  {
    name: 'what one tab has taken is taken by the next one, too',
    file: 'src/one-tab/room.ts',
    text: "    else if (says === 'done') this.#finish(key);\n",
    instead: '',
    test: 'test/unit/one-tab/one-tab.test.ts',
  },
  {
    name: 'a hidden tab takes what a visible one is there for',
    file: 'src/one-tab/peers.ts',
    text: 'one.seenAt > other.seenAt : one.isVisible;',
    instead: 'one.seenAt > other.seenAt : other.isVisible;',
    test: 'test/unit/one-tab/one-tab.test.ts',
  },
];
