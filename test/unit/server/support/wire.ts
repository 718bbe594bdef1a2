import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import {
  type ClientFrame,
  type ClientFrameOf,
  parseServerMessage,
  type ServerFrame,
  type ServerFrameOf,
} from '../../../../src/protocol/frames/index.ts';
import { SUBPROTOCOL } from '../../../../src/protocol/version.ts';
import { createServer, type Server, type ServerOptions } from '../../../../src/server/index.ts';
import { type Ops, ops } from './protocol.ts';

export type Frame<T extends ServerFrame['type']> = ServerFrameOf[T];

/** A server of the application on a port of its own, with clients that speak the wire. */
export class World {
  readonly server: Server<Ops>;
  readonly errors: string[] = [];
  readonly http: HttpServer;
  readonly #clients: WireClient[] = [];
  readonly #path: string;

  constructor(options: Partial<ServerOptions<Ops>> = {}, path?: string) {
    this.server = createServer(ops, {
      commands: { decide: () => ({ resumed: true }), note: () => {} },
      allowedOrigins: ['none'],
      onError: (error, about) => this.errors.push(`${about}: ${error}`),
      ...options,
    });
    this.#path = path ?? '/';
    this.http = createHttpServer();
    this.server.attach(this.http, path === undefined ? {} : { path });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.http.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async connect(headers: Record<string, string> = {}): Promise<WireClient> {
    const client = new WireClient(new WebSocket(this.url + this.#path, SUBPROTOCOL, { headers }));
    this.#clients.push(client);
    await client.opened;
    return client;
  }

  /** A connection that is welcomed. */
  async join(hello: Partial<ClientFrameOf['hello']> = {}): Promise<WireClient> {
    const client = await this.connect();
    client.hello(hello);
    await client.next('welcome');
    return client;
  }

  async end(): Promise<void> {
    for (const client of this.#clients) client.socket.terminate();
    await this.server.close({ drainMs: 0 });
    await new Promise((resolve) => this.http.close(resolve));
  }
}

/** Reads every frame with the schemas, and gives them out by type, in order. */
export class WireClient {
  readonly socket: WebSocket;
  readonly clientId: string = randomUUID();
  readonly opened: Promise<void>;
  readonly closed: Promise<{ code: number; reason: string }>;
  /** All that has arrived. */
  readonly frames: ServerFrame[] = [];
  readonly messages: string[] = [];
  #unread: ServerFrame[] = [];
  #waiting: (() => void)[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.opened = new Promise((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    this.closed = new Promise((resolve) =>
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    socket.on('error', () => {});
    socket.on('close', () => this.#wake());
    socket.on('message', (data) => {
      this.messages.push(data.toString());
      for (const parsed of parseServerMessage(data.toString())) {
        if (!parsed.ok) throw new Error(`the server sent a bad frame: ${parsed.message}: ${data}`);
        this.frames.push(parsed.frame);
        this.#unread.push(parsed.frame);
      }
      this.#wake();
    });
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  send(...frames: (ClientFrame | Record<string, unknown>)[]): void {
    this.socket.send(JSON.stringify(frames.length === 1 ? frames[0] : frames));
  }

  hello(fields: Partial<ClientFrameOf['hello']> = {}): void {
    this.send({ type: 'hello', client_id: this.clientId, app: 'ops', app_version: 3, term: 1, ...fields });
  }

  command(
    command: ClientFrameOf['command']['command'],
    fields: Partial<ClientFrameOf['command']> = {},
  ): string {
    const id = fields.id ?? randomUUID();
    this.send({
      type: 'command',
      priority: 'normal',
      created_at: 1,
      attempt: 1,
      app_version: 3,
      command,
      ...fields,
      id,
    });
    return id;
  }

  /** The next unread frame of a type; those of other types stay unread. */
  async next<T extends ServerFrame['type']>(type: T): Promise<Frame<T>> {
    for (;;) {
      const index = this.#unread.findIndex((frame) => frame.type === type);
      const [frame] = index === -1 ? [] : this.#unread.splice(index, 1);
      if (frame) return frame as Frame<T>;
      if (this.socket.readyState === WebSocket.CLOSED) {
        throw new Error(`no ${type}; closed after ${JSON.stringify(this.frames)}`);
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async take<T extends ServerFrame['type']>(type: T, count: number): Promise<Frame<T>[]> {
    const frames: Frame<T>[] = [];
    while (frames.length < count) frames.push(await this.next(type));
    return frames;
  }

  /** Whatever the server does with what was sent so far, it has done. */
  async settle(): Promise<void> {
    const id = Math.floor(Math.random() * 1_000_000_000);
    this.send({ type: 'ping', id });
    while ((await this.next('pong')).id !== id);
  }

  unread(type: ServerFrame['type']): ServerFrame[] {
    return this.#unread.filter((frame) => frame.type === type);
  }
}
