/** The lines of a projection's dump: a head, what there is, and an end by which it is known to be whole. */
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

/** With the number of the lines between. */
const END = v.object({ line: v.literal('end'), lines: whole });

export function* dumpText(head: DumpHead, content: Iterable<DumpLine>): Generator<JsonText> {
  yield JSON.stringify(head);
  let lines = 0;
  for (const line of content) {
    lines += 1;
    yield JSON.stringify(line);
  }
  yield JSON.stringify({ line: 'end', lines });
}

/**
 * Hands each line on, in order.
 *
 * @throws Error where it is no dump of this format, or not all of one.
 */
export function readDump(
  dump: Iterable<JsonText>,
  hear: { head(head: DumpHead): void; line(line: DumpLine): void },
): void {
  let lines = -1;
  let ended = false;
  for (const text of dump) {
    if (ended) throw new Error('the dump goes on after its end');
    const line: unknown = JSON.parse(text);
    if (lines < 0) hear.head(checked(HEAD, line, lines));
    else if (v.is(END, line)) ended = checked(END, line, lines).lines === lines;
    else hear.line(checked(CONTENT, line, lines));
    lines += 1;
  }
  if (!ended) throw new Error(`the dump ends after ${lines + 1} lines, which are not all of it`);
}

function checked<S extends v.GenericSchema>(schema: S, line: unknown, before: number): v.InferOutput<S> {
  const result = v.safeParse(schema, line);
  if (result.success) return result.output;
  throw new Error(`the dump's line ${before + 2} is not understood: ${result.issues[0].message}`);
}
