import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { build, type Rollup } from 'vite';

/** Nothing from elsewhere, nothing inline, no eval. `connect-src 'self'` covers the page's own ws: address. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** A built page: its files by path, in memory. */
export type Site = ReadonlyMap<string, string | Uint8Array>;

/** The console's page, built by Vite. */
export async function buildConsole(): Promise<Site> {
  const root = join(import.meta.dirname, '..', 'console');
  const input = join(root, 'index.html');
  const built = await build({
    configFile: false,
    root,
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2022',
      // A data: URL would need a wider policy.
      assetsInlineLimit: 0,
      rolldownOptions: {
        input,
        checks: { pluginTimings: false },
        onwarn(warning, warn) {
          // `'use client'` is for servers that render; here it is of no use.
          if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
        },
      },
    },
    worker: { format: 'es' },
  });
  const files = new Map<string, string | Uint8Array>();
  for (const { output } of [built].flat() as Rollup.RollupOutput[]) {
    for (const file of output) {
      const path = file.fileName === 'index.html' ? '/' : `/${file.fileName}`;
      files.set(path, file.type === 'chunk' ? file.code : file.source);
    }
  }
  return files;
}

/** Answers whether the request was for a file of the site. */
export function serveFile(site: Site, request: IncomingMessage, response: ServerResponse): boolean {
  const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
  const body = site.get(pathname);
  if (body === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
  response.writeHead(200, {
    'content-type': CONTENT_TYPES[extname(pathname) || '.html'] ?? 'application/octet-stream',
    'content-security-policy': POLICY,
    'cross-origin-opener-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  return true;
}
