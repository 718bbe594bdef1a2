import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

const SAY_TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 5_000;

export interface Child {
  readonly pid: number;
  /**
   * Waits for a line.
   *
   * @param fd where it comes: 1 and 2 are output and errors, 3 is a pipe of its own.
   * @throws Error with all that it said instead.
   */
  says(fd: 1 | 2 | 3, line: RegExp): Promise<string>;
  /** Asks it to end, and kills it if it does not. */
  end(): Promise<void>;
  kill(): Promise<void>;
}

/** Starts a program in the process group of this one, so that it ends with it, whatever happens. */
export function startChild(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Child {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()).once('error', () => done()));
  const heard: { readonly fd: number; readonly line: string }[] = [];
  const listeners = new Set<() => void>();
  for (const [fd, stream] of child.stdio.entries()) {
    if (!(stream instanceof Readable)) continue;
    // Read to the end, so that its pipe never fills.
    createInterface({ input: stream }).on('line', (line) => {
      heard.push({ fd, line });
      for (const listener of listeners) listener();
    });
  }
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} cannot be started`);
  return {
    pid,
    async says(wantedFd, wanted) {
      const find = () => heard.find(({ fd, line }) => fd === wantedFd && wanted.test(line))?.line;
      const found = await new Promise<string | undefined>((done) => {
        const look = () => find() !== undefined && done(find());
        listeners.add(look);
        look();
        ended.then(() => done(find()));
        setTimeout(() => done(find()), SAY_TIMEOUT_MS).unref();
      });
      if (found !== undefined) return found;
      throw new Error(`${command} did not say ${wanted}, but: ${heard.map(({ line }) => line).join('\n')}`);
    },
    async end() {
      const late = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(late);
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
