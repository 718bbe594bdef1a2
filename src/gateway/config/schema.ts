/** What a gateway can be told. The descriptions are what editors show, and what `docs/gateway.md` says. */
import * as v from 'valibot';
import { readAddress } from '../../server/address/read-address.ts';
import { type Limits, resolveLimits } from '../../server/core/limits.ts';
import { originPolicy } from '../../server/websocket/origin.ts';
import { backendSchema } from '../backend/config.ts';
import { authenticateSchema, authorizeSchema } from '../people/config.ts';
import { secret } from './secret.ts';

const text = (description: string) =>
  v.pipe(v.string(), v.nonEmpty('It must not be empty'), v.description(description));
const whole = (least: number, most: number, description: string) =>
  v.pipe(
    v.number(),
    v.integer('It has to be a whole number'),
    v.minValue(least, `It has to be ${least} or more`),
    v.maxValue(most, `It has to be ${most} or less`),
    v.description(description),
  );
const yesOrNo = (description: string) => v.pipe(v.boolean(), v.description(description));
const port = (description: string) => whole(0, 65_535, description);
const host = (description: string) => v.optional(text(description), '127.0.0.1');

/** What the part that uses it throws for another value, told at its place. */
function as<Value extends string | number>(read: (value: Value) => unknown) {
  const whyNot = (value: Value): string | null => {
    try {
      read(value);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message.replace(/^createServer: /, '') : String(error);
    }
  };
  return v.check<Value, (issue: v.CheckIssue<Value>) => string>(
    (value) => whyNot(value) === null,
    ({ input }) => whyNot(input) ?? '',
  );
}

const LONGEST_MS = 2 ** 31 - 1;

const eventRule = v.strictObject({
  key: v.optional(text('The field of the event that holds its key, a text')),
  gone: v.optional(yesOrNo('Its key is gone after it')),
  critical: v.optional(yesOrNo('Each client acknowledges it, and is sent it again until it does')),
});
/** What holds for the events of a type, where it is not said with the event. */
export type EventRule = v.InferOutput<typeof eventRule>;

/** Those whose meaning is `Limits`' own; what a command may take is up to the backend. */
const LIMITS = [
  'handshakeMs',
  'authenticateMs',
  'handshakes',
  'handshakeBytes',
  'heartbeatMs',
  'connectionsPerPrincipal',
  'connectionsPerAddress',
  'subscriptionsPerConnection',
  'framesPerSecond',
  'bytesPerSecond',
  'resyncsPerMinute',
  'commandsPerConnection',
  'commandBytesPerPrincipal',
  'maxFrameBytes',
  'maxEventBytes',
  'tailLimit',
  'missedLimit',
  'bufferedBytes',
] as const satisfies readonly (keyof Limits)[];
const limitOf = (name: (typeof LIMITS)[number]) =>
  v.optional(
    v.pipe(
      v.number(),
      v.minValue(0, 'It must not be negative'),
      as((value) => resolveLimits({ [name]: value })),
    ),
  );
const limits = v.strictObject(
  Object.fromEntries(LIMITS.map((name) => [name, limitOf(name)])) as Record<
    (typeof LIMITS)[number],
    ReturnType<typeof limitOf>
  >,
);

const fields = v.strictObject({
  $schema: v.optional(v.pipe(v.string(), v.description('For editors: where the schema of this file is'))),
  protocol: v.optional(
    text(
      'A module whose default export is what `defineProtocol` has made; without one, payloads are any JSON',
    ),
  ),
  app: v.optional(
    text(
      'The name of the application, as its pages give it to `defineProtocol`; a protocol module has its own',
    ),
  ),
  version: v.optional(
    whole(
      1,
      Number.MAX_SAFE_INTEGER,
      'The version of the application, told to its pages: 1 where it is not said; a protocol module has its own',
    ),
  ),
  acceptsVersions: v.optional(
    v.pipe(
      v.array(whole(1, Number.MAX_SAFE_INTEGER, 'A version')),
      v.description('The versions of pages that are served; all, where it is not said'),
    ),
  ),
  listen: v.optional(
    v.strictObject({
      host: host('The address on which browsers are served; 0.0.0.0 for all of this machine'),
      port: v.optional(port('The port on which browsers are served; 0 for any that is free'), 8700),
      path: v.optional(
        v.pipe(text('The path of the WebSocket'), v.startsWith('/', 'It has to begin with /')),
        '/ws',
      ),
    }),
    {},
  ),
  allowedOrigins: v.optional(
    v.pipe(
      v.array(
        v.pipe(
          v.string(),
          as((origin) => originPolicy([origin])),
        ),
      ),
      v.description(
        'The origins of the pages that may connect, such as https://app.example; self for the host that the request names, none for requests without an origin, * for all',
      ),
    ),
    ['self'],
  ),
  perMessageDeflate: v.optional(
    yesOrNo('Offers browsers to compress messages: fewer bytes, for time and memory of the gateway'),
    false,
  ),
  control: v.optional(
    v.strictObject({
      host: host('The address of the control port'),
      port: v.optional(port('The control port; 0 for any that is free'), 8701),
      key: v.optional(secret),
      maxBodyBytes: v.optional(
        whole(1, 2 ** 30, 'The largest body of a request to the control port'),
        8_388_608,
      ),
    }),
    {},
  ),
  log: v.optional(
    v.pipe(
      text('Where the log is: memory, sqlite:PATH, postgres://USER@HOST/DATABASE or nats://USER@HOST/STREAM'),
      as(readAddress),
    ),
    'sqlite:trunkline.db',
  ),
  backend: v.optional(backendSchema),
  authenticate: v.optional(authenticateSchema),
  authorize: v.optional(authorizeSchema),
  events: v.optional(
    v.pipe(
      v.record(v.string(), eventRule),
      v.description('What holds for the events of a type, where it is not said with the event'),
    ),
    {},
  ),
  limits: v.optional(limits, {}),
  drain: v.optional(
    v.strictObject({
      ms: v.optional(
        whole(
          0,
          LONGEST_MS,
          'How long what runs is waited for when the gateway is told to end, milliseconds',
        ),
        10_000,
      ),
      spreadMs: v.optional(
        whole(
          0,
          LONGEST_MS,
          'Within which time clients are told to come back, each at another moment, milliseconds',
        ),
        0,
      ),
    }),
    {},
  ),
});

export const configSchema = v.pipe(
  fields,
  v.forward(
    v.check(
      ({ app, protocol }) => (app === undefined) !== (protocol === undefined),
      'It has to be there without a protocol module, and must not be there with one',
    ),
    ['app'],
  ),
  v.forward(
    v.check(
      ({ version, protocol }) => version === undefined || protocol === undefined,
      'It must not be there with a protocol module, which has its own',
    ),
    ['version'],
  ),
  v.forward(
    v.check(
      ({ events, protocol }) => protocol === undefined || Object.keys(events).length === 0,
      'It must not be there with a protocol module, which says it of each type',
    ),
    ['events'],
  ),
);

/** With every default filled in. */
export type Config = v.InferOutput<typeof configSchema>;
