/** Who holds a token that is a JWT, by the keys of a JWKS or a shared secret. */
import {
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import { onceEach } from '../../server/core/report.ts';
import type { Authenticated } from '../../server/types.ts';
import { Incidents, type TellIncident } from '../backend/incidents.ts';
import { wrong } from '../backend/problem.ts';
import { Unanswered } from './unanswered.ts';

export interface JwtOptions {
  readonly keys: { readonly jwks: string } | { readonly secret: Uint8Array };
  readonly algorithms: readonly string[];
  readonly issuer: string;
  readonly audience: string;
  /** The claim that names the person. */
  readonly principal: string;
  /** By so much the clocks of the two may differ. */
  readonly clockToleranceS: number;
  /** Told why a token was refused, once for each reason; and how long keys could not be had. */
  readonly tell: TellIncident;
}

/** Its part of the configuration. */
const ABOUT = 'authenticate.jwt';
/** Anybody can make up a token, and with it a reason. */
const MOST_TOLD = 20;
const JWKS_TIMEOUT_MS = 5_000;
/** Keys are looked for again at most so often. */
const JWKS_COOLDOWN_MS = 5_000;

/** `null` for nobody. Rejects with an `Unanswered` where the keys cannot be had: the client comes again. */
export function jwtAuthentication({
  keys,
  tell,
  ...options
}: JwtOptions): (token: string | undefined) => Promise<Authenticated | null> {
  const { issuer, audience, principal, clockToleranceS } = options;
  const incidents = new Incidents(tell);
  const begun = (error: unknown) => tell({ state: 'begun', message: reasonOf(error), about: ABOUT });
  const tellOnce = onceEach(begun, MOST_TOLD);
  const refuse = (reason: string) => {
    tellOnce(`a token was refused: ${reason}`, 'a token');
    return null;
  };
  const verifyOptions: JWTVerifyOptions = {
    algorithms: [...options.algorithms],
    issuer,
    audience,
    clockTolerance: clockToleranceS,
    requiredClaims: ['exp', principal],
  };
  const verify = verification(keys, verifyOptions);
  return async (token) => {
    if (token === undefined || token === '') return null;
    let claims: JWTPayload;
    try {
      claims = await verify(token);
    } catch (error) {
      if (error instanceof errors.JWTExpired) return null;
      if (isAboutToken(error)) return refuse(reasonOf(error));
      const { problem } = wrong('unreachable', `the keys of the JWKS cannot be had: ${reasonOf(error)}`);
      incidents.met(problem, ABOUT, performance.now());
      throw new Unanswered(problem);
    }
    incidents.answered(ABOUT, performance.now());
    const { exp, [principal]: name } = claims;
    if (typeof name !== 'string' || name === '') return refuse(`its claim ${principal} is no text`);
    if (exp === undefined) return refuse('it has no exp');
    return { principal: name, claims, expiresAt: (exp + clockToleranceS) * 1_000 };
  };
}

function verification(
  keys: JwtOptions['keys'],
  options: JWTVerifyOptions,
): (token: string) => Promise<JWTPayload> {
  if ('secret' in keys) return async (token) => (await jwtVerify(token, keys.secret, options)).payload;
  const remote = createRemoteJWKSet(new URL(keys.jwks), {
    timeoutDuration: JWKS_TIMEOUT_MS,
    cooldownDuration: JWKS_COOLDOWN_MS,
  });
  const byAnyKey = async (token: string): Promise<JWTPayload> => {
    try {
      return (await jwtVerify(token, remote, options)).payload;
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return await byOneOf(error, token, options);
      throw error;
    }
  };
  return async (token) => {
    try {
      return await byAnyKey(token);
    } catch (error) {
      const mayBeNew = error instanceof errors.JWSSignatureVerificationFailed && !namesItsKey(token);
      if (!mayBeNew || remote.coolingDown) throw error;
      await remote.reload();
      return await byAnyKey(token);
    }
  };
}

/** While one key takes the place of another, a token that names none may be signed by either. */
async function byOneOf(
  keys: AsyncIterable<CryptoKey>,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  for await (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/** Else nothing shows that the key which has signed it is one that is not known yet. */
function namesItsKey(token: string): boolean {
  return decodeProtectedHeader(token).kid !== undefined;
}

/** The other errors say nothing about it: the keys could not be fetched, or are none. */
const ABOUT_TOKEN = [
  errors.JWTClaimValidationFailed,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
];

function isAboutToken(error: unknown): boolean {
  return ABOUT_TOKEN.some((kind) => error instanceof kind);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
