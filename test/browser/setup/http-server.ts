/**
 * An HTTP server for the browser tests, on a free port of this machine: `/readable/503` answers with that status, for any
 * origin to read, `?retry-after=7` with that header, and `/hidden/503` for its own origin alone; `/silent` never answers.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** `http://127.0.0.1:port` */
    httpServer: string;
    /** `ws://127.0.0.1:port`, where nothing listens. */
    nobody: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = createServer(({ url = '/', headers }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const [, who, status] = pathname.split('/');
    if (who === 'silent') return;
    if (who === 'readable') {
      response.setHeader('access-control-allow-origin', headers.origin ?? '*');
      response.setHeader('access-control-allow-credentials', 'true');
      response.setHeader('access-control-expose-headers', 'retry-after');
    }
    const retryAfter = searchParams.get('retry-after');
    if (retryAfter) response.setHeader('retry-after', retryAfter);
    response.writeHead(Number(status), { location: '/readable/200' }).end();
  });
  const gone = createServer();
  for (const each of [server, gone]) {
    await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve));
  }
  project.provide('httpServer', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  project.provide('nobody', `ws://127.0.0.1:${(gone.address() as AddressInfo).port}`);
  await new Promise((resolve) => gone.close(resolve));
  return () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
}
