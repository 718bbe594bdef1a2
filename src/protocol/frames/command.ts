import * as v from 'valibot';
import { int, nonnegative, positiveInt, time, topic, typed, uuid } from './common.ts';

/** Client to server: do this once. `id` is its idempotency key; `attempt` counts from 1. */
export const command = v.object({
  type: v.literal('command'),
  id: uuid,
  topic: v.optional(topic),
  priority: v.picklist(['high', 'normal']),
  created_at: time,
  attempt: positiveInt,
  app_version: int,
  command: typed,
});

/** Server to client: durably accepted, once, however often it was sent; a repeat (`duplicate`) gets the same `result`. */
export const commandAck = v.object({
  type: v.literal('command_ack'),
  id: v.string(),
  duplicate: v.optional(v.literal(true)),
  result: v.optional(v.unknown()),
});

/** Server to client: refused, for good (`retry: false`) or for now. */
export const commandNack = v.object({
  type: v.literal('command_nack'),
  id: v.string(),
  code: v.string(),
  message: v.string(),
  retry: v.boolean(),
  retry_after_ms: v.optional(nonnegative),
});
