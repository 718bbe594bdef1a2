/** How a client sends a command, and takes it back. */
import * as v from 'valibot';
import { int, positiveInt, time, topic, traceparent, typed, uuid } from '../common.ts';

/**
 * Client to server: do this once. `id` is its idempotency key; `attempt` counts from 1. Past `expires_at`, by the server's
 * clock, it is not begun any more. A `traceparent` that is none counts as left out: no command is refused over its trace.
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
  traceparent: v.fallback(v.optional(traceparent), undefined),
  command: typed,
});

/**
 * Client to server: do not run this command any more, and say how it ended. Only for servers whose
 * `welcome.capabilities` name it.
 */
export const withdraw = v.object({ type: v.literal('withdraw'), id: uuid });
