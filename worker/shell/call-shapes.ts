/**
 * Whether a page's call can be understood. A page is of the same origin and trusted, but it may be of another build or
 * confused, and what it says reaches the one socket that all tabs share: a topic that is no string would end the
 * connection for all of them.
 */
import * as v from 'valibot';
import { type Arguments, CALLS, type Method, type PortCall } from '../../src/protocol/calls.ts';
import { cursor, int, list, number, offset, topic, typed, uuid } from '../../src/protocol/frames/common.ts';
import type { AttachRequest } from '../../src/protocol/port.ts';

const attachRequest = v.object({
  app: v.string(),
  appVersion: int,
  identity: v.string(),
  url: v.nullable(v.string()),
  dialect: v.union([
    v.literal('trunkline.v1'),
    v.object({ plain: v.object({ acks: v.optional(v.boolean()), heartbeat: v.optional(v.boolean()) }) }),
  ]),
  lease: v.string(),
  visible: v.boolean(),
  live: v.optional(v.literal(true)),
  hasToken: v.boolean(),
  diagnose: v.optional(v.picklist(['hub', 'tab'])),
  settledSince: v.optional(number),
  session: v.optional(v.string()),
  signOuts: v.optional(number),
  begunAfter: v.optional(number),
  principal: v.optional(v.string()),
  askedAt: v.optional(number),
});

const asked = {
  askedAt: v.optional(number),
  askedBy: v.optional(v.object({ hub: v.string(), ticks: number })),
};

const ARGUMENTS: { readonly [Name in keyof Arguments]-?: v.GenericSchema } = {
  topic,
  ticket: int,
  position: v.nullable(v.object({ ...cursor.entries, ts: v.optional(number) })),
  epoch: v.string(),
  taken: list(offset),
  failed: list(offset),
  ts: v.optional(list(number)),
  command: v.object({
    id: uuid,
    topic: v.nullable(topic),
    priority: v.picklist(['high', 'normal']),
    command: typed,
    dedupeKey: v.nullable(v.string()),
    replaceKey: v.optional(v.string()),
    traceparent: v.optional(v.string()),
    requireDurable: v.boolean(),
    maybeSentMs: v.nullable(number),
    // Pages of older builds have none.
    expiresAt: v.optional(v.nullable(number)),
    ...asked,
    serverAskedAt: v.optional(v.nullable(number)),
  }),
  id: v.string(),
  ...asked,
  seen: v.optional(v.string()),
  discard: v.boolean(),
  number: v.optional(number),
  signal: v.picklist(['online', 'visible', 'hidden']),
  request: int,
  answer: v.union([
    v.object({ token: v.nullable(v.string()), url: v.optional(v.string()) }),
    v.object({ failed: v.string() }),
  ]),
  outage: int,
  diagnosis: v.object({
    cause: v.picklist(['no_route', 'forbidden', 'redirect', 'unavailable', 'not_websocket', 'unknown']),
    retryAfterMs: v.optional(number),
  }),
};

export const isAttachRequest = (request: unknown): request is AttachRequest => v.is(attachRequest, request);
/** Whether an earlier hub was given it, and may have stored it: no later one may call it "not stored". */
export const isOfferedAgain = (call: PortCall): boolean =>
  call.method === 'send' && call.command?.maybeSentMs !== null;
export function isSound(call: PortCall): boolean {
  if (!Object.hasOwn(CALLS, call?.method)) return false;
  const given: Partial<Arguments> & { method: Method } = call;
  return CALLS[call.method].takes.every((name) => v.is(ARGUMENTS[name], given[name]));
}
