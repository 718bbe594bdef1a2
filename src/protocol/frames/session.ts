import * as z from 'zod/mini';
import { count, ref, time, topic } from './common.ts';

/**
 * Client to server, the first frame on every socket, within 10 s.
 * `client_id` is stable per browser profile, app and identity. `term` grows by one whenever another hub takes over the
 * browser's outbox, so that a server can fence the former one. The token travels here and nowhere else.
 */
export const hello = z.object({
  type: z.literal('hello'),
  client_id: z.uuid(),
  app: z.string(),
  app_version: z.int(),
  term: count,
  max_frame_bytes: z.optional(z.int()),
  token: z.optional(z.string()),
});

/**
 * Server to client: the connection is open. Every command id that was accepted after `dedupe_since` (the server's
 * clock) is still remembered.
 */
export const welcome = z.object({
  type: z.literal('welcome'),
  session: z.string(),
  principal: z.string(),
  server_time: time,
  dedupe_since: time,
  heartbeat_ms: z.optional(z.number().check(z.positive())),
  max_frame_bytes: z.optional(z.int().check(z.positive())),
  app_version: z.optional(z.int()),
});

/** Client to server: the heartbeat. */
export const ping = z.object({ type: z.literal('ping'), id: z.int() });
/** Server to client: answers a `ping` with its id. */
export const pong = z.object({ type: z.literal('pong'), id: z.int() });

/** Server to client, about one topic or frame: the connection goes on. `ended`: that subscription is over. */
export const error = z.object({
  type: z.literal('error'),
  code: z.string(),
  message: z.string(),
  topic: z.optional(topic),
  ref: z.optional(ref),
  ended: z.boolean(),
});

/** Server to client: the server closes next. What each code means for the client is in `codes.ts`. */
export const goodbye = z.object({
  type: z.literal('goodbye'),
  code: z.string(),
  message: z.string(),
  retry: z.boolean(),
  retry_after_ms: z.optional(z.number().check(z.nonnegative())),
});
