import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems give to whoever asks for any: Linux from 32768, macOS and Windows from 49152. */
const FIRST = 20_000;
const COUNT = 12_000;

/**
 * A free port of 127.0.0.1 for who closes it, and listens there once more: one that the system chose can be given to
 * another server meanwhile.
 */
export async function lastingPort(): Promise<number> {
  const port = FIRST + Math.floor(Math.random() * COUNT);
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return await lastingPort();
    throw error;
  }
  server.close();
  await once(server, 'close');
  return port;
}
