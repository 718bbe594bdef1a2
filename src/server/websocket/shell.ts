import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { SUBPROTOCOL } from '../../protocol/version.ts';
import type { Inbound, Peer } from '../core/peer.ts';

export interface ShellOptions {
  isAllowed(headers: IncomingMessage['headers']): boolean;
  isClosing(): boolean;
  /** A request was refused. */
  refused(): void;
  readonly maxFrameBytes: number;
  connect(peer: Peer, request: IncomingMessage): Inbound;
}
export interface Shell {
  attach(server: HttpServer, path: string | null): void;
  detach(): void;
}

type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
/** Of all servers in this process, with what they take: to tell a request that nobody will answer. */
const ownListeners = new WeakMap<object, (request: IncomingMessage) => boolean>();

/** Everything that knows about http and WebSockets. */
export function webSocketShell(options: ShellOptions): Shell {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: options.maxFrameBytes,
    // A small message that unpacks to a large one would cost the sender nothing.
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  const refuse = (socket: Duplex, status: RefusalStatus, sentence: string) => {
    options.refused();
    answer(socket, status, sentence);
  };
  sockets.on('wsClientError', (error, socket, { method }) =>
    refuse(socket, method === 'GET' ? 400 : 405, `${error.message}.`),
  );
  const upgrade: UpgradeListener = (request, socket, head) => {
    const { origin } = request.headers;
    if (options.isClosing()) refuse(socket, 503, 'This server is going down; try again.');
    else if (!options.isAllowed(request.headers)) {
      const whose = origin === undefined ? 'Requests without an Origin' : `Pages of ${origin}`;
      refuse(socket, 403, `${whose} may not connect here (allowedOrigins).`);
    } else if (!offersSubprotocol(request)) {
      refuse(
        socket,
        400,
        `This server speaks the WebSocket subprotocol ${SUBPROTOCOL}, which was not offered.`,
      );
    } else {
      sockets.handleUpgrade(request, socket, head, (webSocket) => join(webSocket, request, options));
    }
  };
  const attached: { server: HttpServer; listener: UpgradeListener }[] = [];
  return {
    attach(server, path) {
      const takes = (request: IncomingMessage) => path === null || pathOf(request) === path;
      const listener: UpgradeListener = (request, socket, head) => {
        if (takes(request)) upgrade(request, socket, head);
        else if (isLeftToNobody(server, listener, request)) {
          refuse(socket, 404, `There is no WebSocket at ${pathOf(request)}.`);
        }
      };
      ownListeners.set(listener, takes);
      server.on('upgrade', listener);
      attached.push({ server, listener });
    },
    detach() {
      for (const { server, listener } of attached.splice(0)) server.off('upgrade', listener);
    },
  };
}

function join(socket: WebSocket, request: IncomingMessage, { connect }: ShellOptions): void {
  const peer: Peer = {
    address: request.socket.remoteAddress ?? '',
    send: (text) => socket.send(text, () => inbound.drained()),
    bufferedBytes: () => socket.bufferedAmount,
    mark: () => socket.ping(),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
  };
  const inbound = connect(peer, request);
  request.socket.on('data', (chunk: Buffer) => inbound.received(chunk.length));
  socket.on('message', (data: RawData, isBinary) => inbound.message(isBinary ? null : data.toString()));
  socket.on('pong', () => inbound.reached());
  socket.on('close', () => inbound.closed());
  // What arrived was wrong, or the connection is lost: `close` follows. Unheard, it would end the process.
  socket.on('error', (error) => {
    const code = 'code' in error ? String(error.code) : '';
    if (code.startsWith('WS_ERR_')) inbound.broken(code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
  });
}

function offersSubprotocol(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol']?.split(',') ?? [];
  return offered.some((token) => token.trim() === SUBPROTOCOL);
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}

/** Whether only trunkline listens, no server of it takes the request, and this listener is the one that says so. */
function isLeftToNobody(server: HttpServer, listener: UpgradeListener, request: IncomingMessage): boolean {
  const listeners = server.listeners('upgrade');
  return (
    listeners[0] === listener &&
    listeners.every((candidate) => ownListeners.get(candidate)?.(request) === false)
  );
}

type RefusalStatus = keyof typeof REASONS;
const REASONS = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  503: 'Service Unavailable',
} as const;

function answer(socket: Duplex, status: RefusalStatus, sentence: string): void {
  socket.on('error', () => {});
  const lines = [
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(sentence)}`,
    '',
    sentence,
  ];
  socket.end(lines.join('\r\n'), () => socket.destroy());
}
