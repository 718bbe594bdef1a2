/** The control port: who may ask it, what of a request is read, and how it is answered. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import * as v from 'valibot';
import { isTooDeep, TOO_DEEP } from '../../protocol/json.ts';
import type { ApplicationServer } from '../../server/serve-application.ts';
import { parseJson } from '../json.ts';
import { metricsOf } from './metrics.ts';
import { openApiOf } from './openapi.ts';
import { type Answer, get, ok, Refusal, type Route } from './route.ts';
import { routesOf } from './routes.ts';

export interface ControlOptions {
  readonly server: ApplicationServer;
  /** `null`: nobody has it, and only what is open is answered. */
  readonly key: string | null;
  readonly maxBodyBytes: number;
  report(error: unknown, about: string): void;
}

const LONGEST_KEY = 255;
/** What waits for the log at most, as so many of the largest bodies. */
const MOST_WAITING_BODIES = 16;
/** What one that waits takes at least. */
const SMALLEST_BYTES = 1_024;
const COME_AGAIN = { 'retry-after': '1' };

export function controlApi({ server, key, maxBodyBytes, report }: ControlOptions): RequestListener {
  const routes = allRoutes(server);
  const isKey = key === null ? () => false : sameAs(key);
  let waitingBytes = 0;
  return async (request, response) => {
    let answer: Answer;
    let headers: Readonly<Record<string, string>> = {};
    try {
      answer = await perform(request);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : unexpected(error, request, report);
      answer = { status: refusal.status, body: { code: refusal.code, message: refusal.message } };
      headers = refusal.headers;
    }
    const text = answer.contentType === undefined ? JSON.stringify(answer.body) : String(answer.body);
    response.writeHead(answer.status, {
      'content-type': answer.contentType ?? 'application/json',
      'cache-control': 'no-store',
      // The rest of what was sent is not read.
      ...(!request.complete && { connection: 'close' }),
      ...headers,
    });
    response.end(text);
  };

  async function perform(request: IncomingMessage): Promise<Answer> {
    const route = routeOf(routes, request);
    if (!route.isOpen && !isKey(request.headers.authorization)) {
      const why =
        key === null ? 'no `control.key` is set, so that nobody may ask this' : 'the key is missing or wrong';
      const message = `${why}; it goes into the header \`Authorization: Bearer KEY\``;
      throw new Refusal(401, 'unauthorized', message, { 'www-authenticate': 'Bearer' });
    }
    const idempotencyKey = route.takesIdempotencyKey ? idempotencyKeyOf(request) : null;
    const { body: schema } = route;
    if (schema === null) return await route.perform({ body: null, idempotencyKey });
    const bytes = await bytesOf(request, maxBodyBytes);
    const performed = async () => await route.perform({ body: readBody(schema, bytes), idempotencyKey });
    return route.isBulky ? await bounded(bytes.length, performed) : await performed();
  }

  /** Whatever has become of those who asked, what they asked for waits in memory while the log is away. */
  async function bounded(length: number, performed: () => Promise<Answer>): Promise<Answer> {
    const bytes = Math.max(SMALLEST_BYTES, length);
    // One alone is never too large: else it could never be performed.
    if (waitingBytes > 0 && waitingBytes + bytes > MOST_WAITING_BODIES * maxBodyBytes) {
      const message = 'too much waits for the log, which is away or too slow; this was not done';
      throw new Refusal(503, 'overloaded', message, COME_AGAIN);
    }
    waitingBytes += bytes;
    try {
      return await performed();
    } finally {
      waitingBytes -= bytes;
    }
  }
}

function allRoutes(server: ApplicationServer): readonly Route[] {
  const routes = routesOf(
    server,
    metricsOf(() => server.stats()),
  );
  const told = {
    path: '/openapi.json',
    summary: 'What the control port can be asked',
    answers: { 200: { description: 'As OpenAPI 3.1', schema: v.record(v.string(), v.unknown()) } },
  };
  const description: Route = get(told, () => ok(openApiOf([...routes, description])));
  return [...routes, description];
}

function routeOf(routes: readonly Route[], { method, url = '/' }: IncomingMessage): Route {
  const [path = '/'] = url.split('?', 1);
  const here = routes.filter((route) => route.path === path);
  const found = here.find((route) => route.method === method);
  if (found) return found;
  if (here.length === 0) {
    throw new Refusal(404, 'not_found', `there is no ${path} here; GET /openapi.json says what there is`);
  }
  const allow = here.map((route) => route.method).join(', ');
  throw new Refusal(405, 'method_not_allowed', `${path} takes ${allow}`, { allow });
}

/** Compares digests, so that the time it takes tells nothing of the key. */
function sameAs(key: string): (authorization: string | undefined) => boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const wanted = digest(key);
  return (authorization = '') => {
    const [, given] = /^Bearer +(.+)$/i.exec(authorization) ?? [];
    return given !== undefined && timingSafeEqual(digest(given), wanted);
  };
}

function idempotencyKeyOf({ headers }: IncomingMessage): string | null {
  const key = headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key === 'string' && key !== '' && key.length <= LONGEST_KEY) return key;
  throw new Refusal(400, 'invalid', `Idempotency-Key has to be one text of 1 to ${LONGEST_KEY} characters`);
}

function bytesOf(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    // Not by `for await`, which would close the socket with the body's rest, and the answer unsaid.
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else {
        request.pause();
        reject(new Refusal(413, 'too_large', `the body is larger than control.maxBodyBytes (${maxBytes})`));
      }
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => reject(new Refusal(400, 'aborted', 'the request ended within its body')));
  });
}

function readBody(schema: v.GenericSchema, bytes: Buffer): unknown {
  let body: unknown;
  try {
    body = parseJson(bytes);
  } catch (error) {
    throw new Refusal(
      400,
      'invalid',
      `the body is no JSON: ${error instanceof Error ? error.message : error}`,
    );
  }
  if (isTooDeep(body)) throw new Refusal(400, 'invalid', `the body is ${TOO_DEEP}`);
  const result = v.safeParse(schema, body, { abortPipeEarly: true });
  if (result.success) return result.output;
  const problems = result.issues
    .slice(0, 10)
    .map((issue) => `${v.getDotPath(issue) ?? 'body'}: ${issue.message}`);
  throw new Refusal(400, 'invalid', problems.join('; '));
}

function unexpected(
  error: unknown,
  { method, url = '/' }: IncomingMessage,
  report: ControlOptions['report'],
): Refusal {
  // An event that cannot be published, whose sentence says why.
  if (error instanceof TypeError) return new Refusal(400, 'invalid', error.message);
  // Without a query, which may hold a secret.
  report(error, `${method} ${url.split('?', 1)[0]}`);
  return new Refusal(
    503,
    'unavailable',
    'the log failed, and it is not known whether this was done',
    COME_AGAIN,
  );
}
