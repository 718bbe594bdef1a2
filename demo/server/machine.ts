import { type CpuInfo, cpus, freemem, loadavg, totalmem } from 'node:os';
import type { EventInput } from 'trunkline/protocol';
import type { DemoProtocol } from '../protocol.ts';

export const DEFAULT_INTERVAL_MS = 1_000;
const LOG_EVERY_MS = 5_000;

type Publish = (event: EventInput<DemoProtocol>) => void;

/** Publishes what this machine does: the load of its cores, its memory, and a line of text now and then. */
export class Machine {
  readonly #publish: Publish;
  #intervalMs: number;
  #sampling: ReturnType<typeof setInterval>;
  readonly #logging: ReturnType<typeof setInterval>;
  #before = cpus();

  /** `describe`: what a line of the log says beside the load. */
  constructor(publish: Publish, intervalMs: number, describe: () => string) {
    this.#publish = publish;
    this.#intervalMs = intervalMs;
    this.#sampling = setInterval(() => this.#sample(), intervalMs);
    this.#logging = setInterval(
      () => this.log(`load average ${loadavg()[0]?.toFixed(2)}, ${describe()}`),
      LOG_EVERY_MS,
    );
  }

  get intervalMs(): number {
    return this.#intervalMs;
  }

  set intervalMs(intervalMs: number) {
    if (intervalMs === this.#intervalMs) return;
    this.#intervalMs = intervalMs;
    clearInterval(this.#sampling);
    this.#sampling = setInterval(() => this.#sample(), intervalMs);
  }

  log(text: string): void {
    this.#publish({ type: 'log_line', text });
  }

  stop(): void {
    clearInterval(this.#sampling);
    clearInterval(this.#logging);
  }

  #sample(): void {
    const now = cpus();
    for (const [core, info] of now.entries()) {
      this.#publish({ type: 'core_load', core, load: loadBetween(this.#before[core], info) });
    }
    this.#before = now;
    this.#publish({ type: 'memory_use', usedBytes: totalmem() - freemem(), totalBytes: totalmem() });
  }
}

/** The share of time in which a core worked, 0 to 1. */
function loadBetween(before: CpuInfo | undefined, now: CpuInfo): number {
  const total = (info: CpuInfo) => Object.values(info.times).reduce((sum, time) => sum + time, 0);
  const all = total(now) - (before ? total(before) : 0);
  const idle = now.times.idle - (before?.times.idle ?? 0);
  return all > 0 ? Math.round((1 - idle / all) * 1_000) / 1_000 : 0;
}
