/** What a gateway is told of a backend, and what it makes of that. */
import * as v from 'valibot';
import type { Path } from '../../json-document.ts';
import { secret, secretAt } from '../config/secret.ts';
import { ofField } from '../config/wrong-fields.ts';
import { Backend } from './backend.ts';
import type { TellIncident } from './incidents.ts';
import { readSecret } from './signature.ts';

/** `fetch` itself waits no longer for an answer. */
const LONGEST_TIMEOUT_MS = 300_000;

/** Where requests go, and how they are signed. */
export const backendSchema = v.strictObject({
  url: v.pipe(
    v.string(),
    v.check(isHttp, 'It must be an http: or https: URL, without a user or password'),
    v.description('Where each request goes, by `http:` or `https:`'),
  ),
  /** Several, apart by white space, sign several times, while one takes the place of another. */
  secret,
  timeoutMs: v.optional(
    v.pipe(
      v.number(),
      v.minValue(1),
      v.maxValue(LONGEST_TIMEOUT_MS),
      v.description('How long a request may take, to the last byte of its answer, milliseconds'),
    ),
    10_000,
  ),
  maxAnswerBytes: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.description('The largest answer')),
    1_048_576,
  ),
  concurrency: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.description('Requests that may be open at once')),
    256,
  ),
});
export type BackendConfig = v.InferOutput<typeof backendSchema>;

function isHttp(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
}

/**
 * @param path of its part of the configuration, for errors
 * @param env where the variables are that hold secrets
 * @throws WrongFields where its secret is missing or none.
 */
export function backendOf(
  path: Path,
  { secret, ...rest }: BackendConfig,
  env: NodeJS.ProcessEnv,
  tell: TellIncident,
): Backend {
  const keys = ofField([...path, 'secret'], () =>
    secretAt(secret, env)
      .split(/\s+/)
      .filter((part) => part !== '')
      .map(readSecret),
  );
  return new Backend({ ...rest, keys, tell });
}
