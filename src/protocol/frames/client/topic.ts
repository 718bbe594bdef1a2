/** How a client asks for a topic, and acknowledges what it was given. */
import * as v from 'valibot';
import { cursor, list, offset, ref, time, topic } from '../common.ts';

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
