import { join } from 'node:path';
import * as vite from 'vite';
import { type Sources, viteConfigOf } from './bundlers.ts';
import type { Pages } from './running-application.ts';

/** Vite's development server, with nothing in its cache. It reloads no page by itself. */
export function serveWithVite(sources: Sources): Promise<Pages> {
  return serve(sources, { ws: false });
}

/** The same, which tells its pages what has changed. */
export function serveWithUpdates(sources: Sources): Promise<Pages> {
  return serve(sources);
}

async function serve({ app, folder }: Sources, updates: { ws?: false } = {}): Promise<Pages> {
  const server = await vite.createServer({
    root: app,
    configFile: viteConfigOf(app),
    logLevel: 'error',
    cacheDir: join(folder, 'cold-cache'),
    server: { host: '127.0.0.1', port: 0, ...updates },
  });
  await server.listen();
  const address = server.resolvedUrls?.local[0];
  if (!address) throw new Error('Vite names no address');
  return { origin: new URL(address).origin, close: () => server.close() };
}
