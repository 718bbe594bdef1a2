import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, type Server } from 'trunkline/server';
import { logOf, logTrouble } from 'trunkline/server/address';
import { Engine } from '../engine/engine.ts';
import { LastAlive } from '../engine/last-alive.ts';
import type { Plan } from '../engine/opening.ts';
import { type ConsoleProtocol, KEPT_LINES, OPERATOR_NAME, protocol } from '../engine/protocol.ts';
import type { RunKind } from '../engine/run-kind.ts';
import type { Line } from './line.ts';

export const SOCKET_PATH = '/ws';
/** Shorter than usual, so that a half-open connection is noticed while somebody looks. */
const HEARTBEAT_MS = 5_000;
const DRAIN_MS = 1_000;

export interface BackendOptions<S extends { readonly pipeline: Plan }> {
  /** For a log of each port, and the runs' folders. */
  readonly dataFolder: string;
  readonly port: number;
  /** Where the log is, if not there. */
  readonly log: string | null;
  kind(folder: string): RunKind<S> | Promise<RunKind<S>>;
  readonly line: Line;
  report(error: unknown, about: string): void;
}
/** One life of the server: it begins from the log, and ends with it. */
export interface Backend {
  readonly engine: Pick<Engine<{ readonly pipeline: Plan }>, 'start'>;
  readonly server: Server<ConsoleProtocol>;
  /** Other servers may be at work on its log. */
  readonly sharesLog: boolean;
  /** `hard`: connections end without a word. */
  close(how: 'soft' | 'hard'): Promise<void>;
}

export async function openBackend<S extends { readonly pipeline: Plan }>(
  options: BackendOptions<S>,
): Promise<Backend> {
  const { dataFolder, port, line, report } = options;
  const address = options.log ?? `sqlite:${join(dataFolder, `console-${port}.sqlite`)}`;
  const onTrouble = logTrouble(report, (message) => console.error(`console: ${message}`));
  const { log, isShared, limits } = await logOf(address, { onTrouble });
  // Whoever has a run's folder goes on with it: on a log that several share, each has folders of its own.
  const folder = join(dataFolder, isShared ? `runs-${port}` : 'runs');
  mkdirSync(folder, { recursive: true });
  const kind = await options.kind(folder);
  const lastAlive = new LastAlive(join(dataFolder, `alive-${port}`), report);
  const engine = new Engine({ log, kind, folder, sharesLog: isShared, lastAlive, report });
  const server = createServer(protocol, {
    log,
    commands: engine.commands,
    authenticate: (token) => (token !== undefined && OPERATOR_NAME.test(token) ? token : null),
    limits: { ...limits, heartbeatMs: HEARTBEAT_MS, tailLimit: KEPT_LINES },
    onError: report,
  });
  try {
    await engine.open(server);
  } catch (error) {
    await engine.stop();
    await server.close({ drainMs: 0 });
    throw error;
  }
  // Last: whoever connects now finds everything as it was.
  server.attach(line.door, { path: SOCKET_PATH });
  return {
    engine,
    server,
    sharesLog: isShared,
    async close(how) {
      if (how === 'hard') line.hangUp();
      await engine.stop();
      await server.close({ drainMs: how === 'hard' ? 0 : DRAIN_MS });
    },
  };
}
