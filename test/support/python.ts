import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SMALLEST_SERVER = fileURLToPath(new URL('../../docs/examples/smallest_server.py', import.meta.url));

export interface PythonServer {
  readonly url: string;
  readonly port: number;
  /** Kills it, as a crash would. */
  stop(): Promise<void>;
}

/** Starts `docs/examples/smallest_server.py`; a `port` of 0 takes a free one. */
export async function startSmallestServer(
  python: string,
  { port = 0, everyMs = 1_000 }: { port?: number; everyMs?: number } = {},
): Promise<PythonServer> {
  const child = spawn(python, [SMALLEST_SERVER, String(port), String(everyMs)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = once(child, 'exit').then(() => process.off('exit', kill));
  try {
    const url = await addressOf(child);
    return {
      url,
      port: Number(new URL(url).port),
      stop: async () => {
        kill();
        await exited;
      },
    };
  } catch (error) {
    kill();
    throw error;
  }
}

/** What it prints once it listens. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const url = /^listening on (\S+)\n/.exec(output)?.[1];
      if (url) resolve(url);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`smallest_server.py ended before it listened:\n${output}`)));
  });
}
