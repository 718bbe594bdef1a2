/** Everything that knows about http and WebSockets. */
import type { Server as HttpServer, IncomingMessage, RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { SUBPROTOCOL } from '../../protocol/version.ts';
import type { Inbound, Peer } from '../core/peer.ts';
import type { Refusal, RefusalReason } from '../core/refusals.ts';
import { TextFrames } from './text-frames.ts';

export interface ShellOptions {
  isAllowed(headers: IncomingMessage['headers']): boolean;
  isClosing(): boolean;
  /** A request was refused: by this, if whoever runs the server can change it. */
  refused(request: IncomingMessage, refusal?: Refusal): void;
  readonly maxFrameBytes: number;
  /** Offers clients to compress messages, both ways. */
  readonly perMessageDeflate: boolean;
  connect(peer: Peer, request: IncomingMessage): Inbound;
}
export interface Shell {
  attach(server: HttpServer, path: string | null): void;
  detach(): void;
}

/**
 * Nothing of a message stays for the next one: what a page can bring about does not tell by its length what another message of
 * the connection held. A smaller window than the usual one, since each connection that has compressed once keeps its own.
 */
const DEFLATE = {
  threshold: 1_024,
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  zlibDeflateOptions: { level: 3, windowBits: 13, memLevel: 7 },
} as const;

type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
type Takes = (request: IncomingMessage) => boolean;
/** Of all servers in this process, with what they take: to tell a request that nobody will answer. */
const ownListeners = new WeakMap<object, Takes>();

export function webSocketShell(options: ShellOptions): Shell {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: options.maxFrameBytes,
    perMessageDeflate: options.perMessageDeflate && DEFLATE,
    handleProtocols: () => SUBPROTOCOL,
  });
  const frames = new TextFrames();
  const refuse = (
    request: IncomingMessage,
    socket: Duplex,
    status: RefusalStatus,
    message: string,
    reason?: RefusalReason,
  ) => {
    options.refused(request, reason && { reason, message });
    answer(socket, status, message);
  };
  sockets.on('wsClientError', (error, socket, request) =>
    refuse(request, socket, request.method === 'GET' ? 400 : 405, `${error.message}.`, 'upgrade'),
  );
  const upgrade: UpgradeListener = (request, socket, head) => {
    const { origin } = request.headers;
    if (options.isClosing()) refuse(request, socket, 503, 'This server is going down; try again.');
    else if (!options.isAllowed(request.headers)) {
      const whose = origin === undefined ? 'Requests without an Origin' : `Pages of ${origin}`;
      refuse(request, socket, 403, `${whose} may not connect here (allowedOrigins).`, 'origin');
    } else if (!offersSubprotocol(request)) {
      const sentence = `This server speaks the WebSocket subprotocol ${SUBPROTOCOL}, which was not offered.`;
      refuse(request, socket, 400, sentence, 'subprotocol');
    } else {
      sockets.handleUpgrade(request, socket, head, (webSocket) =>
        join(webSocket, socket, request, frames, options),
      );
    }
  };
  const attached: { server: HttpServer; listener: UpgradeListener; plain: RequestListener }[] = [];
  return {
    attach(server, path) {
      const takes: Takes = (request) => path === null || pathOf(request) === path;
      const listener: UpgradeListener = (request, socket, head) => {
        if (takes(request)) upgrade(request, socket, head);
        else if (speaksForAll(server, 'upgrade', listener) && !isTaken(server, 'upgrade', request)) {
          refuse(request, socket, 404, `There is no WebSocket at ${pathOf(request)}.`, 'path');
        }
      };
      const plain: RequestListener = (request, response) => {
        if (!speaksForAll(server, 'request', plain)) return;
        const [status, sentence] = isTaken(server, 'request', request)
          ? ([426, `There is a WebSocket at ${pathOf(request)}; it takes no plain requests.`] as const)
          : ([404, `There is nothing at ${pathOf(request)}.`] as const);
        // Mostly a proxy, which passes on what it knows nothing of, and ends `Upgrade` at itself.
        const wasUpgrade = request.headers['sec-websocket-key'] !== undefined;
        if (wasUpgrade) options.refused(request, { reason: 'upgrade', message: sentence });
        response
          .writeHead(status, { 'content-type': TEXT, ...(status === 426 && { upgrade: 'websocket' }) })
          .end(sentence);
      };
      for (const own of [listener, plain]) ownListeners.set(own, takes);
      server.on('upgrade', listener);
      server.on('request', plain);
      attached.push({ server, listener, plain });
    },
    detach() {
      for (const { server, listener, plain } of attached.splice(0)) {
        server.off('upgrade', listener);
        server.off('request', plain);
      }
    },
  };
}

/** @param line what the WebSocket writes to: not the request's own socket where somebody stands between them */
function join(
  socket: WebSocket,
  line: Duplex,
  request: IncomingMessage,
  frames: TextFrames,
  { connect }: ShellOptions,
): void {
  const drained = () => inbound.drained();
  const isCompressed = socket.extensions !== '';
  const peer: Peer = {
    address: request.socket.remoteAddress ?? '',
    send(text) {
      if (socket.readyState !== WebSocket.OPEN) return;
      // What is not compressed is written at once. What may be has to keep its order, which `ws` sees to, each socket for itself.
      if (isCompressed) socket.send(text, drained);
      else line.write(frames.of(text), drained);
    },
    bufferedBytes: () => socket.bufferedAmount,
    mark: () => socket.ping(),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
  };
  const inbound = connect(peer, request);
  request.socket.on('data', (chunk: Buffer) => inbound.received(chunk.length));
  socket.on('message', (data: RawData, isBinary) => {
    const text = data.toString();
    // A small message that unpacks to a large one would else cost its sender nothing.
    if (isCompressed) inbound.received(text.length);
    inbound.message(isBinary ? null : text);
  });
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

/** Whether only trunkline listens to these, so that what it does not answer hangs, and this listener is the one that answers. */
function speaksForAll(server: HttpServer, event: 'upgrade' | 'request', listener: object): boolean {
  const listeners = server.listeners(event);
  return listeners[0] === listener && listeners.every((candidate) => ownListeners.has(candidate));
}

/** Whether some server of trunkline has its WebSocket there. */
function isTaken(server: HttpServer, event: 'upgrade' | 'request', request: IncomingMessage): boolean {
  return server.listeners(event).some((candidate) => ownListeners.get(candidate)?.(request));
}

type RefusalStatus = keyof typeof REASONS;
const TEXT = 'text/plain; charset=utf-8';
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
    `Content-Type: ${TEXT}`,
    `Content-Length: ${Buffer.byteLength(sentence)}`,
    '',
    sentence,
  ];
  socket.end(lines.join('\r\n'), () => socket.destroy());
}
