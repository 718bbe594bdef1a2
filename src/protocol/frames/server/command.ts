/** How a command is answered. */
import * as v from 'valibot';
import { nonnegative } from '../common.ts';

/** Server to client: durably accepted, once, however often it was sent; a repeat (`duplicate`) gets the same `result`. */
export const commandAck = v.object({
  type: v.literal('command_ack'),
  id: v.string(),
  duplicate: v.optional(v.literal(true)),
  result: v.optional(v.unknown()),
});

/**
 * Server to client: refused, for good (`retry: false`) or for now. `ran: false`: it was looked up, and no handler of it
 * has begun; where that is missing, perhaps.
 */
export const commandNack = v.object({
  type: v.literal('command_nack'),
  id: v.string(),
  code: v.string(),
  message: v.string(),
  retry: v.boolean(),
  retry_after_ms: v.optional(nonnegative),
  ran: v.optional(v.literal(false)),
});
