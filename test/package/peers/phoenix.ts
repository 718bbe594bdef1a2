import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

type Frame = [
  joinRef: string | null,
  ref: string | null,
  topic: string,
  event: string,
  payload: { id?: string },
];

/** A channel that one socket has joined. */
interface Channel {
  readonly socket: WebSocket;
  readonly topic: string;
  readonly joinRef: string | null;
}

/**
 * The server's half of Phoenix's channels, in the words of the v2 serializer, as `Phoenix.Socket` has it: one process for a
 * channel, which `crash` kills. Its one channel is `orders:lobby`; its orders are open until they are approved.
 */
export class PhoenixServer {
  readonly orders = new Map([
    ['1', 'open'],
    ['2', 'open'],
  ]);
  /** Each message of the clients, as it came. */
  readonly received: Frame[] = [];
  readonly urls: string[] = [];
  readonly #server: WebSocketServer;
  #channels: Channel[] = [];
  /** Whether orders are approved, and the answer is lost. */
  isMute = false;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket, { url = '' }) => {
      this.urls.push(url);
      socket.on('message', (data) => this.#heard(socket, JSON.parse(String(data))));
      socket.on('close', () => {
        this.#channels = this.#channels.filter((channel) => channel.socket !== socket);
      });
    });
  }

  static async start(): Promise<PhoenixServer> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/socket/websocket' });
    await once(server, 'listening');
    return new PhoenixServer(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/socket`;
  }

  get sockets(): number {
    return this.#server.clients.size;
  }

  change(id: string, state: string): void {
    this.orders.set(id, state);
    // A broadcast is of no join.
    for (const { socket, topic } of this.#channels)
      send(socket, [null, null, topic, 'order_changed', { id, state }]);
  }

  /** The processes of all channels die. */
  crash(): void {
    for (const { socket, topic, joinRef } of this.#channels.splice(0))
      send(socket, [joinRef, joinRef, topic, 'phx_error', { reason: 'channel_crash' }]);
  }

  /** The lines are gone without a word. */
  cut(): void {
    for (const socket of this.#server.clients) socket.terminate();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #heard(socket: WebSocket, frame: Frame): void {
    this.received.push(frame);
    const [joinRef, ref, topic, event, payload] = frame;
    const reply = (of: string | null, status: 'ok' | 'error', response: object) =>
      send(socket, [of, ref, topic, 'phx_reply', { status, response }]);
    if (topic === 'phoenix') return reply(null, 'ok', {});
    const channel = this.#channels.find((one) => one.socket === socket && one.topic === topic);
    if (event === 'phx_join') {
      // One that is joined again ends first.
      if (channel) this.#close(channel);
      if (topic !== 'orders:lobby') return reply(null, 'error', { reason: 'unmatched topic' });
      this.#channels.push({ socket, topic, joinRef });
      return reply(joinRef, 'ok', { orders: [...this.orders].map(([id, state]) => ({ id, state })) });
    }
    if (!channel) {
      if (event === 'phx_leave') reply(joinRef, 'ok', {});
      else reply(null, 'error', { reason: 'unmatched topic' });
      return;
    }
    // What was said to an earlier join is ignored.
    if (joinRef !== null && joinRef !== channel.joinRef) return;
    if (event === 'phx_leave') {
      reply(joinRef, 'ok', {});
      this.#close(channel);
    } else if (event === 'approve') {
      const { id = '' } = payload;
      if (this.orders.get(id) !== 'open')
        return reply(channel.joinRef, 'error', { reason: 'it is not open' });
      this.change(id, 'approved');
      if (!this.isMute) reply(channel.joinRef, 'ok', { by: 'ann' });
    }
  }

  #close(channel: Channel): void {
    const { socket, topic, joinRef } = channel;
    this.#channels = this.#channels.filter((one) => one !== channel);
    send(socket, [joinRef, joinRef, topic, 'phx_close', {}]);
  }
}

function send(socket: WebSocket, frame: readonly [...unknown[], object]): void {
  socket.send(JSON.stringify(frame));
}
