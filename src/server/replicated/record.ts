/** What an engine's records say. */
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { Admitted, CommandEnd, CommandRecord, Committed, EndedTopic } from '../log/event-log.ts';
import type { Entry, EntryKind, Outcome } from '../log/projection.ts';

/** Raised where a record changes its meaning: a server does not apply what it does not understand. */
export const RECORD_FORMAT = 1;

/** An entry as it is written: its time is the record's. */
export type Written = {
  [K in EntryKind]: {
    readonly kind: K;
    readonly content: Omit<Extract<Entry, { kind: K }>['content'], 'now'>;
  };
}[EntryKind];

/** What comes before a record's entries. */
export interface RecordHead {
  /** The process that has written it. */
  readonly author: string;
  /** Of its author's records, from 1: a repeat of one is void. */
  readonly number: number;
  /** What its author had applied when it was written first: the newest position, and the digest there. */
  readonly at: number;
  readonly digest: string;
  /** The log does not go on from what is before it, but from the dump of its own position, of which it is a part. Absent: from what is before it. */
  readonly from?: 'dump' | undefined;
}

const KINDS = {
  open: true,
  tell: true,
  commit: true,
  renew: true,
  begin: true,
  cancel: true,
  admit: true,
  owe: true,
  acknowledge: true,
  disconnect: true,
  recheck: true,
  endTopic: true,
  prune: true,
} satisfies Record<EntryKind, true>;

const RECORD = v.object({
  format: v.literal(RECORD_FORMAT),
  author: v.string(),
  number: v.number(),
  at: v.number(),
  digest: v.string(),
  from: v.optional(v.literal('dump')),
  // What one of a known kind holds was written by a server of this format.
  entries: v.array(
    v.custom<Written>(
      (one) =>
        typeof one === 'object' && one !== null && 'kind' in one && Object.hasOwn(KINDS, String(one.kind)),
      'an entry of a kind that is not known here',
    ),
  ),
});

export function recordText(head: RecordHead, entryTexts: readonly string[]): string {
  const text = JSON.stringify({ format: RECORD_FORMAT, ...head });
  return `${text.slice(0, -1)},"entries":[${entryTexts.join(',')}]}`;
}

/** @throws Error for one that is not of this format: a server of another version has written it, or it is none. */
export function readRecord(text: string): RecordHead & { readonly entries: readonly Written[] } {
  const result = v.safeParse(RECORD, JSON.parse(text));
  if (result.success) return result.output;
  throw new Error(`not of format ${RECORD_FORMAT}, ${result.issues[0].message}`);
}

/** Its entries, at its time. */
export function entriesAt(entries: readonly Written[], now: number): readonly Entry[] {
  return entries.map(({ kind, content }) => ({ kind, content: { ...content, now } }) as Entry);
}

/** Of all records and of what has come of them, up to one more. The same for all who have applied the same. */
export function nextDigest(before: string, text: string, outcomes: readonly Outcome[] | 'repeat'): string {
  const told = outcomes === 'repeat' ? outcomes : outcomes.map(outcomeText).join(';');
  return createHash('sha256').update(`${before}\n${text}\n${told}`).digest('base64url').slice(0, 22);
}

/** Field by field: objects that say the same may have theirs in another order. */
function outcomeText(outcome: Outcome): string {
  if (outcome === null) return '';
  if (Array.isArray(outcome)) return outcome.map(partText).join(',');
  if ('newestTime' in outcome) return `${outcome.newestTime} ${outcome.run}`;
  return partText(outcome as CommandEnd);
}

function partText(part: Committed | CommandRecord | Admitted | EndedTopic): string {
  if ('topic' in part) return JSON.stringify([part.topic, part.epoch]);
  switch (part.status) {
    case 'committed':
      return part.events
        .map(({ topic, epoch, event: { offset, prev, ts } }) =>
          JSON.stringify([topic, epoch, offset, prev, ts]),
        )
        .join(' ');
    case 'repeated':
      return part.places.map(({ topic, epoch, offset }) => JSON.stringify([topic, epoch, offset])).join(' ');
    case 'duplicate':
    case 'accepted':
      return `${part.status} ${part.result}`;
    case 'cancelled':
      return `${part.status} ${part.begun}`;
    case 'admitted':
      return `${part.status} ${part.time} ${part.position}`;
    default:
      return part.status;
  }
}
