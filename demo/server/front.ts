import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { type ErrorLog, errorReport } from './error-log.ts';
import { type Faults, faultRequests } from './faults.ts';
import { type Site, serveFile } from './site.ts';

const BODY_BYTES = 16_384;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}
type Route = (body: unknown) => Answer;

/**
 * What a browser gets by http: the page's files, the faults' switches and the error log. `GET /faults` and `GET /errors`
 * tell; what changes something is a POST of JSON, which only the page itself can send.
 */
export function front(parts: {
  site: Site;
  faults: Faults;
  errors: ErrorLog;
  report(error: unknown, about: string): void;
}): (request: IncomingMessage, response: ServerResponse) => void {
  const { site, faults, errors, report } = parts;
  const told = (): Answer => ({ status: 200, body: faults.state });
  const fault = <T>(schema: z.ZodMiniType<T>, act: (request: T) => void): Route =>
    checked(schema, (request) => {
      act(request);
      return told();
    });
  const routes: Readonly<Record<string, Route>> = {
    'GET /faults': told,
    'GET /errors': () => ({ status: 200, body: errors.newest() }),
    'POST /errors': checked(errorReport, (entry) => {
      errors.add('page', entry);
      return { status: 201, body: {} };
    }),
    'POST /faults/cut': fault(faultRequests.cut, (request) => faults.cut(request)),
    'POST /faults/half-open': fault(faultRequests['half-open'], (request) => faults.halfOpen(request)),
    'POST /faults/restart': fault(faultRequests.restart, (request) => faults.restart(request)),
    'POST /faults/flood': fault(faultRequests.flood, (request) => faults.flood(request)),
    'POST /faults/mend': fault(faultRequests.mend, () => faults.mend()),
  };
  return (request, response) => {
    if (faults.arePagesGone) {
      request.socket.destroy();
    } else if (!isAddressedToUs(request)) {
      answer(response, refusal(403, 'Open the console by its loopback address.'));
    } else if (!serveFile(site, request, response)) {
      const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
      const route = routes[`${request.method} ${pathname}`];
      respond(request, route).then(
        (result) => answer(response, result),
        (error) => {
          report(error, `answering ${request.method} ${pathname}`);
          answer(response, refusal(500, 'The server failed to answer this.'));
        },
      );
    }
  };
}

async function respond(request: IncomingMessage, route: Route | undefined): Promise<Answer> {
  if (!route) return refusal(404, 'There is no such page.');
  if (request.method === 'GET') return route(undefined);
  if (request.headers.origin !== `http://${request.headers.host}`) {
    return refusal(403, 'Only the console itself may ask for this.');
  }
  // A form of another site could not say so without asking first.
  if (request.headers['content-type'] !== 'application/json') return refusal(415, 'Send JSON.');
  const text = await read(request);
  if (text === null) return refusal(413, `At most ${BODY_BYTES} bytes.`);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return refusal(400, 'This is not JSON.');
  }
  return route(body);
}

function checked<T>(schema: z.ZodMiniType<T>, route: (body: T) => Answer): Route {
  return (body) => {
    const result = z.safeParse(schema, body);
    return result.success ? route(result.data) : refusal(400, z.prettifyError(result.error));
  };
}

async function read(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** A page elsewhere whose name was pointed at this machine sends that name. */
function isAddressedToUs({ headers }: IncomingMessage): boolean {
  return /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(headers.host ?? '');
}

function refusal(status: number, message: string): Answer {
  return { status, body: { message } };
}

function answer(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(JSON.stringify(body));
}
