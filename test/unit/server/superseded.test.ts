/** What becomes of a handler that runs for a connection when another one of the same client takes its place on its server. */
import { expect, test } from 'vitest';
import { deferred } from '../../../src/server/core/deferred.ts';
import { memoryLog } from '../../../src/server/index.ts';
import { command, ID } from './support/command.ts';
import { HandWorld } from './support/hand.ts';

test.each([
  { how: 'of a higher term takes over', term: 2, isLost: false, counts: false },
  { how: 'of the same term takes over', term: 1, isLost: false, counts: false },
  { how: 'of the same term comes after the first was lost', term: 1, isLost: true, counts: true },
  { how: 'of a higher term comes after the first was lost', term: 2, isLost: true, counts: true },
])(
  'where a connection $how, what a handler had begun is committed: $counts',
  async ({ term, isLost, counts }) => {
    const log = memoryLog();
    const held = deferred<void>();
    const ended: string[] = [];
    let calls = 0;
    const world = new HandWorld({
      log,
      handlers: {
        decide: () => ({ resumed: true }),
        note: async (_, { publish, afterCommit, afterRollback }) => {
          const call = ++calls;
          afterCommit(() => ended.push(`${call} committed`));
          afterRollback(() => ended.push(`${call} rolled back`));
          publish('t', { type: 'log', line: `call ${call}` });
          await held.promise;
          return call;
        },
      },
    });
    const first = await world.join();
    first.say(command());
    await world.clock.advance(0);
    if (isLost) first.lose();
    const second = await world.join({ term });
    second.say(command({ attempt: 2 }));
    await world.clock.advance(0);
    // It waits for the end of the first: no two handlers of one command run at a time.
    expect([calls, second.all('command_ack')]).toEqual([1, []]);
    held.resolve();
    await world.clock.advance(0);
    const { events } = await log.read('t', { after: 0 }, { first: 9 });
    expect(events.map(({ event }) => JSON.parse(event).line)).toEqual([counts ? 'call 1' : 'call 2']);
    expect(ended).toEqual(counts ? ['1 committed'] : ['1 rolled back', '2 committed']);
    expect(second.expect('command_ack')).toMatchObject({ id: ID, result: counts ? 1 : 2 });
    expect(first.all('command_ack')).toEqual([]);
  },
);
