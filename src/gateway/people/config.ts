/** What a gateway is told of people, and what it makes of that: who they are, and what they may read and write. */
import * as v from 'valibot';
import type { Principal } from '../../server/log/event-log.ts';
import type { ServerOptions } from '../../server/types.ts';
import { backendOf, backendSchema } from '../backend/config.ts';
import type { TellIncident } from '../backend/incidents.ts';
import { secret, secretAt } from '../config/secret.ts';
import { allOf, ofField } from '../config/wrong-fields.ts';
import { AuthenticationHook, AuthorizationHook } from './hooks.ts';
import { type JwtOptions, jwtAuthentication } from './jwt.ts';
import { allows, readRule } from './topic-rules.ts';

const SHARED = ['HS256', 'HS384', 'HS512'] as const;
const PUBLISHED = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  ...['EdDSA', 'Ed25519'],
] as const;
/** A shorter secret can be guessed: https://www.rfc-editor.org/rfc/rfc7518#section-3.2 */
const LEAST_SECRET_BYTES = 32;
const LONGEST_REMEMBER_MS = 60_000;

const hookSchema = v.strictObject({
  ...backendSchema.entries,
  /** How long an answer counts, unless `disconnect` or `recheck` comes before. */
  rememberMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(LONGEST_REMEMBER_MS)), 10_000),
});

const jwtFields = v.strictObject({
  /** Where the keys are published. Else a secret is shared. */
  jwks: v.optional(v.pipe(v.string(), v.check(isSafe, 'must be https:, or http: on this machine'))),
  /** 32 bytes at least. */
  secret: v.optional(secret),
  algorithms: v.pipe(v.array(v.picklist([...SHARED, ...PUBLISHED])), v.nonEmpty()),
  issuer: v.pipe(v.string(), v.nonEmpty()),
  audience: v.pipe(v.string(), v.nonEmpty()),
  /** The claim that names the person. */
  principal: v.optional(v.pipe(v.string(), v.nonEmpty()), 'sub'),
  /** By so many seconds clocks may differ. */
  clockToleranceS: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(300)), 5),
});

const jwtSchema = v.pipe(
  jwtFields,
  v.check(
    ({ jwks, secret }) => (jwks === undefined) !== (secret === undefined),
    'one of jwks and secret is needed',
  ),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { jwks, algorithms } = dataset.value;
    // A public key taken for a secret would let everybody sign.
    const fitting: readonly string[] = jwks === undefined ? SHARED : PUBLISHED;
    for (const [place, algorithm] of algorithms.entries()) {
      if (fitting.includes(algorithm)) continue;
      const message = `${algorithm} is no algorithm for ${jwks === undefined ? 'a secret' : 'a JWKS'}`;
      const input = dataset.value;
      addIssue({
        message,
        path: [
          { type: 'object', origin: 'value', input, key: 'algorithms', value: algorithms },
          { type: 'array', origin: 'value', input: algorithms, key: place, value: algorithm },
        ],
      });
    }
  }),
);

/** Without either everybody is `anonymous`. */
export const authenticateSchema = v.pipe(
  v.strictObject({ jwt: v.optional(jwtSchema), hook: v.optional(hookSchema) }),
  v.check(({ jwt, hook }) => !(jwt && hook), 'there is a jwt and a hook; one of them is enough'),
);

const pattern = v.pipe(
  v.string(),
  v.check(
    (text) => whyNo(text) === null,
    ({ input }) => whyNo(input) ?? '',
  ),
);
/** Without either everything is allowed. */
export const authorizeSchema = v.pipe(
  v.strictObject({
    /** By pattern, such as `runs/{claims.org}/*`, what is allowed there. */
    topics: v.optional(v.record(pattern, v.array(v.picklist(['read', 'write'])))),
    hook: v.optional(hookSchema),
  }),
  v.check(({ topics, hook }) => !(topics && hook), 'there are topics and a hook; one of them is enough'),
);

/** `null` where the text is a pattern of topics. */
function whyNo(text: string): string | null {
  try {
    readRule(text, []);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export interface PeopleConfig {
  readonly authenticate?: v.InferOutput<typeof authenticateSchema> | undefined;
  readonly authorize?: v.InferOutput<typeof authorizeSchema> | undefined;
}

type Authenticate = NonNullable<ServerOptions<never>['authenticate']>;
type Authorize = NonNullable<ServerOptions<never>['authorize']>;

export interface People {
  /** Without it everybody is anonymous. */
  readonly authenticate?: Authenticate;
  /** Without it everything is allowed. */
  readonly authorize?: Authorize;
  /** What is remembered of a person counts no more: it is asked anew. */
  rightsChanged(principal: Principal): void;
}

/**
 * @param env where the variables are that hold secrets
 * @throws WrongFields for secrets that are not there, or none.
 */
export function peopleOf(
  { authenticate = {}, authorize = {} }: PeopleConfig,
  env: NodeJS.ProcessEnv,
  tell: TellIncident,
): People {
  const forgets: ((principal: Principal) => void)[] = [];
  const { who, what } = allOf({
    who: () => authentication(authenticate, env, tell, forgets),
    what: () => authorization(authorize, env, tell, forgets),
  });
  return {
    ...(who && { authenticate: who }),
    ...(what && { authorize: what }),
    rightsChanged(principal) {
      for (const forget of forgets) forget(principal);
    },
  };
}

function authentication(
  { jwt, hook }: v.InferOutput<typeof authenticateSchema>,
  env: NodeJS.ProcessEnv,
  tell: TellIncident,
  forgets: ((principal: Principal) => void)[],
): Authenticate | null {
  if (jwt) {
    return jwtAuthentication({ ...jwt, keys: keysOf(jwt, env), tell });
  }
  if (!hook) return null;
  const { rememberMs, ...backend } = hook;
  const asked = new AuthenticationHook(backendOf(['authenticate', 'hook'], backend, env, tell), rememberMs);
  forgets.push((principal) => asked.forget(principal));
  return (token, request, signal) => asked.authenticate(token, request, signal);
}

function authorization(
  { topics, hook }: v.InferOutput<typeof authorizeSchema>,
  env: NodeJS.ProcessEnv,
  tell: TellIncident,
  forgets: ((principal: Principal) => void)[],
): Authorize | null {
  if (topics) {
    const rules = Object.entries(topics).map(([pattern, actions]) => readRule(pattern, actions));
    return (principal, topic, action, claims) => allows(rules, { principal, claims }, topic, action);
  }
  if (!hook) return null;
  const { rememberMs, ...backend } = hook;
  const asked = new AuthorizationHook(backendOf(['authorize', 'hook'], backend, env, tell), rememberMs);
  forgets.push((principal) => asked.forget(principal));
  return (principal, topic, action, claims) => asked.authorize(principal, topic, action, claims);
}

function keysOf(
  { jwks, secret }: v.InferOutput<typeof jwtSchema>,
  env: NodeJS.ProcessEnv,
): JwtOptions['keys'] {
  if (jwks !== undefined) return { jwks };
  return ofField(['authenticate', 'jwt', 'secret'], () => {
    const bytes = new TextEncoder().encode(secret === undefined ? '' : secretAt(secret, env));
    if (bytes.length < LEAST_SECRET_BYTES) {
      throw new TypeError(`the secret has ${bytes.length} bytes, and needs ${LEAST_SECRET_BYTES}`);
    }
    return { secret: bytes };
  });
}

function isSafe(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return protocol === 'https:' || (protocol === 'http:' && isHere);
}
