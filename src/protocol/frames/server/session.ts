/** A server's part of a connection: its beginning, its heartbeat, its faults and its end. */
import * as v from 'valibot';
import { frameBytes, int, list, nonnegative, positive, ref, time, topic } from '../common.ts';

/**
 * Server to client: the connection is open. Every command id that was accepted after `dedupe_since` (the server's
 * clock) is still remembered. `capabilities` names what the server keeps to beyond the first version of this protocol.
 * `runs` are those of the server that its memory knows: what was sent to another one, or later than `until`, it may have
 * lost. The last is the present one, which goes on.
 */
export const welcome = v.object({
  type: v.literal('welcome'),
  session: v.string(),
  principal: v.string(),
  server_time: time,
  dedupe_since: time,
  heartbeat_ms: v.optional(positive),
  max_frame_bytes: v.optional(frameBytes),
  app_version: v.optional(int),
  capabilities: v.optional(list(v.string())),
  runs: v.optional(list(v.object({ id: v.string(), from: time, until: v.optional(time) }))),
});

/** Server to client: answers a `ping` with its id. */
export const pong = v.object({ type: v.literal('pong'), id: int, server_time: v.optional(time) });

/** Server to client, about one topic or frame: the connection goes on. `ended`: that subscription is over. */
export const error = v.object({
  type: v.literal('error'),
  code: v.string(),
  message: v.string(),
  topic: v.optional(topic),
  ref: v.optional(ref),
  ended: v.boolean(),
});

/** Server to client: the server closes next. What each code means for the client is in `goodbye-codes.ts`. */
export const goodbye = v.object({
  type: v.literal('goodbye'),
  code: v.string(),
  message: v.string(),
  retry: v.boolean(),
  retry_after_ms: v.optional(nonnegative),
});
