import * as z from 'zod/mini';
import { defineProtocol } from '../../../../src/protocol/index.ts';

export const protocol = defineProtocol({
  app: 'worker-test',
  version: 1,
  events: {
    node: { schema: z.object({ id: z.string(), state: z.string() }), key: ({ id }) => id },
    /** Its output cannot be posted. */
    odd: {
      schema: z.pipe(
        z.object({ id: z.string() }),
        z.transform(({ id }) => ({ id, f: () => id })),
      ),
    },
  },
  commands: {
    approve: { schema: z.object({ gate: z.string() }), priority: 'high' },
  },
});
