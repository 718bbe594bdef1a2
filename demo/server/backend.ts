import { createServer, type Server } from 'trunkline/server';
import { sqliteLog } from 'trunkline/server/sqlite';
import { Engine } from '../engine/engine.ts';
import { type ConsoleProtocol, OPERATOR_NAME, protocol } from '../engine/protocol.ts';
import type { Source } from '../engine/saved-run.ts';
import type { Line } from './line.ts';

export const SOCKET_PATH = '/ws';
/** Shorter than usual, so that a half-open connection is noticed while somebody looks. */
const HEARTBEAT_MS = 5_000;
const DRAIN_MS = 1_000;

export interface BackendOptions {
  readonly logFile: string;
  readonly runsFolder: string;
  readonly sources: readonly Source[];
  readonly line: Line;
  report(error: unknown, about: string): void;
}
/** One life of the server: it begins from the log, and ends with it. */
export interface Backend {
  readonly engine: Engine;
  readonly server: Server<ConsoleProtocol>;
  /** `hard`: connections end without a word. */
  close(how: 'soft' | 'hard'): Promise<void>;
}

export async function openBackend(options: BackendOptions): Promise<Backend> {
  const { line, report } = options;
  const log = sqliteLog(options.logFile);
  const engine = new Engine({ log, sources: options.sources, folder: options.runsFolder, report });
  const server = createServer(protocol, {
    log,
    commands: engine.commands,
    authenticate: (token) => (token !== undefined && OPERATOR_NAME.test(token) ? token : null),
    limits: { heartbeatMs: HEARTBEAT_MS },
    onError: report,
  });
  await engine.open(server);
  // Last: whoever connects now finds everything as it was.
  server.attach(line.door, { path: SOCKET_PATH });
  return {
    engine,
    server,
    async close(how) {
      if (how === 'hard') line.hangUp();
      await engine.stop();
      await server.close({ drainMs: how === 'hard' ? 0 : DRAIN_MS });
    },
  };
}
