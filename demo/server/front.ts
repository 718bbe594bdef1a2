import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Line } from './line.ts';
import { type Site, serveFile } from './site.ts';

export const CUT_MS = 15_000;

/** What a browser gets by http: the page's files, and the switch of the line. `log` hears when it is cut. */
export function front(site: Site, line: Line, log: (text: string) => void): RequestListener {
  return (request, response) => {
    if (!isAddressedToUs(request)) answer(response, 403, 'Open this demo by its loopback address.');
    else if (request.url === '/line') switchLine(request, response, line, log);
    else if (!serveFile(site, request, response)) answer(response, 404, 'There is no such page.');
  };
}

/** `GET /line` tells for how long the line stays cut, `POST /line` cuts it. */
function switchLine(
  request: IncomingMessage,
  response: ServerResponse,
  line: Line,
  log: (text: string) => void,
): void {
  if (request.method === 'POST') {
    if (request.headers.origin !== `http://${request.headers.host}`) {
      answer(response, 403, 'Only the page of this demo may cut its line.');
      return;
    }
    const ended = line.cut(CUT_MS);
    log(`the line is cut for ${CUT_MS / 1_000} s, connections ended: ${ended}`);
  }
  answer(response, 200, JSON.stringify({ cutForMs: line.cutForMs }), 'application/json');
}

/** A page elsewhere whose name was pointed at this machine sends that name. */
function isAddressedToUs({ headers }: IncomingMessage): boolean {
  return /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(headers.host ?? '');
}

function answer(
  response: ServerResponse,
  status: number,
  body: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body);
}
