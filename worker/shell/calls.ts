/**
 * What a tab's call must look like. A page is of the same origin and trusted, but it may be of another build or
 * confused, and what it says reaches the one socket that all tabs share: a topic that is no string would end the
 * connection for all of them.
 */
import * as v from 'valibot';
import { cursor, int, list, number, offset, topic, typed, uuid } from '../../src/protocol/frames/common.ts';
import type { AttachRequest } from '../../src/protocol/port.ts';
import type { PortCall } from '../core/io.ts';

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
  hasToken: v.boolean(),
  diagnose: v.optional(v.picklist(['hub', 'tab'])),
  settledSince: v.optional(number),
  session: v.optional(v.string()),
  signOuts: v.optional(number),
  begunAfter: v.optional(number),
  askedAt: v.optional(number),
});

const id = v.string();
const CALLS: Readonly<Record<PortCall['method'], v.GenericSchema>> = {
  subscribe: v.object({ topic, ticket: int, position: v.nullable(cursor) }),
  unsubscribe: v.object({ topic }),
  took: v.object({
    topic,
    epoch: v.string(),
    taken: list(offset),
    failed: list(offset),
    // Pages of older builds have none.
    ts: v.optional(list(number)),
  }),
  send: v.object({
    command: v.object({
      id: uuid,
      topic: v.nullable(topic),
      priority: v.picklist(['high', 'normal']),
      command: typed,
      dedupeKey: v.nullable(v.string()),
      requireDurable: v.boolean(),
      maybeSentMs: v.nullable(number),
      // Pages of older builds have none.
      expiresAt: v.optional(v.nullable(number)),
      askedAt: v.optional(number),
      serverAskedAt: v.optional(v.nullable(number)),
    }),
  }),
  cancel: v.object({ id }),
  retry: v.object({ id, askedAt: v.optional(number) }),
  dismiss: v.object({ id }),
  settled: v.object({ id }),
  reconnect: v.object({}),
  inspect: v.object({}),
  signOut: v.object({ discard: v.boolean(), number: v.optional(number) }),
  signal: v.object({ signal: v.picklist(['online', 'visible', 'hidden']) }),
  diagnosed: v.object({
    outage: int,
    diagnosis: v.object({
      cause: v.picklist(['no_route', 'forbidden', 'redirect', 'unavailable', 'not_websocket', 'unknown']),
      retryAfterMs: v.optional(number),
    }),
  }),
  token: v.object({
    request: int,
    answer: v.union([
      v.object({ token: v.nullable(v.string()), url: v.optional(v.string()) }),
      v.object({ failed: v.string() }),
    ]),
  }),
};

export const isAttachRequest = (request: unknown): request is AttachRequest => v.is(attachRequest, request);
/** Whether an earlier hub was given it, and may have stored it: no later one may call it "not stored". */
export const isOfferedAgain = (call: PortCall): boolean =>
  call.method === 'send' && call.command?.maybeSentMs !== null;
export const isSound = (call: PortCall): boolean =>
  Object.hasOwn(CALLS, call?.method) && v.is(CALLS[call.method], call);
