import * as z from 'zod';
import { defineProtocol } from '../../src/protocol/index.ts';

const decision = z.object({ n: z.number() });

/** Every kind of event and command that is treated in its own way. */
export const protocol = defineProtocol({
  app: 'sim',
  version: 1,
  events: {
    node: {
      schema: z.object({ id: z.string(), state: z.string() }),
      key: ({ id }) => `node:${id}`,
      tombstone: ({ state }) => state === 'gone',
    },
    line: { schema: z.object({ text: z.string() }) },
    gate: {
      schema: z.object({ id: z.string(), n: z.number() }),
      key: ({ id }) => `gate:${id}`,
      critical: true,
    },
    alarm: { schema: z.object({ n: z.number() }), critical: true },
    /** What an accepted command leaves in the log, with it or not at all. */
    ran: { schema: decision },
  },
  commands: {
    decide: { schema: decision, result: decision, priority: 'high' },
    note: { schema: decision },
    /** Refused for good. */
    bad: { schema: decision, priority: 'high' },
    /** Refused twice for now. */
    later: { schema: decision, priority: 'high' },
    brief: { schema: decision, ttlMs: 5_000 },
  },
});
export type CommandName = keyof typeof protocol.commands;
export const TOPICS = ['a', 'b'] as const;
