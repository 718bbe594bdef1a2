/** What pages, hub and server say to each other: events from the server to the pages, commands from a page to the server. */
import { defineProtocol } from 'trunkline/protocol';
import * as z from 'zod/mini';

export const protocol = defineProtocol({
  // Names the database and the locks in the browser: another application on this origin needs another name.
  app: 'my-app',
  // To be raised when an older page could not read what a newer one is sent.
  version: 1,
  events: {
    item: {
      schema: z.object({ id: z.string(), text: z.string(), done: z.boolean(), addedAt: z.number() }),
      // The newest event of a key is the state that a new tab begins with. So it says how things are, not what has changed.
      key: ({ id }) => id,
      // Also kept on the device, so that a reload shows the list while there is no line.
      persist: true,
    },
  },
  commands: {
    add: {
      schema: z.object({ text: z.string().check(z.trim(), z.minLength(1), z.maxLength(200)) }),
      // What a person decided: once stored, it reaches the server, once.
      priority: 'high',
    },
    set_done: {
      schema: z.object({ id: z.string(), done: z.boolean() }),
      priority: 'high',
      // Of those of one item that have not left yet, only the newest means anything.
      replaces: ({ id }) => id,
    },
  },
});
