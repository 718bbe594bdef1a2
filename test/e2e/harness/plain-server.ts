import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export type PlainMessage = { readonly type: string; readonly [field: string]: unknown };

/** A server that knows nothing of trunkline: it sends and takes typed JSON objects. */
export interface PlainServer {
  readonly port: number;
  /** What clients sent, in order. */
  readonly received: PlainMessage[];
  /** To everybody who is connected; remembered as the state, to answer a `resync_request`. */
  say(message: PlainMessage): void;
  stop(): Promise<void>;
}

/** @param answer what is sent back for a command; `null`: nothing. */
export async function startPlainServer(
  answer: (command: PlainMessage) => PlainMessage | null,
): Promise<PlainServer> {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    // Whoever speaks one means another server, as one whose port this has by now.
    verifyClient: ({ req }: { req: IncomingMessage }) => req.headers['sec-websocket-protocol'] === undefined,
  });
  await new Promise((listening) => server.once('listening', listening));
  const received: PlainMessage[] = [];
  let newest: PlainMessage | null = null;
  const send = (socket: WebSocket, message: PlainMessage) => socket.send(JSON.stringify(message));
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      const message: PlainMessage = JSON.parse(String(data));
      received.push(message);
      const reply = message.type === 'resync_request' ? newest : answer(message);
      if (reply) send(socket, reply);
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    received,
    say(message) {
      newest = message;
      for (const socket of server.clients) send(socket, message);
    },
    stop() {
      for (const socket of server.clients) socket.terminate();
      return new Promise((stopped) => server.close(() => stopped()));
    },
  };
}
