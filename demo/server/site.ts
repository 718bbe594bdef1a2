import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, relative, sep } from 'node:path';
import { build, type PluginOption } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';

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

/** The console's page, built by Vite, with the service worker that keeps it. */
export async function buildConsole(): Promise<Site> {
  const root = join(import.meta.dirname, '..', 'console');
  // The service worker is made of what was written: its list names each file by its hash.
  const outDir = await mkdtemp(join(tmpdir(), 'trunkline-console-page-'));
  try {
    await build({
      configFile: false,
      root,
      logLevel: 'warn',
      plugins: [keptByServiceWorker()],
      build: {
        outDir,
        emptyOutDir: true,
        chunkSizeWarningLimit: 1_000,
        target: 'es2022',
        // A data: URL would need a wider policy.
        assetsInlineLimit: 0,
        rolldownOptions: {
          input: ['index.html', 'away.html'].map((name) => join(root, name)),
          checks: { pluginTimings: false },
          onwarn(warning, warn) {
            // `'use client'` is for servers that render; here it is of no use.
            if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
          },
        },
      },
      worker: { format: 'es' },
    });
    return await filesOf(outDir);
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

function keptByServiceWorker(): PluginOption {
  return VitePWA({
    strategies: 'injectManifest',
    srcDir: '.',
    filename: 'service-worker.ts',
    injectManifest: { globPatterns: ['**/*.{js,css,html,svg,woff2}'], rollupFormat: 'iife' },
    injectRegister: 'script-defer',
    manifest: false,
    // It is built by itself, and would say so.
    integration: {
      configureCustomSWViteBuild(options) {
        options.logLevel = 'error';
      },
    },
  });
}

async function filesOf(folder: string): Promise<Site> {
  const files = new Map<string, Uint8Array>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(`/${relative(folder, file).split(sep).join('/')}`, await readFile(file));
  }
  const page = files.get('/index.html');
  if (!page) throw new Error('the console was built without a page');
  return files.set('/', page);
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
