import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Plan } from '../engine/opening.ts';
import type { RunKind } from '../engine/run-kind.ts';
import { type Backend, openBackend } from './backend.ts';
import { ErrorLog } from './error-log.ts';
import { Faults } from './faults.ts';
import { front } from './front.ts';
import { Line } from './line.ts';
import { listen } from './listen.ts';
import type { Site } from './site.ts';

export interface ConsoleServerOptions<S extends { readonly pipeline: Plan }> {
  readonly site: Site;
  /** What operators can start, and what runs it, anew for each life of the server. @param folder of all runs */
  kind(folder: string): RunKind<S> | Promise<RunKind<S>>;
  /** For a log of each port, the runs' folders and the error log. */
  readonly dataFolder: string;
  /** Where the log is. @default a file of the data folder, one for each port */
  readonly log?: string;
  /** Where it is taken, any free one. @default any free one */
  readonly port?: number;
}
export interface ConsoleServer {
  /** Where to open it, such as `http://127.0.0.1:4780`. */
  readonly url: string;
  /** Other servers may be at work on its log. */
  readonly sharesLog: boolean;
  /** Starts a run; answers its id. */
  start(pipeline: string): Promise<string>;
  /** Ends the server and begins anew from the log. `hard`: without a goodbye. */
  restart(how: 'soft' | 'hard', awayMs?: number): Promise<void>;
  close(): Promise<void>;
}

/** The operator console's server: the DAG engine, the page, and the faults on demand, on this machine alone. */
export async function startConsoleServer<S extends { readonly pipeline: Plan }>(
  options: ConsoleServerOptions<S>,
): Promise<ConsoleServer> {
  mkdirSync(options.dataFolder, { recursive: true });
  const errors = new ErrorLog(options.dataFolder);
  const report = (error: unknown, about: string) => {
    console.error(`console: ${about}:`, error);
    const stack = error instanceof Error ? error.stack : undefined;
    errors.add('server', { message: `${about}: ${String(error)}`, ...(stack ? { stack } : {}) });
  };
  const line = new Line();
  const http = createServer();
  // First of all: a log belongs to one server at a time, as its port does. A page's outbox belongs to the port as well.
  const port = await listen(http, options.port ?? 0);
  const openAgain = () =>
    openBackend({
      dataFolder: options.dataFolder,
      port,
      log: options.log ?? null,
      kind: options.kind,
      line,
      report,
    });
  let backend: Backend | null = await openAgain();
  const { sharesLog } = backend;
  let turn: Promise<void> = Promise.resolve();
  let restarts = 0;
  let isClosed = false;
  /** One after the other. */
  const restart = (how: 'soft' | 'hard', awayMs = 0) => {
    restarts += 1;
    turn = turn
      .catch(() => {})
      .then(async () => {
        const before = backend;
        backend = null;
        await before?.close(how);
        if (isClosed) return;
        await sleep(awayMs);
        if (!isClosed) backend = await openAgain();
      })
      .finally(() => {
        restarts -= 1;
      });
    return turn;
  };
  const faults = new Faults({
    line,
    restarting: () => restarts > 0,
    server: () => backend?.server ?? null,
    restart,
    report,
  });
  http.on('request', front({ site: options.site, faults, errors, report }));
  line.connect(http);
  return {
    url: `http://127.0.0.1:${port}`,
    sharesLog,
    async start(pipeline) {
      if (!backend) throw new Error('the server is restarting');
      return await backend.engine.start(pipeline);
    },
    restart,
    async close() {
      isClosed = true;
      faults.mend();
      http.close();
      await turn.catch(() => {});
      await backend?.close('soft');
      line.hangUp();
      http.closeAllConnections();
    },
  };
}
