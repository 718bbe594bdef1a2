/** The frames by which a topic is asked for, given and acknowledged. */
import * as v from 'valibot';
import { count, cursor, list, offset, ref, time, topic, typed } from './common.ts';

/**
 * Client to server: start the topic; with a cursor, replay what follows it if history still has it. `last_seen` is the
 * event at the cursor, by which the cursor proves itself: a history where that offset has another `ts` is another one.
 */
export const subscribe = v.object({
  type: v.literal('subscribe'),
  topic,
  ref,
  cursor: v.optional(cursor),
  last_seen: v.optional(v.object({ offset, ts: time })),
});

/**
 * Client to server: subscribe and send the current state, and what was missed since `cursor`, or else since `last_seen`;
 * with `missed: false` the state alone.
 */
export const resyncRequest = v.object({
  type: v.literal('resync_request'),
  topic,
  ref,
  last_seen: v.nullable(time),
  cursor: v.optional(cursor),
  missed: v.optional(v.literal(false)),
});

/** Client to server: stop the topic. */
export const unsubscribe = v.object({ type: v.literal('unsubscribe'), topic, ref });

/** Client to server: critical events that a page took (`offsets`), or that never can be (`failed`). Either ends their repetition. */
export const ack = v.object({
  type: v.literal('ack'),
  topic,
  epoch: v.string(),
  offsets: list(offset),
  failed: v.optional(list(v.object({ offset, code: v.string() }))),
});

/** Server to client: `offset` is the topic's newest; `recovered`: everything after the client's cursor follows as `event` frames. */
export const subscribed = v.object({
  type: v.literal('subscribed'),
  topic,
  ref,
  epoch: v.string(),
  offset,
  recovered: v.boolean(),
});

/** One event within a snapshot. */
export const item = v.object({
  offset,
  ts: time,
  key: v.optional(v.string()),
  gone: v.optional(v.literal(true)),
  event: typed,
});

/**
 * Server to client: the state, which replaces what the client held, and what it missed. It may come in parts, which the
 * client applies as one at `last`.
 */
export const snapshot = v.object({
  type: v.literal('snapshot'),
  topic,
  ref,
  epoch: v.string(),
  offset,
  ts: time,
  part: count,
  last: v.boolean(),
  events: list(item),
  missed: v.optional(list(item)),
  truncated: v.optional(v.literal(true)),
});

/**
 * Server to client: one event. `prev` is the offset of the event before it, left out when that is `offset - 1`.
 * `ack`: it is critical. `redelivery`: a repeat of a critical one, exempt from the order and hole checks.
 */
export const event = v.object({
  type: v.literal('event'),
  topic,
  offset,
  ts: time,
  key: v.optional(v.string()),
  gone: v.optional(v.literal(true)),
  prev: v.optional(offset),
  ack: v.optional(v.literal(true)),
  redelivery: v.optional(v.literal(true)),
  event: typed,
});
