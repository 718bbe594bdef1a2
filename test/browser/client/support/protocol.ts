import * as z from 'zod/mini';
import { defineProtocol } from '../../../../src/protocol/index.ts';

export const protocol = defineProtocol({
  app: 'client-test',
  version: 1,
  events: {
    node: { schema: z.object({ id: z.string(), state: z.string() }), key: ({ id }) => id },
    line: { schema: z.object({ text: z.string() }) },
  },
  commands: {
    approve: {
      schema: z.object({ gate: z.string() }),
      result: z.object({ ran: z.number() }),
      priority: 'high',
      dedupe: ({ gate }) => gate,
    },
  },
});
