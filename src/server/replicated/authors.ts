/** What a replica keeps with its position: the digest there, whether all before it is of this log, and which record of each author was applied last. */
import * as v from 'valibot';
import { KEEP_MS } from '../log/event-log.ts';

const NOTE = v.object({
  digest: v.string(),
  /** Why a record before the position is not of this log, though it is in it; absent where there is none, or a renewal came behind it. */
  doubt: v.optional(v.string()),
  authors: v.record(
    v.string(),
    v.object({ number: v.number(), time: v.number(), position: v.optional(v.number(), 0) }),
  ),
});

/** A repeat of a record comes before so many others have come. */
const KEEP_RECORDS = 100_000;

export type Note = v.InferOutput<typeof NOTE>;

export const NO_NOTE: Note = { digest: '', authors: {} };

export function noteText(note: Note): string {
  return JSON.stringify(note);
}

/** @throws Error where that is no note. */
export function readNote(text: string): Note {
  return text === '' ? NO_NOTE : v.parse(NOTE, JSON.parse(text));
}

/**
 * Once this record of the author's was applied. Authors that were silent for 7 days are forgotten, though not by time alone, since the
 * log's clock may be set: a repeat of what they wrote may be on its way.
 */
export function withRecord(
  { authors }: Note,
  { digest, doubt }: { readonly digest: string; readonly doubt: string | undefined },
  { author, ...last }: Note['authors'][string] & { readonly author: string },
): Note {
  const kept = Object.entries(authors).filter(
    ([, { time, position }]) => time >= last.time - KEEP_MS || position > last.position - KEEP_RECORDS,
  );
  return {
    digest,
    ...(doubt === undefined ? {} : { doubt }),
    authors: { ...Object.fromEntries(kept), [author]: last },
  };
}
