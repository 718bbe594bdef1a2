import { join } from 'node:path';
import * as vite from 'vite';
import type { Sources } from './bundlers.ts';
import type { Pages } from './running-application.ts';

/** Vite's development server, with nothing in its cache. It reloads no page by itself. */
export async function serveWithVite({ app, folder }: Sources): Promise<Pages> {
  const server = await vite.createServer({
    root: app,
    configFile: false,
    logLevel: 'error',
    cacheDir: join(folder, 'cold-cache'),
    server: { host: '127.0.0.1', port: 0, ws: false },
  });
  await server.listen();
  const address = server.resolvedUrls?.local[0];
  if (!address) throw new Error('Vite names no address');
  return { origin: new URL(address).origin, close: () => server.close() };
}
