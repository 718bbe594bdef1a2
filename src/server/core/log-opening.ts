/** Opens the log once; where that fails, anew for the next one who needs it. */
import type { EventLog, OpenOptions } from '../log/event-log.ts';
import type { Limits } from './limits.ts';
import type { ServerTime } from './server-time.ts';

type Hear = NonNullable<OpenOptions['hear']>;

export class LogOpening {
  readonly #log: EventLog;
  readonly #time: ServerTime;
  readonly #limits: Pick<Limits, 'tailLimit' | 'maxEventBytes'>;
  readonly #hear: Hear;
  readonly #report: (error: unknown, about: string) => void;
  #opened: Promise<string> | null = null;
  /** When this server took the log into use; `null` before. */
  openedAt: number | null = null;
  /** How the log calls this run of the server; `null` before it is open. */
  run: string | null = null;
  /** By the time that has passed. */
  #openedElapsed = 0;

  constructor(
    log: EventLog,
    time: ServerTime,
    limits: Pick<Limits, 'tailLimit' | 'maxEventBytes'>,
    hear: Hear,
    report: (error: unknown, about: string) => void,
  ) {
    this.#log = log;
    this.#time = time;
    this.#limits = limits;
    this.#hear = hear;
    this.#report = report;
  }

  /** Answers how the log calls this run of the server. */
  opened(): Promise<string> {
    this.#opened ??= this.#open().catch((error) => {
      this.#opened = null;
      this.#report(error, 'opening the event log');
      throw error;
    });
    return this.#opened;
  }

  /** How long this server has had it in use. */
  get ageMs(): number {
    return this.#time.elapsed - this.#openedElapsed;
  }

  async #open(): Promise<string> {
    const now = this.#time.now();
    const { tailLimit, maxEventBytes } = this.#limits;
    const options = { now, tailLimit, maxEventBytes, hear: this.#hear };
    const { newestTime, run, restored } = await this.#log.open(options);
    if (restored !== undefined) this.#report(new Error(restoredMessage(restored)), 'opening the event log');
    this.#time.atLeast(newestTime);
    this.openedAt = this.#time.now();
    this.#openedElapsed = this.#time.elapsed;
    this.run = run;
    return run;
  }
}

function restoredMessage(why: string): string {
  return `the event log was restored from a backup (${why}): every topic has begun a new epoch, and commands that may have been accepted since the backup are uncertain to their clients`;
}
