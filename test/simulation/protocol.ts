import * as z from 'zod';
import { defineProtocol } from '../../src/protocol/index.ts';

const decision = z.object({ n: z.number() });

/** Every kind of event and command that is treated in its own way. */
const definition = {
  app: 'sim',
  events: {
    node: {
      schema: z.object({ id: z.string(), state: z.string() }),
      key: ({ id }: { id: string }) => `node:${id}`,
      tombstone: ({ state }: { state: string }) => state === 'gone',
    },
    line: { schema: z.object({ text: z.string() }) },
    gate: {
      schema: z.object({ id: z.string(), n: z.number() }),
      key: ({ id }: { id: string }) => `gate:${id}`,
      critical: true,
    },
    alarm: { schema: z.object({ n: z.number() }), critical: true },
    /** What an accepted command leaves in the log, with it or not at all. */
    ran: { schema: decision },
  },
  commands: {
    decide: { schema: decision, result: decision, priority: 'high' as const },
    note: { schema: decision },
    /** Refused for good. */
    bad: { schema: decision, priority: 'high' as const },
    /** Refused twice for now. */
    later: { schema: decision, priority: 'high' as const },
    brief: { schema: decision, ttlMs: 5_000 },
  },
};
export const protocol = defineProtocol({ ...definition, version: 1 });
/** Of a build that came later. */
export const newerProtocol = defineProtocol({ ...definition, version: 2 });
export type CommandName = keyof typeof protocol.commands;
export const TOPICS = ['a', 'b'] as const;
