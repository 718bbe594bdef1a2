import { z } from 'zod';
import { defineProtocol } from '../../../../src/protocol/index.ts';

/** A small application, for the server's tests. */
export const ops = defineProtocol({
  app: 'ops',
  version: 3,
  events: {
    node: {
      schema: z.object({ id: z.string(), state: z.string() }),
      key: ({ id }) => `node:${id}`,
      tombstone: ({ state }) => state === 'gone',
    },
    log: { schema: z.object({ line: z.string() }) },
    gate: {
      schema: z.object({ id: z.string(), open: z.boolean() }),
      key: ({ id }) => `gate:${id}`,
      critical: true,
    },
    alarm: { schema: z.object({ text: z.string() }), critical: true },
    at: { schema: z.object({ time: z.iso.datetime().transform((text) => new Date(text)) }) },
  },
  commands: {
    decide: {
      schema: z.object({ gate: z.string(), comment: z.string().default('none') }),
      result: z.object({ resumed: z.boolean() }),
      priority: 'high',
    },
    note: { schema: z.object({ text: z.string() }) },
  },
});
export type Ops = typeof ops;
