import { defineProtocol } from 'trunkline/protocol';
import * as z from 'zod/mini';

const fields = { n: z.number(), at: z.number(), key: z.string(), pad: z.string() };
const note = z.object({ n: z.number(), text: z.string() });

export const protocol = defineProtocol({
  app: 'bench',
  version: 1,
  events: {
    tick: { schema: z.object(fields) },
    gone: { schema: z.object(fields), key: ({ key }) => key, tombstone: () => true },
    reading: { schema: z.object(fields), key: ({ key }) => key },
  },
  commands: {
    note: { schema: note },
    decision: { schema: note, priority: 'high' },
  },
});
export type BenchProtocol = typeof protocol;
