/**
 * Keeps in the log when this server was at work. A client that knows when it has sent something can tell by it whether the
 * log was there: one that was restored from a backup knows nothing of what was accepted since.
 */
import type { EventLog } from '../log/event-log.ts';
import { Batches } from './batches.ts';
import { deferred } from './deferred.ts';
import type { LogOpening } from './log-opening.ts';
import type { Clock } from './peer.ts';
import type { ServerTime } from './server-time.ts';

/** While clients are connected it is recorded so often that the server is at work. */
const TELL_MS = 2_000;
/** Longer than that, by what a client's idea of this server's clock may be wrong. */
const GRACE_MS = 5_000;
/** The newest that a client is told of. What was sent to an older one counts as lost. */
const RUNS_LIMIT = 30;
const TELLING = 'recording that the server is at work';

/** A run as clients are told of it. */
export interface ToldRun {
  readonly id: string;
  readonly from: number;
  /** Absent of the present one, which goes on. */
  readonly until?: number;
}

export class AtWork {
  readonly #log: EventLog;
  readonly #opening: LogOpening;
  readonly #clock: Clock;
  readonly #time: ServerTime;
  readonly #report: (error: unknown, about: string) => void;
  readonly #tells: Batches<null, number>;
  #isNeeded = false;
  #isTicking = false;
  #isFailing = false;

  constructor(
    log: EventLog,
    opening: LogOpening,
    clock: Clock,
    time: ServerTime,
    report: (error: unknown, about: string) => void,
  ) {
    this.#log = log;
    this.#opening = opening;
    this.#clock = clock;
    this.#time = time;
    this.#report = report;
    this.#tells = new Batches(clock, async (tells: readonly null[]) => {
      const run = await opening.opened();
      const now = time.now();
      await log.tell(run, now);
      return tells.map(() => now);
    });
  }

  /** Records the time of now as one that a client is told, and answers it. */
  tell(): Promise<number> {
    return this.#tells.add(null);
  }

  /** What the memory of this log knows, the present run last. */
  async runs(): Promise<readonly ToldRun[]> {
    const present = await this.#opening.opened();
    const runs = await this.#log.runs();
    const told = runs
      .filter(({ id }) => id !== present)
      .slice(-RUNS_LIMIT)
      .map(({ id, began, told }) => ({ id, from: began, until: told + GRACE_MS }));
    const now = this.#time.now();
    const began = runs.find(({ id }) => id === present)?.began ?? now;
    // A clock that was set ahead since does not make it older: clients take what it was not there for as lost.
    const from = Math.max(began, Math.floor(now - this.#opening.ageMs));
    return [...told, { id: present, from }];
  }

  /** From now on it is recorded now and then. */
  begin(): void {
    this.#isNeeded = true;
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#clock.setTimer(TELL_MS, () => void this.#again());
  }

  end(): void {
    this.#isNeeded = false;
  }

  /** The server ends in order: until now it was at work, also where nobody was connected any more. */
  async close(): Promise<void> {
    if (this.#opening.openedAt === null) return;
    const late = deferred<never>();
    const cancel = this.#clock.setTimer(TELL_MS, () =>
      late.reject(new Error(`the log took longer than ${TELL_MS} ms`)),
    );
    try {
      await Promise.race([this.tell(), late.promise]);
    } catch (error) {
      this.#report(error, TELLING);
    }
    cancel();
  }

  async #again(): Promise<void> {
    this.#isTicking = false;
    if (!this.#isNeeded) return;
    try {
      await this.tell();
      this.#isFailing = false;
    } catch (error) {
      // Told once: a log that is away is asked every two seconds.
      if (!this.#isFailing) this.#report(error, TELLING);
      this.#isFailing = true;
    }
    if (this.#isNeeded) this.begin();
  }
}
