import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { EngineRequest } from './nodes.ts';
import type { ServerNews } from './server-child.ts';

const SCRIPT = new URL('./server-child.ts', import.meta.url).pathname;

/** A server of the cluster: killed, stopped, started again. */
export class ClusterServer {
  readonly #request: EngineRequest;
  readonly #trouble: (text: string) => void;
  #process: ChildProcess | null = null;
  #port: number | null = null;
  #dumps: ((dump: Extract<ServerNews, { is: 'dump' }>) => void)[] = [];

  constructor(request: EngineRequest, trouble: (text: string) => void) {
    this.#request = request;
    this.#trouble = trouble;
  }

  /** Where it listens; `null` while it does not. */
  get port(): number | null {
    return this.#port;
  }

  async start(): Promise<void> {
    const child = fork(SCRIPT, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#process = child;
    const listening = Promise.withResolvers<void>();
    child.on('message', (news: ServerNews) => {
      if (news.is === 'listening') {
        this.#port = news.port;
        listening.resolve();
      } else if (news.is === 'dump') this.#dumps.shift()?.(news);
      else this.#trouble(news.text);
    });
    child.once('exit', (code, signal) => {
      if (this.#process === child) this.#port = null;
      listening.reject(new Error(`the server ended: ${signal ?? code}`));
    });
    child.send(this.#request);
    await listening.promise;
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    this.#port = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  async dump(): Promise<{ readonly position: number; readonly lines: readonly string[] }> {
    const dump = Promise.withResolvers<Extract<ServerNews, { is: 'dump' }>>();
    this.#dumps.push(dump.resolve);
    this.#process?.send('dump');
    return await dump.promise;
  }
}
