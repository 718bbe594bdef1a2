/**
 * What a row of the store must look like to be used. A row that does not (a fault of the disk, another program's hand)
 * is skipped and reported, and stays where it is: a person's decision is never thrown away unread.
 */
import * as z from 'zod/mini';
import { typed } from '../../../src/protocol/frames/common.ts';
import type { StoredCursor, StoredEntry, StoredMeta, StoredOutcome } from '../../core/store.ts';

const error = z.object({ code: z.string(), message: z.string() });
const fate = z.union([
  z.object({ state: z.literal('pending') }),
  z.object({ state: z.literal('uncertain'), at: z.number() }),
  z.object({ state: z.enum(['rejected', 'expired', 'dropped', 'quarantined']), at: z.number(), error }),
]);
const entry = z.object({
  id: z.string(),
  seq: z.number(),
  topic: z.nullable(z.string()),
  priority: z.enum(['high', 'normal']),
  command: typed,
  appVersion: z.number(),
  dedupeKey: z.nullable(z.string()),
  createdAt: z.number(),
  maybeSent: z.boolean(),
  attempt: z.number(),
  firstSentAt: z.nullable(z.number()),
  fate,
});
const outcome = z.object({
  id: z.string(),
  at: z.number(),
  command: typed,
  outcome: z.object({ status: z.string() }),
});
const cursor = z.object({
  topic: z.string(),
  epoch: z.string(),
  offset: z.number(),
  lastSeen: z.number(),
  savedAt: z.number(),
});
const meta = z.object({ clientId: z.uuid(), term: z.int(), principal: z.nullable(z.string()) });

export const isEntry = (row: unknown): row is StoredEntry => entry.safeParse(row).success;
export const isOutcome = (row: unknown): row is StoredOutcome => outcome.safeParse(row).success;
export const isCursor = (row: unknown): row is StoredCursor => cursor.safeParse(row).success;
export const isMeta = (row: unknown): row is StoredMeta => meta.safeParse(row).success;
