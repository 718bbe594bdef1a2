/** A control interface that fails at some of what it promises, before the one that controls a server. */
import { once } from 'node:events';
import { createServer } from 'node:http';

/** What it does instead of answering a request: `lost`: the thing is done, and its answer never comes. */
export type Fault = 'refused' | 'lost';

/** Hands on to `controlUrl` what does not fail. `faultAt` is asked for each request, such as `POST /kill`. */
export async function failingControl(
  controlUrl: string,
  faultAt: (request: string) => Fault | null,
): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    void (async () => {
      const fault = faultAt(`${request.method} ${request.url}`);
      if (fault === 'refused') {
        response.writeHead(500).end('no such thing');
        return;
      }
      let body = '';
      for await (const chunk of request) body += chunk;
      const { status, text } = await handOn(`${controlUrl}${request.url}`, request.method, body);
      if (fault === 'lost') response.destroy();
      else response.writeHead(status).end(text);
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a port has no number');
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function handOn(url: string, method = 'GET', body = ''): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { method, ...(method === 'POST' && { body }) });
  return { status: response.status, text: await response.text() };
}
