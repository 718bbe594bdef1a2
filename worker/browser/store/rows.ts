/**
 * What a row of the store must look like to be used. A row that does not (a fault of the disk, another program's hand)
 * is skipped and reported, and stays where it is: a person's decision is never thrown away unread.
 */
import * as v from 'valibot';
import { int, number, typed, uuid } from '../../../src/protocol/frames/common.ts';
import type { StoredCursor, StoredEntry, StoredMeta, StoredOutcome } from '../../core/store.ts';

const error = v.object({ code: v.string(), message: v.string() });
const fate = v.union([
  v.object({ state: v.literal('pending') }),
  v.object({ state: v.literal('uncertain'), at: number }),
  v.object({ state: v.picklist(['rejected', 'expired', 'dropped', 'quarantined']), at: number, error }),
]);
const entry = v.object({
  id: v.string(),
  seq: number,
  topic: v.nullable(v.string()),
  priority: v.picklist(['high', 'normal']),
  command: typed,
  appVersion: number,
  dedupeKey: v.nullable(v.string()),
  replaceKey: v.optional(v.string()),
  traceparent: v.optional(v.string()),
  createdAt: number,
  maybeSent: v.boolean(),
  attempt: number,
  firstSentAt: v.nullable(number),
  expiresAt: v.optional(number),
  serverAskedAt: v.optional(number),
  withdrawing: v.optional(v.boolean()),
  lastSent: v.optional(v.object({ run: v.string(), at: number, markedAt: v.optional(number) })),
  noneRan: v.optional(number),
  fate,
});
const outcome = v.object({
  id: v.string(),
  at: number,
  n: v.optional(number),
  command: typed,
  outcome: v.object({ status: v.string() }),
});
const cursor = v.object({
  topic: v.string(),
  epoch: v.string(),
  offset: number,
  lastSeen: number,
  savedAt: number,
});
const meta = v.object({
  clientId: uuid,
  term: int,
  principal: v.nullable(v.string()),
  databaseId: v.optional(v.string()),
  movedFrom: v.optional(v.string()),
  endedSessions: v.optional(
    v.object({
      signOuts: int,
      number: v.optional(number),
      at: number,
      ids: v.array(v.string()),
      isSignedInSince: v.optional(v.literal(true)),
    }),
  ),
  suspects: v.optional(v.array(v.string())),
});

export const isEntry = (row: unknown): row is StoredEntry => v.is(entry, row);
export const isOutcome = (row: unknown): row is StoredOutcome => v.is(outcome, row);
export const isCursor = (row: unknown): row is StoredCursor => v.is(cursor, row);
export const isMeta = (row: unknown): row is StoredMeta => v.is(meta, row);
