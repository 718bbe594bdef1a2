/** `trunkline serve` as a process of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const MAIN = fileURLToPath(new URL('../../../../src/cli/main.ts', import.meta.url));

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly controlUrl: string;
  /** Of stdout and stderr, so far. */
  output(): string;
}

/** One that ends by itself. */
export function run(args: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'serve', ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/**
 * One that listens; it ends with the test.
 * @param heard told of each output, until it listens
 */
export async function start(
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
  heard: (output: string) => void = () => {},
): Promise<Started> {
  const child = spawn(process.execPath, [MAIN, 'serve', ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  let output = '';
  const [url = '', controlUrl = ''] = await new Promise<string[]>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      output += chunk.toString();
      const said = /^listening on (\S+); control on (\S+)$/m.exec(output);
      if (said) resolve(said.slice(1));
      else heard(output);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('exit', (code) => reject(new Error(`it ended with ${code}:\n${output}`)));
  });
  return { child, url, controlUrl, output: () => output };
}
