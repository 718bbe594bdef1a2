import { defineProtocol } from 'trunkline/protocol';
import * as z from 'zod/mini';

const fields = { n: z.number(), at: z.number(), key: z.string(), pad: z.string() };
const note = z.object({ n: z.number(), text: z.string() });

const protocolOf = (persist: boolean) =>
  defineProtocol({
    app: 'bench',
    version: 1,
    events: {
      tick: { schema: z.object(fields) },
      gone: { schema: z.object(fields), key: ({ key }) => key, tombstone: () => true },
      reading: { schema: z.object(fields), key: ({ key }) => key, persist },
    },
    commands: {
      note: { schema: note },
      decision: { schema: note, priority: 'high' },
    },
  });

export const protocol = protocolOf(false);
/** The same, of which readings are kept on the device. */
export const keptProtocol = protocolOf(true);
export type BenchProtocol = typeof protocol;
