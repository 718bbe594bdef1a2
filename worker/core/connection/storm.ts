/** Whether this client tries to connect too often. */
import type { Context } from '../context.ts';

const WINDOW_MS = 60_000;
const STORM_ATTEMPTS = 5;

/** A client that storms is a fault, which its log and its report say. */
export class StormWatch {
  readonly #context: Context;
  #times: number[] = [];
  /** Once for each storm, which ends with a minute without an attempt. */
  #isTold = false;

  constructor(context: Context) {
    this.#context = context;
  }

  get report(): { attemptsInLastMinute: number; storm: boolean } {
    const since = this.#context.uptime - WINDOW_MS;
    const attemptsInLastMinute = this.#times.filter((at) => at > since).length;
    return { attemptsInLastMinute, storm: attemptsInLastMinute > STORM_ATTEMPTS };
  }

  add(): void {
    const { uptime } = this.#context;
    this.#times = [...this.#times.filter((at) => at > uptime - WINDOW_MS), uptime];
    if (this.#times.length === 1) this.#isTold = false;
    if (this.#isTold || !this.report.storm) return;
    this.#isTold = true;
    this.#context.log(
      'warn',
      `${this.#times.length} connection attempts within ${WINDOW_MS / 1_000} s; \`connection\` says why`,
    );
  }
}
