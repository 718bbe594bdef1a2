/** One backend: what it is asked, at most so much at once, while it can be reached; and what is told of that. */
import { CircuitBreaker } from './circuit-breaker.ts';
import { Incidents, type TellIncident } from './incidents.ts';
import { type Endpoint, type JsonAnswer, post, type Question } from './post.ts';
import { type Judged, meaningOf, type Problem, wrong } from './problem.ts';

export interface BackendOptions extends Endpoint {
  /** Questions that may be open at once. */
  readonly concurrency: number;
  readonly tell: TellIncident;
}

export class Backend {
  readonly #options: BackendOptions;
  readonly #breaker = new CircuitBreaker();
  readonly #incidents: Incidents;
  #open = 0;

  constructor(options: BackendOptions) {
    this.#options = options;
    this.#incidents = new Incidents(options.tell);
  }

  /**
   * Asks once; never rejects. Nor may `judge` throw.
   * @param about what kind of question it is, for the operator
   */
  async ask<T>(
    about: string,
    question: Question,
    judge: (answer: JsonAnswer) => Judged<T>,
  ): Promise<Judged<T>> {
    const restMs = this.#breaker.waitMs(performance.now());
    // That it cannot be reached was told when it was found.
    if (restMs !== null) return wrong('unreachable', 'it could not be reached a moment ago', restMs);
    const answer = await this.#post(question);
    const judged = answer.ok ? judge(answer.value) : answer;
    const now = performance.now();
    if (judged.ok) {
      this.#breaker.reached();
      this.#incidents.answered(about, now);
    } else if (question.signal?.aborted) {
      this.#breaker.givenUp(now);
    } else {
      this.#note(judged.problem, now);
      this.#incidents.met(judged.problem, about, now);
    }
    return judged;
  }

  async #post(question: Question): Promise<Judged<JsonAnswer>> {
    const { concurrency } = this.#options;
    if (this.#open >= concurrency) {
      return wrong('crowded', `${this.#open} questions are open (concurrency)`);
    }
    this.#open += 1;
    try {
      return await post(this.#options, question);
    } finally {
      this.#open -= 1;
    }
  }

  #note({ kind, retryAfterMs }: Problem, now: number): void {
    switch (meaningOf(kind).backend) {
      case 'reached':
        return this.#breaker.reached();
      case 'silent':
        return this.#breaker.silent(now);
      case 'unreachable':
        return this.#breaker.unreachable(now, retryAfterMs);
    }
  }
}
