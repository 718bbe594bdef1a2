/**
 * What a faulty or hostile peer may say: frames of every type, from pools of topics, epochs, offsets and ids so small
 * that they meet those in use, and everything that can be made of them by breaking their fields, their text, or the
 * message that holds them.
 */
import fc from 'fast-check';
import type { ClientFrame, ServerFrame } from '../../src/protocol/frames/index.ts';
import type { Typed } from '../../src/protocol/interpret.ts';
import type { Json } from '../../src/protocol/json.ts';

export const TOPICS = ['run:1', 'run:2', 'default'] as const;
export const EPOCHS = ['e1', 'e2', 'hub-1'] as const;
export const PRINCIPALS = ['ann', 'bob'] as const;
/** As `HubWorld` numbers them. */
export const idOf = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

/** Deeper than what any platform copies. */
const DEEP = 20_000;

const topic = fc.oneof(
  { arbitrary: fc.constant(TOPICS[0]), weight: 4 },
  { arbitrary: fc.constantFrom(...TOPICS), weight: 1 },
);
const epoch = fc.constantFrom(...EPOCHS);
const offset = fc.oneof(
  { arbitrary: fc.nat(12), weight: 8 },
  {
    arbitrary: fc.constantFrom(2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER),
    weight: 1,
  },
);
const ref = fc.nat(6);
const time = fc.oneof(fc.nat(2_000_000_000), fc.constantFrom(0, -1, 1.5, 1e308, -1e308));
const id = fc.nat(8).map(idOf);
const text = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom('', '\ud800', '__proto__', '\u0000', '🧵'),
);
const traceparent = fc.constantFrom(
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  'cc-00000000000000000000000000000001-0000000000000001-00',
);
const yes = fc.constant(true as const);
const no = fc.constant(false as const);
/** `requiredKeys: []`: every field comes and goes. */
const sometimes = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(fields, { requiredKeys: [] });
const frame = <F, O extends object>(
  fields: { [K in keyof F]: fc.Arbitrary<F[K]> },
  optional: fc.Arbitrary<O>,
) => fc.tuple(fc.record(fields), optional).map(([required, more]) => ({ ...required, ...more }));

/** What applications define in the tests, and what none does. */
export const event: fc.Arbitrary<Typed> = fc.oneof(
  fc.record({ type: fc.constant('node'), id: fc.constantFrom('a', 'b', 'c'), state: text }),
  fc.record({ type: fc.constant('gone'), id: fc.constantFrom('a', 'b', 'c') }),
  fc.record({ type: fc.constant('alarm'), text }),
  fc.record({ type: fc.constant('line'), text }),
  fc.record({ type: fc.constant('anything'), of: fc.jsonValue() }),
  fc.record({
    type: fc.constantFrom('node', 'alarm', 'of a later version', '__proto__', 'constructor', 'toString'),
  }),
);
const item = frame(
  { offset, ts: time, event },
  sometimes({ key: fc.constantFrom('a', 'b', '__proto__'), gone: yes }),
);
const cursor = fc.record({ epoch, offset });

/** Those most often that build up a state, so that there is one to be damaged. */
export const serverFrame: fc.Arbitrary<ServerFrame> = fc.oneof(
  {
    weight: 1,
    arbitrary: frame(
      {
        type: fc.constant('welcome' as const),
        session: text,
        principal: fc.constantFrom(...PRINCIPALS),
        server_time: time,
        dedupe_since: time,
      },
      sometimes({
        heartbeat_ms: fc.constantFrom(1e-300, 1, 30_000, 1e308),
        max_frame_bytes: fc.constantFrom(1_024, 65_536, Number.MAX_SAFE_INTEGER),
        app_version: fc.integer(),
        capabilities: fc.subarray(['expires_at', 'withdraw', '__proto__']),
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('subscribed' as const),
      topic,
      ref,
      epoch,
      offset,
      recovered: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: frame(
      {
        type: fc.constant('snapshot' as const),
        topic,
        ref,
        epoch,
        offset,
        ts: time,
        part: fc.nat(2),
        last: fc.boolean(),
        events: fc.array(item, { maxLength: 4 }),
      },
      sometimes({ missed: fc.array(item, { maxLength: 4 }), truncated: yes }),
    ),
  },
  {
    weight: 10,
    arbitrary: frame(
      { type: fc.constant('event' as const), topic, offset, ts: time, event },
      sometimes({
        key: fc.constantFrom('a', '__proto__'),
        gone: yes,
        prev: offset,
        ack: yes,
        redelivery: yes,
      }),
    ),
  },
  {
    weight: 3,
    arbitrary: frame(
      { type: fc.constant('command_ack' as const), id },
      sometimes({ duplicate: yes, result: fc.jsonValue() }),
    ),
  },
  {
    weight: 2,
    arbitrary: frame(
      { type: fc.constant('command_nack' as const), id, code: text, message: text, retry: fc.boolean() },
      sometimes({ retry_after_ms: fc.constantFrom(0, 1, 60_000, 1e308), ran: no }),
    ),
  },
  {
    weight: 1,
    arbitrary: frame(
      { type: fc.constant('pong' as const), id: fc.integer({ min: -1, max: 4 }) },
      sometimes({ server_time: time }),
    ),
  },
  {
    weight: 1,
    arbitrary: frame(
      {
        type: fc.constant('error' as const),
        code: fc.constantFrom('forbidden', 'unknown_topic', 'rate_limited', 'constructor'),
        message: text,
        ended: fc.boolean(),
      },
      sometimes({ topic, ref }),
    ),
  },
  {
    weight: 1,
    arbitrary: frame(
      {
        type: fc.constant('goodbye' as const),
        code: fc.constantFrom(
          'unauthorized',
          'identity_mismatch',
          'superseded',
          'draining',
          'bad_frame',
          '__proto__',
        ),
        message: text,
        retry: fc.boolean(),
      },
      sometimes({ retry_after_ms: fc.constantFrom(0, 1, 60_000, 1e308) }),
    ),
  },
);

export const clientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(
  frame(
    {
      type: fc.constant('hello' as const),
      client_id: id,
      app: fc.constantFrom('ops', 'ops', 'ops', 'another'),
      app_version: fc.constantFrom(3, -1, Number.MAX_SAFE_INTEGER),
      term: fc.constantFrom(0, 1, 2, Number.MAX_SAFE_INTEGER),
    },
    sometimes({
      max_frame_bytes: fc.constantFrom(1_024, 65_536, Number.MAX_SAFE_INTEGER),
      token: text,
    }),
  ),
  frame(
    { type: fc.constant('subscribe' as const), topic, ref },
    sometimes({ cursor, last_seen: fc.record({ offset, ts: time }) }),
  ),
  frame(
    { type: fc.constant('resync_request' as const), topic, ref, last_seen: fc.option(time) },
    sometimes({ cursor, missed: no }),
  ),
  fc.record({ type: fc.constant('unsubscribe' as const), topic, ref }),
  frame(
    {
      type: fc.constant('command' as const),
      id,
      priority: fc.constantFrom('high' as const, 'normal' as const),
      created_at: time,
      attempt: fc.constantFrom(1, 2, Number.MAX_SAFE_INTEGER),
      app_version: fc.integer(),
      command: fc.oneof(
        fc.record({ type: fc.constant('note'), text }),
        fc.record({ type: fc.constant('decide'), gate: text }),
        event,
      ),
    },
    sometimes({ topic, expires_at: time, traceparent }),
  ),
  fc.record({ type: fc.constant('withdraw' as const), id }),
  frame(
    { type: fc.constant('ack' as const), topic, epoch, offsets: fc.array(offset, { maxLength: 4 }) },
    sometimes({ failed: fc.array(fc.record({ offset, code: text }), { maxLength: 2 }) }),
  ),
  fc.record({ type: fc.constant('ping' as const), id: fc.integer() }),
);

/** In place of what a field should hold. */
const odd: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, true, false, '', 'x', '\ud800', '__proto__', [], {}, [[]], [null], {
    type: {},
  }),
  fc.constantFrom<Json>(-1, 0, 0.5, 2 ** 53, -(2 ** 53), 1e21, 1e308, 5e-324),
  fc.string({ minLength: 5_000, maxLength: 5_000 }),
  fc.jsonValue() as fc.Arbitrary<Json>,
);

type Breakage =
  | { how: 'drop' | 'deepen' | 'repeat'; at: number }
  | { how: 'replace'; at: number; by: Json }
  | { how: 'add'; name: string; by: Json };
const at = fc.nat(40);
const breakage: fc.Arbitrary<Breakage> = fc.oneof(
  fc.record({ how: fc.constantFrom('drop' as const, 'deepen', 'repeat'), at }),
  fc.record({ how: fc.constant('replace' as const), at, by: odd }),
  fc.record({
    how: fc.constant('add' as const),
    name: fc.constantFrom('__proto__', 'constructor', 'prototype', 'toJSON', 'then', 'length', ''),
    by: odd,
  }),
);

/** The text of a frame of which one field, at any depth, is not what it should be. */
function broken(whole: object, what: Breakage): string {
  if (what.how === 'add') {
    // As text: no assignment makes a field of the name `__proto__`.
    return JSON.stringify(whole).replace(/^\{/, `{${JSON.stringify(what.name)}:${JSON.stringify(what.by)},`);
  }
  const copy = structuredClone(whole);
  const fields = fieldsOf(copy);
  const field = fields[what.at % fields.length];
  if (!field) return JSON.stringify(copy);
  const { of, name } = field;
  if (what.how === 'drop') delete of[name];
  else if (what.how === 'replace') of[name] = what.by;
  else if (what.how === 'repeat') {
    const { [name]: value } = of;
    return JSON.stringify(copy).replace(/\}$/, `,${JSON.stringify(name)}:${JSON.stringify(value)}}`);
  } else {
    of[name] = DEPTHS_PLACE;
    return JSON.stringify(copy).replace(JSON.stringify(DEPTHS_PLACE), '['.repeat(DEEP) + ']'.repeat(DEEP));
  }
  return JSON.stringify(copy);
}
const DEPTHS_PLACE = 'here it goes down';

function fieldsOf(value: unknown): { of: Record<string, unknown>; name: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const of = value as Record<string, unknown>;
  return Object.keys(of).flatMap((name) => [{ of, name }, ...fieldsOf(of[name])]);
}

/** Text of which a piece is missing, doubled, or a number no number. */
const torn = (texts: fc.Arbitrary<string>) =>
  fc
    .tuple(
      texts,
      fc.constantFrom('cut', 'double', '1e999', '-0', 'NaN', '9007199254740993', '\\ud800'),
      fc.nat(500),
    )
    .map(([whole, how, place]) => {
      const where = place % (whole.length + 1);
      if (how === 'cut') return whole.slice(0, where);
      if (how === 'double') return whole.slice(0, where) + whole;
      return whole.replace(/(?<=:)-?\d+/, how);
    });

/** Whole messages; `null` is one that is not text. Half of them are as the protocol wants them. */
export function messages(frames: fc.Arbitrary<object>): fc.Arbitrary<string | null> {
  const sound = frames.map((whole) => JSON.stringify(whole));
  const unsound = fc.tuple(frames, breakage).map(([whole, what]) => broken(whole, what));
  const some = fc.oneof({ arbitrary: sound, weight: 3 }, { arbitrary: unsound, weight: 2 });
  return fc.oneof(
    { arbitrary: sound, weight: 8 },
    { arbitrary: unsound, weight: 6 },
    { arbitrary: fc.array(some, { maxLength: 6 }).map((texts) => `[${texts.join()}]`), weight: 4 },
    { arbitrary: torn(some), weight: 2 },
    { arbitrary: fc.oneof(fc.json(), fc.string({ unit: 'binary' })), weight: 1 },
    {
      arbitrary: fc.constantFrom(
        null,
        '',
        '[]',
        '[[]]',
        '{}',
        'null',
        '0',
        '"event"',
        '[[[{"type":"event"}]]]',
      ),
      weight: 1,
    },
    { arbitrary: fc.constantFrom('[', '{"type":').map((open) => open.repeat(DEEP)), weight: 1 },
  );
}

const TIMES = Number(process.env['FUZZ'] ?? 1);
/** For as many runs as are wanted. */
export const TIMEOUT_MS = 60_000 * TIMES;

/** The same ones in every run; `SEED=7 FUZZ=50 npm run test:unit -- fuzz` plays others, and 50 times as many. */
export function runs(count: number): { numRuns: number; seed: number } {
  return { numRuns: count * TIMES, seed: Number(process.env['SEED'] ?? 1) };
}
