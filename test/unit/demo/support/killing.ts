/** Servers of the console in processes of their own, to be killed. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface Killable {
  readonly url: string;
  /** When it has ended, by itself or not. */
  readonly exited: Promise<void>;
  kill(): Promise<void>;
}

/** @param args its data folder, its port, and what else it takes. */
export async function startKillable(script: string, ...args: readonly string[]): Promise<Killable> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()));
    void exited.then(() => reject(new Error('the server has ended')));
  });
  return {
    url,
    exited,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
