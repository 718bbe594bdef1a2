import { expect } from 'vitest';
import type {
  StoredCursor,
  StoredEntry,
  StoredOutcome,
  StoreFailure,
  StoreOp,
} from '../../worker/core/store.ts';

export async function expectFailure(promise: Promise<unknown>, failure: StoreFailure): Promise<void> {
  await expect(promise).rejects.toMatchObject({ name: 'StoreError', failure });
}

export function entry(id: string, seq: number): StoredEntry {
  return {
    id,
    seq,
    topic: 'run:42',
    priority: 'high',
    command: { type: 'human_decision', gate: `gate-${id}`, approved: true },
    appVersion: 1,
    dedupeKey: null,
    createdAt: 1_700_000_000_000,
    maybeSent: false,
    attempt: 0,
    firstSentAt: null,
    fate: { state: 'pending' },
  };
}
export function put(row: StoredEntry): StoreOp {
  return { op: 'put', table: 'entries', row: row };
}
export function outcome(id: string): StoredOutcome {
  return {
    id,
    at: 1_700_000_000_001,
    command: { type: 'human_decision', gate: id },
    outcome: { status: 'accepted', duplicate: false, result: { by: 'ada' } },
  };
}
export function cursor(topic: string, offset: number): StoredCursor {
  return { topic, epoch: 'e1', offset, lastSeen: 1_700_000_000_002, savedAt: 1_700_000_000_003 };
}
