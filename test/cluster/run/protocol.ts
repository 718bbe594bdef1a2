import * as z from 'zod';
import { defineProtocol } from '../../../src/protocol/index.ts';

const decision = z.object({ client: z.number(), n: z.number() });

/** Of the clients of a cluster under load. */
export const protocol = defineProtocol({
  app: 'cluster',
  version: 1,
  events: {
    /** What an accepted command leaves in the log. */
    ran: { schema: decision },
    /** The newest decision of each client. */
    newest: { schema: decision, key: ({ client }) => String(client) },
    /** A client that listens must take it. */
    alarm: { schema: decision, critical: true },
  },
  // In order, also where a server says to come again: normal commands pass one that waits.
  commands: { decide: { schema: decision, priority: 'high' } },
});

export type Decision = z.infer<typeof decision>;
export const TOPICS: readonly string[] = Array.from({ length: 20 }, (_, n) => `topic ${n}`);
/** One of so many decisions is told as an alarm, too. */
export const ALARM_EVERY = 25;
