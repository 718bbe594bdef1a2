/** A server under the control of `docs/examples/control.mjs`, to be judged. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lastingPort } from '../../../testing/network/lasting-port.ts';

const CONTROL = fileURLToPath(new URL('../../../docs/examples/control.mjs', import.meta.url));

export interface Controlled extends AsyncDisposable {
  readonly url: string;
  readonly controlUrl: string;
}

export interface Places {
  readonly port: number;
  /** The file that holds what the server remembers; beside it, `-mark` added to its name, what no backup holds. */
  readonly memory: string;
  /** The file to which it adds the ids of the commands that it begins. */
  readonly runs: string;
}

/** Starts it; it ends when it is disposed of. */
export async function controlled(
  commandOf: (places: Places) => readonly string[],
  {
    control = [process.execPath, CONTROL],
    env = {},
  }: {
    /** The program that starts and ends it. */
    readonly control?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<Controlled> {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-conformance-'));
  // It has to be the same after each restart.
  const port = await lastingPort();
  const places = { port, memory: join(folder, 'memory'), runs: join(folder, 'runs') };
  const [program = '', ...args] = control;
  const files = ['--memory', places.memory, '--mark', `${places.memory}-mark`, '--runs', places.runs];
  const child = spawn(program, [...args, ...files, '--', ...commandOf(places)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const end = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const kill = () => child.kill('SIGTERM');
  process.once('exit', kill);
  try {
    const [, controlUrl = '', url = ''] = await addressesOf(child);
    return {
      url,
      controlUrl,
      [Symbol.asyncDispose]: async () => {
        process.off('exit', kill);
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

function addressesOf(child: ChildProcess): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const addresses = /^control on (\S+); listening on (\S+)/m.exec(output);
      if (addresses) resolve(addresses);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`it ended before it listened:\n${output}`)));
  });
}
