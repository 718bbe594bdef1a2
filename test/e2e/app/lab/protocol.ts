import { defineProtocol } from 'trunkline/protocol';
import * as z from 'zod/mini';

const protocolOf = (persist: boolean) =>
  defineProtocol({
    app: 'lab',
    version: 2,
    events: {
      /** As `docs/examples/smallest_server.py` sends it. */
      machine: {
        schema: z.object({ name: z.string(), on: z.boolean(), temperature: z.number() }),
        key: ({ name }) => `machine:${name}`,
      },
      node: {
        schema: z.object({ name: z.string(), count: z.number() }),
        key: ({ name }) => `node:${name}`,
        persist,
      },
      gate: {
        schema: z.object({
          gateId: z.string(),
          state: z.enum(['open', 'approved', 'rejected']),
          /** The id of the command that it is the effect of. */
          by: z.optional(z.string()),
        }),
        key: ({ gateId }) => `gate:${gateId}`,
        critical: true,
        persist,
      },
      alarm: { schema: z.object({ text: z.string() }), critical: true },
      line: { schema: z.object({ text: z.string() }) },
    },
    commands: {
      switch: {
        schema: z.object({ machine: z.string(), on: z.boolean() }),
        result: z.object({ machine: z.string(), on: z.boolean() }),
      },
      decide: {
        schema: z.object({ gateId: z.string(), verdict: z.enum(['approved', 'rejected']) }),
        priority: 'high',
        dedupe: ({ gateId }) => gateId,
      },
      note: {
        schema: z.object({ text: z.string() }),
        // Version 1 called it so.
        upgrade: (old, fromVersion) =>
          fromVersion < 2 ? { text: z.object({ words: z.string() }).parse(old).words } : old,
      },
    },
  });

export const protocol = protocolOf(false);
/** The same, of which nodes and gates are kept on the device. */
export const keptProtocol = protocolOf(true);
export type LabProtocol = typeof protocol;
