/** What is looked for in all that is heard, on every socket of every case. */
import type { Rule } from '../obligation.ts';

const rule = <const I extends string>(id: I, level: Rule['level'], sentence: string) => ({
  id,
  level,
  sentence,
});

export const RULES = [
  rule(
    'frames/schema',
    'smallest',
    'A WebSocket message is UTF-8 text. It holds one frame, or a JSON array of frames',
  ),
  // The smallest server does not divide its snapshot: no case of that level sets a limit that is low.
  rule('frames/size', 'full', 'a server none larger than `hello.max_frame_bytes`'),
  rule(
    'frames/depth',
    'smallest',
    'Objects and arrays within an event or a command are nested at most 200 deep',
  ),
  rule('frames/welcome', 'smallest', 'It answers `hello`, once.'),
  rule(
    'time/server-time',
    'smallest',
    'It must not run backwards from one connection to the next, also across restarts',
  ),
  rule(
    'time/dedupe-since',
    'smallest',
    'every command id that was accepted at or after this time is still remembered',
  ),
  rule('topics/answers', 'smallest', 'names this request; the answers carry it.'),
  rule('topics/no-hole', 'smallest', 'then `event`s, in offset order, with no hole.'),
  rule('topics/ts', 'smallest', 'Within a topic, `ts` never decreases.'),
  rule(
    'topics/nothing-between',
    'smallest',
    'No `event` of the topic comes between `subscribed` and the last part, nor between parts',
  ),
  rule('snapshots/shape', 'smallest', 'It may come in parts, which the client applies as one at `last`.'),
  rule(
    'snapshots/state',
    'smallest',
    'the newest event of every key, and the newest events without a key (as many as the server keeps, 500 by default), together in offset order',
  ),
  rule(
    'criticals/redelivery',
    'full',
    'a repeat of a critical event. Exempt from the checks of order and holes',
  ),
  rule('goodbye/close-code', 'smallest', '**The server closes next**, and says why and what to do.'),
] as const satisfies readonly Rule[];

export type RuleId = (typeof RULES)[number]['id'];
/** Something that a rule is about was seen: `broken` says how it was not kept, `null` that it was. */
export type Find = (rule: RuleId, broken: string | null) => void;
