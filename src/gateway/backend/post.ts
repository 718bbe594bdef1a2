/** One signed POST to a backend, and what of its answer can be an answer at all: JSON, small enough, in time, from there. */
import { parseJson } from '../json.ts';
import { type Judged, type Wrong, wrong } from './problem.ts';
import { signed } from './signature.ts';

export interface Endpoint {
  readonly url: string;
  readonly keys: readonly Buffer[];
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
}

export interface Question {
  /** The same at each repeat. */
  readonly id: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Aborted where nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

/** With a status of 2xx, or of 4xx that is about what was asked. */
export interface JsonAnswer {
  readonly status: number;
  readonly json: unknown;
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
/** No backend can put anything off for longer. */
const LONGEST_RETRY_AFTER_MS = 86_400_000;
/** As OpenSSL calls what is wrong with a certificate whose issuer is not known here. */
const OF_UNKNOWN_ISSUER = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];
const KNOW_ISSUER =
  'where it is your own, have the variable NODE_EXTRA_CA_CERTS of this process name a file with its issuer';
/** Of an answer that is told to an operator. */
const EXCERPT_LENGTH = 120;

/** Never rejects. */
export async function post(endpoint: Endpoint, question: Question): Promise<Judged<JsonAnswer>> {
  const timeout = AbortSignal.timeout(endpoint.timeoutMs);
  const signal = question.signal ? AbortSignal.any([timeout, question.signal]) : timeout;
  try {
    const response = await fetch(endpoint.url, {
      method: 'POST',
      headers: {
        ...question.headers,
        ...signed(endpoint.keys, question.id, Date.now(), question.body),
        'content-type': 'application/json',
        accept: 'application/json',
        // What unpacks to much would cost the backend nothing.
        'accept-encoding': 'identity',
        'user-agent': 'trunkline',
      },
      body: question.body,
      redirect: 'manual',
      signal,
    });
    const found = problemOf(endpoint, response);
    if (!found) return await readJson(endpoint, response);
    await release(response);
    return found;
  } catch (error) {
    return failureOf(endpoint, error, timeout);
  }
}

/** `null` where its body may be an answer. */
function problemOf({ url }: Endpoint, { status, headers }: Response): Wrong | null {
  const at = `${whereOf(url)} answered ${status}`;
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) {
    const location = headers.get('location');
    const to = location === null ? '' : ` to ${whereOf(location, url)}`;
    return wrong('redirected', `${at}, a redirect${to}, which is not followed: name the last address`);
  }
  if (status === 401 || status === 407) {
    return wrong('unauthorized', `${at}: look whether both sides have the same secret, and the same time`);
  }
  const retryAfterMs = readRetryAfter(headers.get('retry-after'));
  if (status === 408 || status === 425 || status === 429) return wrong('busy', at, retryAfterMs);
  if (status === 502 || status === 503 || status === 504) return wrong('unavailable', at, retryAfterMs);
  if (status < 400 || status >= 500) return wrong('failed', at, retryAfterMs);
  return null;
}

async function readJson({ url, maxAnswerBytes }: Endpoint, response: Response): Promise<Judged<JsonAnswer>> {
  const { status } = response;
  const at = `${whereOf(url)} answered ${status}`;
  const type = response.headers.get('content-type') ?? '';
  const kind = status < 300 ? 'unclear' : 'failed';
  if (!JSON_TYPE.test(type)) {
    await release(response);
    const what = type === '' ? 'without a content-type' : `as ${JSON.stringify(shorten(type))}`;
    return wrong(kind, `${at} ${what}: an answer is application/json`);
  }
  const bytes = await readBytes(response, maxAnswerBytes);
  if (!bytes) {
    return wrong('too_large', `${at} with more than ${maxAnswerBytes} bytes (maxAnswerBytes)`);
  }
  try {
    return { ok: true, value: { status, json: parseJson(bytes) } };
  } catch {
    return wrong(kind, `${at} with something else than JSON of UTF-8`);
  }
}

/** `null` where there are more. */
async function readBytes({ body }: Response, maxBytes: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let count = 0;
  // Leaving the loop ends the connection.
  for await (const chunk of body ?? []) {
    count += chunk.length;
    if (count > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Its body is not read: else the connection would stay with it. Where that is broken, the status counts all the same. */
async function release({ body }: Response): Promise<void> {
  await body?.cancel().catch(() => {});
}

function failureOf({ url, timeoutMs }: Endpoint, error: unknown, timeout: AbortSignal): Wrong {
  if (timeout.aborted) {
    return wrong('timed_out', `${whereOf(url)} did not answer within ${timeoutMs} ms (timeoutMs)`);
  }
  return wrong('unreachable', `${whereOf(url)} cannot be reached: ${reasonOf(error)}`);
}

/** `fetch` itself says no more than that it failed. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause ? String(cause.code) : '';
  const advice = OF_UNKNOWN_ISSUER.includes(code) ? `; ${KNOW_ISSUER}` : '';
  return `${code} ${cause.message}${advice}`.trim();
}

/** Without a query, which may hold a secret. */
function whereOf(url: string, base?: string): string {
  if (!URL.canParse(url, base)) return 'no address';
  const { origin, pathname } = new URL(url, base);
  return shorten(`${origin}${pathname}`);
}

function shorten(text: string): string {
  return text.length > EXCERPT_LENGTH ? `${text.slice(0, EXCERPT_LENGTH)}…` : text;
}

/** Seconds, or a date. `null` where it asks for no wait: else clients would come again at once, each time, instead of ever more slowly. */
function readRetryAfter(text: string | null): number | null {
  if (text === null) return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return ms > 0 ? Math.min(ms, LONGEST_RETRY_AFTER_MS) : null;
}
