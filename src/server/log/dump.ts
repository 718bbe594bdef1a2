/** The lines of a projection's dump: a head, what there is, and an end by which it is known to be whole, and what was written. */
import * as v from 'valibot';
import type { JsonText } from './event-log.ts';

/** Raised where a line changes its meaning. */
export const DUMP_FORMAT = 1;

const whole = v.pipe(v.number(), v.safeInteger());
const client = { principal: v.string(), clientId: v.string() };

const HEAD = v.object({
  line: v.literal('head'),
  format: v.literal(DUMP_FORMAT),
  position: whole,
  /** What is kept with the position. */
  note: v.string(),
  newestTime: whole,
  /** When the log was opened first; `null`: it never was. */
  startedAt: v.nullable(whole),
  dedupeSince: whole,
  epoch: v.string(),
  limits: v.object({
    tailLimit: whole,
    historyEvents: whole,
    commandIds: whole,
    clientIds: whole,
    topicAges: v.exactOptional(v.pipe(v.array(v.object({ prefix: v.string(), ms: whole })), v.readonly())),
  }),
});

const CONTENT = v.variant('line', [
  v.object({ line: v.literal('run'), id: v.string(), began: whole, told: whole }),
  v.object({
    line: v.literal('topic'),
    name: v.string(),
    epoch: v.string(),
    offset: whole,
    ts: whole,
    forgotten: v.object({ offset: whole, ts: whole }),
  }),
  // Of the topic before it.
  v.object({
    line: v.literal('event'),
    offset: whole,
    prev: whole,
    ts: whole,
    key: v.nullable(v.string()),
    gone: v.boolean(),
    critical: v.boolean(),
    event: v.string(),
    current: v.boolean(),
  }),
  v.object({
    line: v.literal('command'),
    principal: v.string(),
    id: v.string(),
    at: whole,
    record: v.variant('status', [
      v.object({ status: v.literal('begun') }),
      v.object({ status: v.literal('accepted'), result: v.nullable(v.string()) }),
      v.object({ status: v.literal('cancelled'), begun: v.boolean() }),
    ]),
  }),
  v.object({
    line: v.literal('publication'),
    key: v.string(),
    digest: v.string(),
    at: whole,
    places: v.array(v.object({ topic: v.string(), epoch: v.string(), offset: whole })),
  }),
  v.object({
    line: v.literal('owner'),
    ...client,
    usedAt: whole,
    term: whole,
    run: v.string(),
    position: whole,
  }),
  v.object({
    line: v.literal('deliveries'),
    ...client,
    topic: v.string(),
    owed: v.array(whole),
    acknowledged: v.array(whole),
    /** All is recorded up to here; absent: it never was. */
    upTo: v.optional(whole),
  }),
]);

export type DumpHead = v.InferOutput<typeof HEAD>;
export type DumpLine = v.InferOutput<typeof CONTENT>;

/** With the number of the lines between. `checksum`: of all lines before it; absent: none was kept. */
const END = v.object({ line: v.literal('end'), lines: whole, checksum: v.optional(v.string()) });

/** Of what is read in one step; a line counts for no less than `LINE_LENGTH`. In UTF-16 code units. */
const SLICE_LENGTH = 128 * 1_024;
const LINE_LENGTH = 256;
const LINE_END = 0x0a;

export function* dumpText(head: DumpHead, content: Iterable<DumpLine>): Generator<JsonText> {
  const checksum = new Checksum();
  const told = (line: DumpHead | DumpLine) => checksum.add(JSON.stringify(line));
  yield told(head);
  let lines = 0;
  for (const line of content) {
    lines += 1;
    yield told(line);
  }
  yield JSON.stringify({ line: 'end', lines, checksum: checksum.text() });
}

/**
 * Hands each line on, in order; so many in each step that what is done with them does not take long.
 *
 * @throws Error where it is no dump of this format, not all of one, or not what was written.
 */
export function* readDump(
  dump: Iterable<JsonText>,
  hear: { head(head: DumpHead): void; line(line: DumpLine): void },
): Generator<void> {
  const checksum = new Checksum();
  let lines = -1;
  let ended = false;
  let length = 0;
  for (const text of dump) {
    if (ended) throw new Error('the dump goes on after its end');
    const line: unknown = JSON.parse(text);
    if (lines < 0) hear.head(checked(HEAD, line, lines));
    else if (v.is(END, line)) ended = isEnd(line, lines, checksum);
    else hear.line(checked(CONTENT, line, lines));
    if (!ended) checksum.add(text);
    lines += 1;
    length += Math.max(text.length, LINE_LENGTH);
    if (length < SLICE_LENGTH) continue;
    yield;
    length = 0;
  }
  if (!ended) throw new Error(`the dump ends after ${lines + 1} lines, which are not all of it`);
}

/** Whether that is the end after so many lines. */
function isEnd(end: v.InferOutput<typeof END>, lines: number, checksum: Checksum): boolean {
  if (end.lines !== lines) return false;
  if (end.checksum === undefined || end.checksum === checksum.text()) return true;
  throw new Error('the dump is not what was written: its checksum is another');
}

/**
 * Tells what was damaged, not what somebody has changed on purpose: FNV-1a
 * (https://www.ietf.org/archive/id/draft-eastlake-fnv-35.html) of 32 bits, over UTF-16 code units. Node's own hashes are not there
 * where this runs in a browser, for tests, and a browser's are asynchronous.
 */
class Checksum {
  #hash = 0x811c9dc5;

  /** Answers the line. */
  add(line: JsonText): JsonText {
    for (let at = 0; at < line.length; at++) this.#take(line.charCodeAt(at));
    this.#take(LINE_END);
    return line;
  }

  /** Of the lines so far. */
  text(): string {
    return (this.#hash >>> 0).toString(16);
  }

  #take(unit: number): void {
    this.#hash = Math.imul(this.#hash ^ unit, 0x01000193);
  }
}

function checked<S extends v.GenericSchema>(schema: S, line: unknown, before: number): v.InferOutput<S> {
  const result = v.safeParse(schema, line);
  if (result.success) return result.output;
  throw new Error(`the dump's line ${before + 2} is not understood: ${result.issues[0].message}`);
}
