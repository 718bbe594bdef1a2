/** How all rows of a topic become a few large values of a database, and rows again. */
import type { SavedRow } from '../../core/state-store.ts';

/**
 * In characters, or one row where that is longer. Every value costs by itself, and `getAll` of many middling ones costs most of
 * all: Chromium 156 reads 30 MB in 0.4 s as 20 values, in 2 to 3.5 s as 500.
 */
const SEGMENT_LENGTH = 1_500_000;

/** As JSON, each. */
export function segmentsOf(rows: readonly SavedRow[]): string[] {
  const segments: string[] = [];
  let texts: string[] = [];
  let length = 0;
  for (const row of rows) {
    const text = JSON.stringify(row);
    if (length > 0 && length + text.length > SEGMENT_LENGTH) {
      segments.push(`[${texts.join()}]`);
      texts = [];
      length = 0;
    }
    texts.push(text);
    length += text.length;
  }
  if (texts.length > 0) segments.push(`[${texts.join()}]`);
  return segments;
}

/** What is to be judged still. A segment that is none counts as one row that cannot be read. */
export function rowsIn(segment: string): unknown[] {
  try {
    const rows: unknown = JSON.parse(segment);
    return Array.isArray(rows) ? rows : [null];
  } catch {
    return [null];
  }
}
