/** A gateway from its configuration: how it starts, and how it ends. */
import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EventLog } from '../server/log/event-log.ts';
import { serveApplication } from '../server/serve-application.ts';
import { anyProtocol } from './any-protocol.ts';
import type { CommandBackend } from './backend/contract.ts';
import { backendHandler } from './backend/handler.ts';
import type { Config } from './config/schema.ts';
import { controlApi } from './control/api.ts';
import type { People } from './people/config.ts';
import { HookFailed } from './people/hooks.ts';

/** A handler that takes too long is refused for good in the end; how long a backend may take is its own part's to say. */
const BACKEND_DECIDES_MS = 2 ** 31 - 1;

export interface Parts {
  readonly log: EventLog;
  /** Runs the commands; without one they are refused. */
  readonly backend?: CommandBackend;
  /** Without it everybody is anonymous, and everything allowed. */
  readonly people?: People;
  readonly report: (error: unknown, about: string) => void;
}

export interface Gateway {
  /** Where browsers connect. */
  readonly url: string;
  readonly controlUrl: string;
  /** Answers what runs, sends everybody away, and closes the log. */
  close(): Promise<void>;
}

/** Resolves when its log is open, and both ports are. */
export async function serve(config: Config, { log, backend, people, report }: Parts): Promise<Gateway> {
  const ending = new AbortController();
  const handler = backend && backendHandler(backend, ending.signal, report);
  const { app, version, events, listen, control, allowedOrigins } = config;
  const application = anyProtocol({ app, version, events, handlerOf: () => handler });
  const limits = { commandMs: BACKEND_DECIDES_MS };
  const server = serveApplication(application, {
    log,
    allowedOrigins,
    limits,
    ...people,
    onError: (error, about) => {
      if (!(error instanceof HookFailed)) report(error, about);
    },
  });
  const sockets = createHttpServer();
  server.attach(sockets, { path: listen.path });
  const requests = createHttpServer(controlApi(server));
  try {
    await server.ready();
    const port = await portOf(sockets, listen);
    const controlPort = await portOf(requests, control);
    return {
      url: `ws://${hostIn(listen.host)}:${port}${listen.path}`,
      controlUrl: `http://${hostIn(control.host)}:${controlPort}`,
      async close() {
        ending.abort();
        requests.close();
        await server.close();
        sockets.close();
        requests.closeAllConnections();
      },
    };
  } catch (error) {
    sockets.close();
    requests.close();
    await server.close();
    throw error;
  }
}

async function portOf(server: HttpServer, { host, port }: { host: string; port: number }): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const hostIn = (host: string) => (host.includes(':') ? `[${host}]` : host);
