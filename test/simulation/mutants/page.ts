import type { Mutant } from './mutant.ts';

/** Mistakes on the page's side. */
export const PAGE_MUTANTS: readonly Mutant[] = [
  {
    name: 'a critical event counts as taken when a handler failed',
    file: 'src/client/consumer.ts',
    text: "return states.includes('failed') ? 'failed' : 'taken';",
    instead: "return states.includes('failed') ? 'taken' : 'taken';",
  },
  {
    name: 'a critical event that was given once is never given again',
    file: 'src/client/feed.ts',
    text: "if (state ? state !== 'failed' : !consumer.wants(item)) return false;",
    instead: 'if (state || !consumer.wants(item)) return false;',
  },
  {
    name: 'an older repeat overwrites what came after it',
    file: 'src/client/feed.ts',
    text: 'return !item.isRepeat && offset > consumer.seen && consumer.wants(item);',
    instead: 'return consumer.wants(item);',
  },
  {
    name: 'a send is not offered to the hub that follows a dead one',
    file: 'src/client/connect.ts',
    text: '      if (!error && (!call.asked || call.again)) continue;',
    instead: '      if (!error && !call.asked) continue;',
  },
];
