import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Frame } from './fault-proxy.ts';

/**
 * How it answers who connects:
 * - `proper`: as the protocol says: `welcome`, an empty topic, every command accepted.
 * - `garbage`: bytes that are no HTTP, then the end.
 * - `silent`: never.
 * - `refused`: by an HTTP error.
 * - `no_subprotocol`: the WebSocket opens without the subprotocol.
 * - `no_welcome`: the WebSocket opens, and nothing is said.
 * - `nonsense`: the WebSocket opens, and what is said is no handshake.
 */
export type Manner =
  | 'proper'
  | 'garbage'
  | 'silent'
  | 'refused'
  | 'no_subprotocol'
  | 'no_welcome'
  | 'nonsense';

/** A server that says what a test wants, right or wrong. */
export interface RawServer {
  readonly port: number;
  readonly received: Frame[];
  /** How often somebody connected. */
  readonly connections: () => number;
  become(manner: Manner): void;
  /** To everybody who is connected, as it is. */
  say(message: string | Buffer): void;
  /** The next event of the topic `run`, however it looks. */
  event(event: unknown, fields?: object): void;
  close(): Promise<void>;
}

const EPOCH = 'e';

export async function startRawServer(): Promise<RawServer> {
  let manner: Manner = 'proper';
  let offset = 0;
  let connections = 0;
  const received: Frame[] = [];
  const sockets = new Set<Duplex>();
  const http = createServer();
  const spoken = new WebSocketServer({ noServer: true, handleProtocols: () => 'trunkline.v1' });
  const unspoken = new WebSocketServer({ noServer: true, handleProtocols: () => false });

  const answer = (socket: WebSocket, frame: Frame) => {
    const send = (...frames: object[]) => socket.send(JSON.stringify(frames));
    const { topic, ref, id } = frame;
    if (frame.type === 'hello') {
      send({ type: 'welcome', session: 's', principal: 'p', server_time: 1_000, dedupe_since: 0 });
    } else if (frame.type === 'subscribe' || frame.type === 'resync_request') {
      const at = { topic, ref, epoch: EPOCH, offset };
      send(
        { type: 'subscribed', ...at, recovered: false },
        { type: 'snapshot', ...at, ts: 1_000 + offset, part: 0, last: true, events: [] },
      );
    } else if (frame.type === 'command') send({ type: 'command_ack', id });
    else if (frame.type === 'ping') send({ type: 'pong', id });
  };
  const join = (socket: WebSocket) => {
    socket.on('error', () => {});
    if (manner === 'nonsense') {
      for (const text of NONSENSE) socket.send(text);
      socket.send(Buffer.from([0, 255]));
    }
    const isProper = manner === 'proper';
    socket.on('message', (data) => {
      const message: Frame | Frame[] = JSON.parse(String(data));
      for (const frame of Array.isArray(message) ? message : [message]) {
        received.push(frame);
        if (isProper) answer(socket, frame);
      }
    });
  };
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    connections++;
    socket.on('error', () => {});
    if (manner === 'garbage') socket.end(Buffer.from('\u0000\u0001 no HTTP at all\r\n\r\n'));
    else if (manner === 'refused') socket.end('HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\n\r\n');
    else if (manner === 'no_subprotocol') unspoken.handleUpgrade(request, socket, head, join);
    else if (manner !== 'silent') spoken.handleUpgrade(request, socket, head, join);
  });
  http.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const say = (message: string | Buffer) => {
    for (const socket of spoken.clients) socket.send(message);
  };
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  return {
    port: (http.address() as AddressInfo).port,
    received,
    connections: () => connections,
    become(next) {
      manner = next;
      for (const socket of sockets) socket.destroy();
    },
    say,
    event(event, fields = {}) {
      offset++;
      say(JSON.stringify({ type: 'event', topic: 'run', offset, ts: 1_000 + offset, event, ...fields }));
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((closed) => http.close(() => closed()));
    },
  };
}

const NONSENSE = [
  '{',
  'null',
  '[[]]',
  '{"type":"welcome"}',
  '{"type":"welcome","session":1,"principal":null,"server_time":"now","dedupe_since":[]}',
  '{"type":"event","topic":"run","offset":1,"ts":1,"event":{"type":"line","text":"too early"}}',
];
