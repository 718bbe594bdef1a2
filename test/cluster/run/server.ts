import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { ServerLife } from './agreement.ts';
import type { ServerNews, ServerRequest } from './server-child.ts';

const SCRIPT = new URL('./server-child.ts', import.meta.url).pathname;

/** A server of the cluster: killed, stopped, started again. */
export class ClusterServer {
  readonly #request: ServerRequest;
  readonly #trouble: (text: string) => void;
  readonly #begin: () => ServerLife;
  #life: ServerLife | null = null;
  #process: ChildProcess | null = null;
  #port: number | null = null;
  /** How often it has started from a dump. */
  startsFromDump = 0;
  #dumps: ((dump: Extract<ServerNews, { is: 'dump' }>) => void)[] = [];

  constructor(request: ServerRequest, trouble: (text: string) => void, begin: () => ServerLife) {
    this.#request = request;
    this.#trouble = trouble;
    this.#begin = begin;
  }

  /** It has said that it knows another log than others, and serves nobody. */
  get hasDiverged(): boolean {
    return this.#life !== null && this.#life.saidAt !== null;
  }

  /** Where it listens; `null` while it does not. */
  get port(): number | null {
    return this.#port;
  }

  async start(): Promise<void> {
    const child = fork(SCRIPT, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#process = child;
    const life = this.#begin();
    this.#life = life;
    const listening = Promise.withResolvers<void>();
    child.on('message', (news: ServerNews) => {
      if (news.is === 'listening') {
        this.#port = news.port;
        listening.resolve();
      } else if (news.is === 'dump') this.#dumps.shift()?.(news);
      else if (news.is === 'starting') this.startsFromDump += 1;
      else if (news.is === 'applied') life.apply(news.records);
      else {
        if (news.text.includes('log_diverged')) life.saidAt ??= Date.now();
        this.#trouble(news.text);
      }
    });
    child.once('exit', (code, signal) => {
      life.endedAt = Date.now();
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
