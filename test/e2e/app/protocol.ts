import { defineProtocol } from 'trunkline/protocol';
import * as z from 'zod/mini';

export const protocol = defineProtocol({
  app: 'gates',
  version: 1,
  events: {
    gate: {
      schema: z.object({ gateId: z.string(), state: z.enum(['open', 'approved', 'rejected']) }),
      key: ({ gateId }) => `gate:${gateId}`,
      critical: true,
    },
    line: { schema: z.object({ text: z.string() }) },
  },
  commands: {
    human_decision: {
      schema: z.object({ gateId: z.string(), verdict: z.enum(['approved', 'rejected']) }),
      result: z.object({ resumed: z.boolean() }),
      priority: 'high',
      dedupe: ({ gateId }) => gateId,
    },
    note: { schema: z.object({ text: z.string() }) },
  },
});
export type GatesProtocol = typeof protocol;
