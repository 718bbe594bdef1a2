import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'trunkline/server';
import { type GatesProtocol, protocol } from './protocol.ts';

export interface GatesServer {
  readonly port: number;
  readonly publish: Server<GatesProtocol>['publish'];
  readonly stats: Server<GatesProtocol>['stats'];
  /** Every command that ran, in order. */
  readonly ran: { readonly id: string; readonly what: string; readonly attempt: number }[];
  close(): Promise<void>;
}

/** Tokens are `token-of-<name>`; without one somebody is `guest`. */
export async function startServer(options: { allowedOrigins: readonly string[] }): Promise<GatesServer> {
  const ran: GatesServer['ran'] = [];
  const server = createServer(protocol, {
    allowedOrigins: options.allowedOrigins,
    authenticate: (token) => {
      if (token === undefined) return 'guest';
      return token.startsWith('token-of-') ? token.slice('token-of-'.length) : null;
    },
    commands: {
      human_decision: ({ gateId, verdict }, { id, attempt, publish }) => {
        ran.push({ id, what: `human_decision ${gateId} ${verdict}`, attempt });
        publish('run', { type: 'gate', gateId, state: verdict });
        return { resumed: true };
      },
      note: ({ text }, { id, attempt, publish }) => {
        ran.push({ id, what: `note ${text}`, attempt });
        publish('run', { type: 'line', text: `note: ${text.slice(0, 100)}` });
      },
    },
  });
  const http = createHttpServer();
  server.attach(http, { path: '/live' });
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  return {
    port: (http.address() as AddressInfo).port,
    publish: server.publish,
    stats: server.stats,
    ran,
    async close() {
      await server.close({ drainMs: 1_000 });
      await new Promise((closed) => {
        http.close(closed);
        http.closeAllConnections();
      });
    },
  };
}
