import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'demo', 'main.ts');

export interface Demo {
  readonly address: string;
  readonly port: string;
  /** As Ctrl-C does. Answers the exit code. */
  stop(): Promise<number | null>;
}

/** Starts the demo as `npm start` does, with its log in the folder `data`. Port 0 is any free one. */
export async function startDemo(data: string, port = '0'): Promise<Demo> {
  const child = spawn(process.execPath, [MAIN, '--port', port, '--data', data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    const said = /http:\/\/[\d.]+:(\d+)/.exec(line);
    if (!said?.[1]) continue;
    // What it says later is read as well, so that its pipe never fills.
    child.stdout.resume();
    return {
      address: said[0],
      port: said[1],
      async stop() {
        if (child.exitCode === null) child.kill('SIGINT');
        await exited;
        return child.exitCode;
      },
    };
  }
  const [code, signal] = await exited;
  throw new Error(`the demo ended before it said its address: exit code ${code}, signal ${signal}`);
}
