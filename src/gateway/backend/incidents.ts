/** What is told of a backend: each problem when it begins, and when it is over, however often it is met in between. */
import { TokenBucket } from '../../server/core/token-bucket.ts';
import { meaningOf, type Problem } from './problem.ts';

/** For the operator. */
export interface Incident {
  readonly state: 'begun' | 'over';
  readonly message: string;
  /** What was asked. */
  readonly about: string;
}
export type TellIncident = (incident: Incident) => void;

interface Ongoing {
  readonly problem: Problem;
  readonly about: string;
  times: number;
  lastAt: number;
}

/** Not met for so long, although the backend answers: one that comes and goes is one, not many. */
const OVER_AFTER_MS = 10_000;
/** Kinds of questions are named by those who ask: so many are told at once, and so many a minute after that. */
const LIMIT = 1_000;
const MORE_A_MINUTE = 60;

export class Incidents {
  readonly #tell: TellIncident;
  /** Those that were met last come last. */
  readonly #ongoing = new Map<string, Ongoing>();
  readonly #mayBeTold = new TokenBucket(MORE_A_MINUTE, 60_000, LIMIT, 0);

  constructor(tell: TellIncident) {
    this.#tell = tell;
  }

  met(problem: Problem, about: string, now: number): void {
    const { kind, message } = problem;
    const { isEverywhere } = meaningOf(kind);
    const key = isEverywhere ? kind : JSON.stringify([kind, about]);
    const known = this.#ongoing.get(key);
    if (known) {
      known.times += 1;
      known.lastAt = now;
      // Set anew, so that those which were met last come last.
      this.#ongoing.delete(key);
      this.#ongoing.set(key, known);
    } else if (isEverywhere || this.#mayBeTold.take(now)) {
      this.#ongoing.set(key, { problem, about, times: 1, lastAt: now });
      const [oldest] = this.#ongoing.keys();
      if (this.#ongoing.size > LIMIT && oldest !== undefined) this.#ongoing.delete(oldest);
      this.#tell({ state: 'begun', message: `${message}. It is asked again until it answers`, about });
    }
  }

  /** A question of this kind was answered. */
  answered(about: string, now: number): void {
    for (const [key, ongoing] of this.#ongoing) {
      const { problem, times, lastAt } = ongoing;
      const isOfThis = meaningOf(problem.kind).isEverywhere || ongoing.about === about;
      if (!isOfThis || now - lastAt < OVER_AFTER_MS) continue;
      this.#ongoing.delete(key);
      const often = times === 1 ? 'once' : `${times} times`;
      this.#tell({ state: 'over', message: `answered; over, after ${often}: ${problem.message}`, about });
    }
  }
}
