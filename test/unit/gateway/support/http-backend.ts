import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export interface Asked {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly socket: Socket;
}
/** By which it shows who it is, as PEM. */
export interface Tls {
  readonly key: string;
  readonly cert: string;
}
export type Answering = (asked: Asked, response: ServerResponse) => void;

/** A backend on a port of its own, which answers what the test says. */
export class HttpBackend {
  readonly asked: Asked[] = [];
  readonly #server: Server;
  answering: Answering;

  readonly #scheme: 'http' | 'https';

  private constructor(answering: Answering, tls: Tls | null) {
    this.answering = answering;
    this.#scheme = tls ? 'https' : 'http';
    const listener: RequestListener = async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const asked = { headers: request.headers, body, socket: request.socket };
      this.asked.push(asked);
      this.answering(asked, response);
    };
    this.#server = tls ? createTlsServer(tls, listener) : createServer(listener);
  }

  static async listen(answering: Answering, port = 0, tls: Tls | null = null): Promise<HttpBackend> {
    const backend = new HttpBackend(answering, tls);
    backend.#server.listen(port, '127.0.0.1');
    await once(backend.#server, 'listening');
    return backend;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}/trunkline`;
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
