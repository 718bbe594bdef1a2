import * as z from 'zod/mini';
import { time, topic, typed } from './common.ts';

/** Client to server: do this once. `id` is its idempotency key; `attempt` counts from 1. */
export const command = z.object({
  type: z.literal('command'),
  id: z.uuid(),
  topic: z.optional(topic),
  priority: z.enum(['high', 'normal']),
  created_at: time,
  attempt: z.int().check(z.positive()),
  app_version: z.int(),
  command: typed,
});

/** Server to client: durably accepted, once, however often it was sent; a repeat (`duplicate`) gets the same `result`. */
export const commandAck = z.object({
  type: z.literal('command_ack'),
  id: z.string(),
  duplicate: z.optional(z.literal(true)),
  result: z.optional(z.unknown()),
});

/** Server to client: refused, for good (`retry: false`) or for now. */
export const commandNack = z.object({
  type: z.literal('command_nack'),
  id: z.string(),
  code: z.string(),
  message: z.string(),
  retry: z.boolean(),
  retry_after_ms: z.optional(z.number().check(z.nonnegative())),
});
