import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Between a gateway and its backend:
 * - `pass`: answers go through.
 * - `lose`: the backend runs what it is asked, and its answer is lost.
 * - `hold`: the same, and nobody learns that it is lost.
 */
export type BackendLineMode = 'pass' | 'lose' | 'hold';

export interface BackendLine {
  readonly url: string;
  mode: BackendLineMode;
  /** The `Idempotency-Key` of each request, in order. */
  readonly asked: string[];
  /** So many of them the backend has answered, whoever has heard of that. */
  answered: number;
  close(): Promise<void>;
}

export async function startBackendLine(backendPort: () => number): Promise<BackendLine> {
  const server = createServer(async (request, response) => {
    const { method = 'GET', url = '/', headers } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    line.asked.push(String(headers['idempotency-key']));
    const answer = await ask(`http://127.0.0.1:${backendPort()}${url}`, {
      method,
      headers: Object.entries(headers).flatMap(([name, value]): [string, string][] =>
        name.startsWith('webhook-') || name === 'idempotency-key' ? [[name, String(value)]] : [],
      ),
      body: Buffer.concat(chunks),
    });
    if (answer) line.answered += 1;
    if (line.mode === 'hold') return;
    if (answer && line.mode === 'pass') pass(answer, response);
    else request.socket.destroy();
  });
  const line: Omit<BackendLine, 'url'> = {
    mode: 'pass',
    asked: [],
    answered: 0,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(line, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/trunkline` });
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** `null` where the backend is not there. */
async function ask(url: string, init: RequestInit): Promise<Answer | null> {
  try {
    const response = await fetch(url, init);
    const type = response.headers.get('content-type') ?? '';
    return { status: response.status, type, text: await response.text() };
  } catch {
    return null;
  }
}

function pass({ status, type, text }: Answer, response: ServerResponse): void {
  response.writeHead(status, { 'content-type': type }).end(text);
}
