import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Asked {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly socket: Socket;
}
export type Answering = (asked: Asked, response: ServerResponse) => void;

/** A backend on a port of its own, which answers what the test says. */
export class HttpBackend {
  readonly asked: Asked[] = [];
  readonly #server: Server;
  answering: Answering;

  private constructor(answering: Answering) {
    this.answering = answering;
    this.#server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const asked = { headers: request.headers, body, socket: request.socket };
      this.asked.push(asked);
      this.answering(asked, response);
    });
  }

  static async listen(answering: Answering, port = 0): Promise<HttpBackend> {
    const backend = new HttpBackend(answering);
    backend.#server.listen(port, '127.0.0.1');
    await once(backend.#server, 'listening');
    return backend;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/trunkline`;
  }

  /** Abruptly. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

export function answerJson(status: number, json: unknown, headers: Record<string, string> = {}): Answering {
  return (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
}

export function answerText(status: number, type: string, text: string): Answering {
  return (_, response) => response.writeHead(status, { 'content-type': type }).end(text);
}
