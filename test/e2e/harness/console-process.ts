import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Source } from '../../../demo/engine/saved-run.ts';
import type { ConsoleServerOptions } from '../../../demo/server/index.ts';

const HERE = resolve(import.meta.dirname, '../../..');
const CHILD = join(import.meta.dirname, 'console-child.ts');

/** A server of the console, in a process of its own. */
export interface ConsoleProcess {
  readonly url: string;
  readonly port: number;
  readonly dataFolder: string;
  /** As Ctrl-C does. Answers the exit code; `null` where it was killed. */
  stop(): Promise<number | null>;
  /** SIGKILL: nothing is written, nobody is told. */
  kill(): Promise<void>;
}

/**
 * As `npm start -- …args` does, on any free port.
 *
 * @param checkout whose demo it is: a folder of this repository, with its packages installed. @default this one
 */
export async function startMain(
  dataFolder: string,
  args: readonly string[],
  checkout = HERE,
): Promise<ConsoleProcess> {
  const main = join(checkout, 'demo/main.ts');
  const child = spawn(process.execPath, [main, '--port', '0', '--data', dataFolder, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: environment(),
  });
  return await follow(child, dataFolder);
}

/** What its parent sends it. */
export type Served = Omit<ConsoleServerOptions<Source>, 'kind'> & { readonly sources: readonly Source[] };

/** With sources of a test. */
export async function startChild(options: Served): Promise<ConsoleProcess> {
  const child = spawn(process.execPath, [CHILD], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    serialization: 'advanced',
    env: environment(),
  });
  child.send(options);
  return await follow(child, options.dataFolder);
}

/** Playwright runs its tests with NODE_ENV=test, which would make the page React's development build. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_ENV: _, ...rest } = process.env;
  return rest;
}

async function follow(child: ChildProcess, dataFolder: string): Promise<ConsoleProcess> {
  const exited = once(child, 'exit');
  const end = async (signal: 'SIGINT' | 'SIGKILL') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
    return child.exitCode;
  };
  if (!child.stdout) throw new Error('the server was started without a pipe to read from');
  for await (const line of createInterface({ input: child.stdout })) {
    const said = /http:\/\/[\d.]+:(\d+)/.exec(line);
    if (!said?.[1]) continue;
    // What it says later is read as well, so that its pipe never fills.
    child.stdout.resume();
    return {
      url: said[0],
      port: Number(said[1]),
      dataFolder,
      stop: () => end('SIGINT'),
      kill: async () => {
        await end('SIGKILL');
      },
    };
  }
  const [code, signal] = await exited;
  throw new Error(`the console ended before it said its address: exit code ${code}, signal ${signal}`);
}
