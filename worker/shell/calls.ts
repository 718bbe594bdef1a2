/**
 * What a tab's call must look like. A page is of the same origin and trusted, but it may be of another build or
 * confused, and what it says reaches the one socket that all tabs share: a topic that is no string would end the
 * connection for all of them.
 */
import * as z from 'zod/mini';
import { cursor, offset, topic, typed } from '../../src/protocol/frames/common.ts';
import type { AttachRequest } from '../../src/protocol/port.ts';
import type { PortCall } from '../core/io.ts';

const attachRequest = z.object({
  app: z.string(),
  appVersion: z.int(),
  identity: z.string(),
  url: z.string(),
  dialect: z.union([
    z.literal('trunkline.v1'),
    z.object({ plain: z.object({ acks: z.optional(z.boolean()), heartbeat: z.optional(z.boolean()) }) }),
  ]),
  lease: z.string(),
  visible: z.boolean(),
  hasToken: z.boolean(),
  settledSince: z.optional(z.number()),
});

const id = z.string();
const CALLS: Readonly<Record<PortCall['method'], z.ZodMiniType>> = {
  subscribe: z.object({ topic, ticket: z.int(), position: z.nullable(cursor) }),
  unsubscribe: z.object({ topic }),
  took: z.object({ topic, epoch: z.string(), taken: z.array(offset), failed: z.array(offset) }),
  send: z.object({
    command: z.object({
      id: z.uuid(),
      topic: z.nullable(topic),
      priority: z.enum(['high', 'normal']),
      command: typed,
      dedupeKey: z.nullable(z.string()),
      requireDurable: z.boolean(),
      maybeSentMs: z.nullable(z.number()),
    }),
  }),
  cancel: z.object({ id }),
  retry: z.object({ id }),
  dismiss: z.object({ id }),
  settled: z.object({ id }),
  reconnect: z.object({}),
  inspect: z.object({}),
  signOut: z.object({ discard: z.boolean() }),
  signal: z.object({ signal: z.enum(['online', 'visible', 'hidden']) }),
  token: z.object({
    request: z.int(),
    answer: z.union([z.object({ token: z.nullable(z.string()) }), z.object({ failed: z.string() })]),
  }),
};

export const isAttachRequest = (request: unknown): request is AttachRequest =>
  attachRequest.safeParse(request).success;
export const isSound = (call: PortCall): boolean =>
  Object.hasOwn(CALLS, call?.method) && CALLS[call.method].safeParse(call).success;
