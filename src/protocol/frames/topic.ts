import * as z from 'zod/mini';
import { count, cursor, offset, ref, time, topic, typed } from './common.ts';

/** Client to server: start the topic; with a cursor, replay what follows it if history still has it. */
export const subscribe = z.object({ type: z.literal('subscribe'), topic, ref, cursor: z.optional(cursor) });

/** Client to server: subscribe and send the current state, and what was missed since `cursor`, or else since `last_seen`. */
export const resyncRequest = z.object({
  type: z.literal('resync_request'),
  topic,
  ref,
  last_seen: z.nullable(time),
  cursor: z.optional(cursor),
});

/** Client to server: stop the topic. */
export const unsubscribe = z.object({ type: z.literal('unsubscribe'), topic, ref });

/** Client to server: critical events that a page took (`offsets`), or that never can be (`failed`). Either ends their repetition. */
export const ack = z.object({
  type: z.literal('ack'),
  topic,
  epoch: z.string(),
  offsets: z.array(offset),
  failed: z.optional(z.array(z.object({ offset, code: z.string() }))),
});

/** Server to client: `offset` is the topic's newest; `recovered`: everything after the client's cursor follows as `event` frames. */
export const subscribed = z.object({
  type: z.literal('subscribed'),
  topic,
  ref,
  epoch: z.string(),
  offset,
  recovered: z.boolean(),
});

/** One event within a snapshot. */
export const item = z.object({
  offset,
  ts: time,
  key: z.optional(z.string()),
  gone: z.optional(z.literal(true)),
  event: typed,
});

/**
 * Server to client: the state, which replaces what the client held, and what it missed. It may come in parts, which the
 * client applies as one at `last`.
 */
export const snapshot = z.object({
  type: z.literal('snapshot'),
  topic,
  ref,
  epoch: z.string(),
  offset,
  ts: time,
  part: count,
  last: z.boolean(),
  events: z.array(item),
  missed: z.optional(z.array(item)),
  truncated: z.optional(z.literal(true)),
});

/**
 * Server to client: one event. `prev` is the offset of the event before it, left out when that is `offset - 1`.
 * `ack`: it is critical. `redelivery`: a repeat of a critical one, exempt from the order and hole checks.
 */
export const event = z.object({
  type: z.literal('event'),
  topic,
  offset,
  ts: time,
  key: z.optional(z.string()),
  gone: z.optional(z.literal(true)),
  prev: z.optional(offset),
  ack: z.optional(z.literal(true)),
  redelivery: z.optional(z.literal(true)),
  event: typed,
});
