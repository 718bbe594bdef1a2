import { defineProtocol } from 'trunkline/protocol';
import * as z from 'zod/mini';

const verdict = z.enum(['approve', 'reject']);

/** What the page, its hub and the server say to each other. */
export const protocol = defineProtocol({
  app: 'trunkline-demo',
  version: 1,
  events: {
    core_load: {
      /** `load`: the share of time in which it worked, 0 to 1. */
      schema: z.object({ core: z.int(), load: z.number() }),
      key: ({ core }) => `core:${core}`,
    },
    memory_use: {
      schema: z.object({ usedBytes: z.number(), totalBytes: z.number() }),
      key: () => 'memory',
    },
    sampling: {
      schema: z.object({ intervalMs: z.number() }),
      key: () => 'sampling',
    },
    log_line: { schema: z.object({ text: z.string() }) },
    /** A question that waits for a person. `intervalMs` is what approving it sets. */
    gate: {
      schema: z.object({
        gate: z.int(),
        question: z.string(),
        intervalMs: z.number(),
        state: z.enum(['open', 'decided']),
      }),
      key: ({ gate }) => `gate:${gate}`,
      tombstone: ({ state }) => state === 'decided',
      critical: true,
    },
    /** The server's record of a decision: one for each gate. */
    decision: {
      schema: z.object({
        gate: z.int(),
        verdict,
        commandId: z.string(),
        /** How often the command had been sent when it ran. */
        attempt: z.int(),
      }),
    },
    note: { schema: z.object({ text: z.string() }) },
  },
  commands: {
    human_decision: {
      schema: z.object({ gate: z.int(), verdict }),
      result: z.object({ intervalMs: z.number() }),
      priority: 'high',
      dedupe: ({ gate }) => `gate:${gate}`,
    },
    post_note: {
      schema: z.object({ text: z.string().check(z.minLength(1), z.maxLength(140)) }),
    },
  },
});

export type DemoProtocol = typeof protocol;
export const TOPICS = { machine: 'machine', gates: 'gates', notes: 'notes' } as const;
