import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type EventLog, type Server } from 'trunkline/server';
import { type LabProtocol, protocol } from './protocol.ts';

export interface LabServer {
  readonly port: number;
  readonly publish: Server<LabProtocol>['publish'];
  readonly stats: Server<LabProtocol>['stats'];
  /** Every command that began to run, in order. */
  readonly ran: { readonly id: string; readonly what: string; readonly principal: string }[];
  /** Whoever was asked about, in order. */
  readonly authenticated: (string | undefined)[];
  /** Commands run from now on, and are not answered before the returned function is called. */
  hold(): () => void;
  /** Ends everything at once, and forgets. */
  crash(): Promise<void>;
}

export async function startLabServer(options: {
  readonly allowedOrigins: readonly string[];
  /** @default everybody is `guest` */
  readonly authenticate?: (token: string | undefined, request: IncomingMessage) => string | null;
  readonly authorize?: (principal: string, topic: string) => boolean;
  /** @default in memory */
  readonly log?: EventLog;
}): Promise<LabServer> {
  const ran: LabServer['ran'] = [];
  const authenticated: LabServer['authenticated'] = [];
  let held = Promise.resolve();
  let release = () => {};
  let crashed = false;
  const { allowedOrigins, authenticate = () => 'guest', authorize = () => true, log } = options;
  const server = createServer(protocol, {
    allowedOrigins,
    authorize,
    ...(log && { log }),
    onError: (error, about) => {
      if (!crashed) console.error(about, error);
    },
    authenticate: (token, request) => {
      authenticated.push(token);
      return authenticate(token, request);
    },
    commands: {
      switch: async ({ machine, on }, { id, principal }) => {
        ran.push({ id, what: `switch ${machine}`, principal });
        await held;
        return { machine, on };
      },
      decide: async ({ gateId, verdict }, { id, topic, principal, publish }) => {
        ran.push({ id, what: `decide ${gateId} ${verdict}`, principal });
        publish(topic ?? 'run', { type: 'gate', gateId, state: verdict, by: id });
        await held;
      },
      note: async ({ text }, { id, principal }) => {
        ran.push({ id, what: `note ${text}`, principal });
        await held;
      },
    },
  });
  const http = createHttpServer();
  const sockets = new Set<Socket>();
  http.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.attach(http, { path: '/ws' });
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  return {
    port: (http.address() as AddressInfo).port,
    publish: server.publish,
    stats: server.stats,
    ran,
    authenticated,
    hold() {
      held = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    async crash() {
      if (crashed) return;
      crashed = true;
      for (const socket of sockets) socket.resetAndDestroy();
      await Promise.all([new Promise((closed) => http.close(closed)), server.close({ drainMs: 0 })]);
      release();
    },
  };
}
