/** What the server does with each command. One that is forgotten does not compile. */
import { type Handlers, Reject } from 'trunkline/server';
import type { protocol } from '../src/protocol.ts';

export const commands: Handlers<typeof protocol> = {
  // What a handler publishes is in the log together with the command's id: both, or neither. A repeat has the same id, and does not run.
  add: ({ text }, { id, createdAt, publish }) =>
    publish('list', { type: 'item', id, text, done: false, addedAt: createdAt }),

  async set_done({ id, done }, { latest, publish }) {
    const item = await latest('list', id);
    if (!item) throw new Reject('unknown_item', 'This item is not on the list.');
    publish('list', { ...item.event, done });
  },
};
