/** How a topic is given. */
import * as v from 'valibot';
import { count, list, offset, ref, time, topic, typed } from '../common.ts';

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
