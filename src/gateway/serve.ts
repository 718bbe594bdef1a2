/** A gateway from its configuration: how it starts, and how it ends. */
import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Application } from '../server/core/application.ts';
import type { Limits } from '../server/core/limits.ts';
import type { EventLog } from '../server/log/event-log.ts';
import { type ApplicationServer, serveApplication } from '../server/serve-application.ts';
import { applicationOf } from './application.ts';
import type { CommandBackend } from './backend/contract.ts';
import { backendHandler } from './backend/handler.ts';
import type { Config } from './config/schema.ts';
import { WrongFields } from './config/wrong-fields.ts';
import { controlApi } from './control/api.ts';
import type { People } from './people/config.ts';
import { Unanswered } from './people/unanswered.ts';

/** A handler that takes too long is refused for good in the end; how long a backend may take is its own part's to say. */
const BACKEND_DECIDES_MS = 2 ** 31 - 1;

export interface Parts {
  readonly log: EventLog;
  /** What the log asks for. */
  readonly logLimits: Partial<Limits>;
  /** Of the control port; `null`: nobody has it. */
  readonly key: string | null;
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

/**
 * Resolves when the log is open, and both ports are.
 *
 * @throws WrongFields for what only shows when it is tried: a protocol module, and a limit that the log does not bear; Error where
 * the log cannot be opened, or a port is taken. Nothing is left open then.
 */
export async function serve(config: Config, parts: Parts): Promise<Gateway> {
  const { log, key, backend, report } = parts;
  const { listen, control } = config;
  const ending = new AbortController();
  const handler = backend && backendHandler(backend, ending.signal, report);
  const application = await applicationOf(config, () => handler).catch(async (error) => {
    await log.close();
    throw error;
  });
  const server = serverOf(application, config, parts);
  const { maxBodyBytes } = control;
  const sockets = createHttpServer();
  const requests = createHttpServer(controlApi({ server, key, maxBodyBytes, report }));
  server.attach(sockets, { path: listen.path });
  const close = async () => {
    // What the backend was asked is answered; what takes it longer than that is put off.
    const late = setTimeout(() => ending.abort(), config.drain.ms);
    await server.close({ drainMs: config.drain.ms, spreadMs: config.drain.spreadMs });
    clearTimeout(late);
    for (const http of [sockets, requests]) {
      http.close();
      http.closeAllConnections();
    }
  };
  try {
    await server.ready();
    return {
      url: `ws://${await opened(sockets, listen)}${listen.path}`,
      controlUrl: `http://${await opened(requests, control)}`,
      close,
    };
  } catch (error) {
    await close();
    // Of the limits, a log bears not all that are such.
    if (!(error instanceof RangeError)) throw error;
    throw new WrongFields([{ path: ['limits', 'maxEventBytes'], reason: error.message }], { cause: error });
  }
}

function serverOf(
  application: Application,
  { limits, allowedOrigins, acceptsVersions, perMessageDeflate }: Config,
  { log, logLimits, people, report }: Parts,
): ApplicationServer {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  return serveApplication(application, {
    log,
    allowedOrigins,
    perMessageDeflate,
    limits: { ...Object.fromEntries(given), ...logLimits, commandMs: BACKEND_DECIDES_MS },
    ...people,
    onError: (error, about) => {
      if (!(error instanceof Unanswered)) report(error, about);
    },
    ...(acceptsVersions && { acceptsVersions: (version) => acceptsVersions.includes(version) }),
  });
}

async function opened(server: HttpServer, { host, port }: { host: string; port: number }): Promise<string> {
  server.listen(port, host);
  await once(server, 'listening');
  return `${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
}
