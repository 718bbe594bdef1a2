/** What a gateway is told of a backend, and what it makes of that. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { Backend } from './backend.ts';
import type { TellIncident } from './incidents.ts';
import { readSecret } from './signature.ts';

/** Where requests go, and how they are signed. */
export const backendSchema = v.strictObject({
  /** `http:` or `https:`. */
  url: v.pipe(v.string(), v.check(isHttp, 'must be an http: or https: URL, without a user or password')),
  /** `whsec_` and base64; several, apart by spaces, sign several times, while one takes the place of another. */
  secret: v.optional(v.string()),
  /** A file that holds it, instead. */
  secretFile: v.optional(v.string()),
  /** From the call to the last byte of the answer. */
  timeoutMs: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(600_000)), 10_000),
  maxAnswerBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1_048_576),
  /** Requests that may be open at once. */
  concurrency: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 256),
});
export type BackendConfig = v.InferOutput<typeof backendSchema>;

function isHttp(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
}

/**
 * @param name of its part of the configuration, for errors
 * @throws TypeError where its secret is missing or none; the file's error where that cannot be read.
 */
export function backendOf(name: string, config: BackendConfig, tell: TellIncident): Backend {
  const { secret, secretFile, ...rest } = config;
  if ((secret === undefined) === (secretFile === undefined)) {
    throw new TypeError(`${name}: one of secret and secretFile is needed`);
  }
  const text = secretFile === undefined ? (secret ?? '') : readFileSync(secretFile, 'utf8');
  const secrets = text.split(/\s+/).filter((part) => part !== '');
  if (secrets.length === 0) throw new TypeError(`${name}: its secret is empty`);
  return new Backend({ ...rest, keys: secrets.map(readSecret), tell });
}
