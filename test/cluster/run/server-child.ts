/** One server of the cluster, in a process of its own, which its parent kills, stops and asks. */
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from '../../../src/server/index.ts';
import { MemoryProjection } from '../../../src/server/log/memory-projection.ts';
import type { Projection } from '../../../src/server/log/projection.ts';
import { readNote } from '../../../src/server/replicated/authors.ts';
import { replicatedLog } from '../../../src/server/replicated/replicated-log.ts';
import { sqliteProjection } from '../../../src/server/sqlite/index.ts';
import type { AppliedRecord } from './agreement.ts';
import { type EngineRequest, engineBy } from './nodes.ts';
import { ALARM_EVERY, protocol } from './protocol.ts';

export type ServerNews =
  | { readonly is: 'listening'; readonly port: number }
  | { readonly is: 'dump'; readonly position: number; readonly lines: readonly string[] }
  | { readonly is: 'applied'; readonly records: readonly AppliedRecord[] }
  /** It starts from the dump of this position. */
  | { readonly is: 'starting'; readonly from: number }
  | { readonly is: 'trouble'; readonly text: string };

export interface ServerRequest {
  readonly engine: EngineRequest;
  readonly recordsPerDump: number;
  /** The file that its projection is kept in. @default in memory */
  readonly projectionFile?: string;
}

/** How often it tells what it has applied. */
const TELL_MS = 100;

/**
 * Notes at which digests it arrives.
 *
 * @returns what it has arrived at since the last time
 */
function watched(projection: Projection): () => AppliedRecord[] {
  const applyAll = projection.applyAll.bind(projection);
  const untold: AppliedRecord[] = [];
  projection.applyAll = (position, entries, noteOf) => {
    const outcomes = applyAll(position, entries, noteOf);
    untold.push({ position, digest: readNote(projection.note).digest, at: Date.now() });
    return outcomes;
  };
  return () => untold.splice(0);
}

function tell(news: ServerNews): void {
  process.send?.(news);
}

process.once('message', async ({ engine, recordsPerDump, projectionFile }: ServerRequest) => {
  const projection =
    projectionFile === undefined ? new MemoryProjection() : await sqliteProjection(projectionFile);
  const applied = watched(projection);
  setInterval(() => {
    const records = applied();
    if (records.length > 0) tell({ is: 'applied', records });
  }, TELL_MS);
  const log = replicatedLog({
    engine: engineBy(engine),
    projection,
    recordsPerDump,
    onProgress: (progress) => {
      if (progress.kind === 'loading' && progress.parts === 1)
        tell({ is: 'starting', from: progress.position });
    },
  });
  const http = createHttpServer();
  const server = createServer(protocol, {
    log,
    authenticate: (token) => token ?? null,
    allowedOrigins: ['none'],
    limits: { connectionsPerAddress: 10_000, handshakeMs: 20_000, maxEventBytes: 1_000_000 },
    commands: {
      decide: ({ client, n }, { topic, publish }) => {
        const on = topic ?? '';
        publish(on, { type: 'ran', client, n });
        publish(on, { type: 'newest', client, n });
        if (n % ALARM_EVERY === 0) publish(on, { type: 'alarm', client, n });
      },
    },
    onError: (error, about) => tell({ is: 'trouble', text: `${about}: ${error}` }),
  });
  server.attach(http, { path: '/ws' });
  http.listen(0, '127.0.0.1', () => {
    tell({ is: 'listening', port: (http.address() as AddressInfo).port });
  });
  process.on('message', () => {
    tell({ is: 'dump', position: projection.position, lines: [...projection.dump()] });
  });
});
// Whoever started it is gone.
process.once('disconnect', () => process.exit());
