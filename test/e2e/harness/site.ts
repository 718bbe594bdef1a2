import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { setClock } from './set-clock.ts';

export interface Site {
  readonly origin: string;
  /** What the browser reported as against the policy, of pages and workers alike. */
  readonly violations: string[];
  /** Reports about this address are the test's own: they are given to it instead. */
  foresee(address: string, report: (text: string) => void): void;
  /** Every path that was asked for, with its query. */
  readonly requested: string[];
  /** The clock of every page and worker whose scripts are loaded from now on, in milliseconds ahead of the machine's. */
  clockAheadMs: number;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.map': 'application/json',
};

/**
 * Serves a folder under the strictest Content-Security-Policy that a page with a worker and a WebSocket can live under.
 *
 * @param headers of every file, beside the policy
 * @param port any free one by default. `isKept`: its pages have a service worker, which has to fetch the site's files
 */
export async function startSite(
  folder: string,
  socketPort: () => number,
  headers: Readonly<Record<string, string>> = {},
  { port = 0, isKept = false }: { readonly port?: number; readonly isKept?: boolean } = {},
): Promise<Site> {
  const violations: string[] = [];
  const requested: string[] = [];
  const foreseen = new Map<string, (text: string) => void>();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    if (pathname === '/violation') {
      let text = '';
      for await (const chunk of request) text += chunk;
      const [, report] = [...foreseen].find(([address]) => text.includes(address)) ?? [];
      if (report) report(text);
      else violations.push(text);
      response.writeHead(204).end();
      return;
    }
    requested.push(request.url ?? '/');
    // Browsers ask for it by themselves.
    if (pathname === '/favicon.ico') {
      response.writeHead(204).end();
      return;
    }
    const file = join(folder, normalize(pathname === '/' ? '/index.html' : pathname));
    const body = await readFile(file).catch(() => null);
    if (body === null) {
      response.writeHead(404).end();
      return;
    }
    response
      .writeHead(200, {
        ...headers,
        'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
        'content-security-policy': [
          "default-src 'none'",
          "script-src 'self'",
          "worker-src 'self'",
          // The icon, which some browsers ask for only where they may.
          "img-src 'self'",
          `connect-src ${isKept ? "'self' " : ''}ws://127.0.0.1:${socketPort()}`,
          "base-uri 'none'",
          "form-action 'none'",
          "frame-ancestors 'none'",
          'report-uri /violation',
        ].join('; '),
      })
      .end(extname(file) === '.js' ? `(${setClock})(${site.clockAheadMs});${body}` : body);
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  const site: Site = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    violations,
    requested,
    clockAheadMs: 0,
    foresee: (address, report) => foreseen.set(address, report),
    async close() {
      await new Promise((closed) => {
        server.close(closed);
        server.closeAllConnections();
      });
    },
  };
  return site;
}
