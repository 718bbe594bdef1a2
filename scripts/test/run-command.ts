import { spawn } from 'node:child_process';
import { delimiter, resolve } from 'node:path';

const BIN = resolve(import.meta.dirname, '../../node_modules/.bin');

const PROGRESS_EVERY_MS = 60_000;

/** @param seconds since the command began */
export type ProgressListener = (seconds: number) => void;

export interface CommandOptions {
  /** Then it is ended. */
  readonly timeoutMs: number;
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called each minute. */
  readonly onProgress?: ProgressListener;
}

/**
 * Runs a command of `node_modules/.bin`, its output shown as it comes, in a process group of its own, so that a time-out
 * or an interrupt ends the browsers and servers which it started as well. Returns how it failed, or `null`.
 */
export function runCommand(
  [command = '', ...args]: readonly string[],
  { timeoutMs, env = {}, onProgress = () => {} }: CommandOptions,
): Promise<string | null> {
  return new Promise((done) => {
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env, PATH: `${BIN}${delimiter}${process.env['PATH'] ?? ''}` },
    });
    const endGroup = () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The whole group has ended.
      }
    };
    // By way of the exit, so that of several commands at once each ends its own.
    const interrupt = () => process.exit(130);
    process.once('exit', endGroup).once('SIGINT', interrupt).once('SIGTERM', interrupt);
    let late = false;
    const start = performance.now();
    const ticker = setInterval(() => onProgress((performance.now() - start) / 1_000), PROGRESS_EVERY_MS);
    const timer = setTimeout(() => {
      late = true;
      endGroup();
    }, timeoutMs);
    const finish = (failure: string | null) => {
      clearTimeout(timer);
      clearInterval(ticker);
      process.off('exit', endGroup).off('SIGINT', interrupt).off('SIGTERM', interrupt);
      endGroup();
      done(failure);
    };
    child.once('error', (error) => finish(error.message));
    child.once('exit', (code, signal) => {
      if (late) finish(`not done within ${timeoutMs / 1_000} s`);
      else finish(code === 0 ? null : `exit ${code ?? signal}`);
    });
  });
}
