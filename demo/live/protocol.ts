/** What the tabs, the hub and the server of the live promise say to each other. */
import { defineProtocol } from 'trunkline/protocol';
import * as z from 'zod/mini';

const name = z.string();

export const protocol = defineProtocol({
  app: 'live-promise',
  version: 1,
  events: {
    step: {
      schema: z.object({ name, state: z.enum(['waiting', 'approved', 'rejected']) }),
      key: (step) => `step:${step.name}`,
    },
  },
  commands: {
    decide: {
      schema: z.object({ name, verdict: z.enum(['approved', 'rejected']) }),
      priority: 'high',
      dedupe: (decision) => decision.name,
    },
  },
});

export const TOPIC = 'run';
/** The one that there is. */
export const STEP = 'deploy';
