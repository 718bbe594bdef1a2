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
    file: 'src/client/pending-calls.ts',
    text: 'if (!call.asked || call.again) continue;',
    instead: 'if (!call.asked) continue;',
  },
  {
    name: 'a receipt does not ask the next hub how its command ended',
    file: 'src/client/outbox.ts',
    text: "      if (batch.storage?.state === 'ok') receipts.resume();\n",
    instead: '',
    also: {
      file: 'src/client/create-client.ts',
      text: '      receipts.resume();\n',
      instead: '',
    },
  },
  {
    name: 'a page tells its listeners again of each end that a hub tells again',
    file: 'src/client/outbox.ts',
    text: 'settled.filter(isNew).map(',
    instead: 'settled.filter((one) => isNew(one) || true).map(',
  },
  {
    name: 'whoever changes the outbox waits for ever for a hub that does not answer',
    file: 'src/client/link.ts',
    text: 'stop ??= this.platform.setTimer(CONFIRM_DEADLINE_MS, () => reject(unconfirmed()));',
    instead: 'stop ??= this.platform.setTimer(CONFIRM_DEADLINE_MS * 1e6, () => reject(unconfirmed()));',
    test: 'test/unit/client/link.test.ts',
  },
  {
    name: 'all sends of one turn wait for each other, whatever each has asked for',
    file: 'src/client/offers.ts',
    text: 'turn?.requireDurable === requireDurable ? turn : begin',
    instead: 'turn ? turn : begin',
    test: 'test/unit/client/send.test.ts',
  },
  {
    name: 'a page offers to the next hub what it was told to have ended',
    file: 'src/client/create-client.ts',
    text: '    for (const { id } of settled) link.ended(id);\n',
    instead: '',
    test: 'test/unit/client/send.test.ts',
  },
  {
    name: 'a page does not ask the next hub for its topics',
    file: 'src/client/create-client.ts',
    text: '      for (const { feed } of topics.values()) feed.resume();\n',
    instead: '',
  },
  {
    name: 'a page that is not painted waits for a frame',
    file: 'src/client/frame.ts',
    text: 'this.#platform.setTimer(PAINTED_WITHIN_MS, next);',
    instead: 'this.#platform.setTimer(PAINTED_WITHIN_MS * 1e6, next);',
    test: 'test/unit/client/frame.test.ts',
  },
  {
    name: 'a page hears of an outcome before the state that came with it',
    file: 'src/client/frame.ts',
    text: 'Object.values(this.#changes))',
    instead: 'Object.values(this.#changes).reverse())',
    test: 'test/unit/client/frame.test.ts',
  },
  {
    name: 'what waits for a frame is lost with the page’s visibility',
    file: 'src/client/create-client.ts',
    text: '      frame.now();\n      background?.hidden();\n',
    instead: '      background?.hidden();\n',
    test: 'test/unit/client/frame.test.ts',
  },
  {
    name: 'a page that is shown while it attaches stays hidden for its hub',
    file: 'src/client/link.ts',
    text: 'if (isVisible !== request.visible) this.post(',
    instead: 'if (isVisible !== request.visible && !isVisible) this.post(',
    test: 'test/unit/client/frame.test.ts',
  },
  {
    name: 'a listener to live events alone is given what was missed',
    file: 'src/client/listen.ts',
    text: "!(replay === 'none' && meta.replayed)",
    instead: "!(replay === 'none' && meta.offset < 0)",
  },
];
