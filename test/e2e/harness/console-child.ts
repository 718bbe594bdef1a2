/** The console's server with pipelines of a test, in a process of its own, to be killed. Its parent sends what it serves. */
import { type ConsoleServerOptions, startConsoleServer } from '../../../demo/server/index.ts';

process.once('message', async (options: ConsoleServerOptions) => {
  const server = await startConsoleServer(options);
  process.once('SIGINT', () => server.close());
  console.log(server.url);
  // Else it would live as long as its parent.
  process.disconnect();
});
