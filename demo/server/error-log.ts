import { appendFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';

/** What a page reports. */
export const errorReport = z.object({
  message: z.string().check(z.minLength(1), z.maxLength(2_000)),
  stack: z.optional(z.string().check(z.maxLength(8_000))),
  runId: z.optional(z.string().check(z.maxLength(100))),
  nodeId: z.optional(z.string().check(z.maxLength(200))),
});
export type ErrorReport = z.infer<typeof errorReport>;
type Entry = ErrorReport & { readonly at: number; readonly from: 'page' | 'server' };

/** At this size, the file makes room: the one before it is kept. */
const FILE_BYTES = 1_048_576;
const SHOWN = 200;

/** The errors that pages and the server report: a file with a line of JSON for each. */
export class ErrorLog {
  readonly #path: string;

  constructor(folder: string) {
    this.#path = join(folder, 'errors.jsonl');
  }

  add(from: Entry['from'], report: ErrorReport): void {
    const entry: Entry = { at: Date.now(), from, ...report };
    const size = statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
    if (size > FILE_BYTES) renameSync(this.#path, `${this.#path}.before`);
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`);
  }

  /** The newest ones, the newest first. */
  newest(): Entry[] {
    if (!statSync(this.#path, { throwIfNoEntry: false })) return [];
    const lines = readFileSync(this.#path, 'utf8').trimEnd().split('\n');
    return lines
      .slice(-SHOWN)
      .reverse()
      .map((line) => JSON.parse(line));
  }
}
