/** The frames by which a command is sent, taken back and answered. */
import * as v from 'valibot';
import { int, nonnegative, positiveInt, time, topic, typed, uuid } from './common.ts';

/**
 * Client to server: do this once. `id` is its idempotency key; `attempt` counts from 1. Past `expires_at`, by the server's
 * clock, it is not begun any more.
 */
export const command = v.object({
  type: v.literal('command'),
  id: uuid,
  topic: v.optional(topic),
  priority: v.picklist(['high', 'normal']),
  created_at: time,
  attempt: positiveInt,
  app_version: int,
  expires_at: v.optional(time),
  command: typed,
});

/**
 * Client to server: do not run this command any more, and say how it ended. Only for servers whose
 * `welcome.capabilities` name it.
 */
export const withdraw = v.object({ type: v.literal('withdraw'), id: uuid });

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
