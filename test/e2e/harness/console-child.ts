/** The console's server with pipelines of a test, in a process of its own, to be killed. Its parent sends what it serves. */
import { pipelines } from '../../../demo/engine/pipelines.ts';
import { startConsoleServer } from '../../../demo/server/index.ts';
import type { Served } from './console-process.ts';

process.once('message', async ({ sources, ...options }: Served) => {
  const server = await startConsoleServer({ ...options, kind: () => pipelines(sources) });
  process.once('SIGINT', () => server.close());
  console.log(server.url);
  // Else it would live as long as its parent.
  process.disconnect();
});
