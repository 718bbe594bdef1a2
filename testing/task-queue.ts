/** In which order a test's actions happen, each within its own `act`. */
import type { ManualClock } from './fakes/clock.ts';

/** React's `act`, or Testing Library's: it is around whatever happens. */
export type Act = (work: () => Promise<void>) => PromiseLike<unknown>;

/** Moves the clock: one thing after the other, since `act` may not overlap with itself. */
export class TaskQueue {
  readonly #clock: ManualClock;
  readonly #act: Act;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(clock: ManualClock, act: Act) {
    this.#clock = clock;
    this.#act = act;
    // What an application does by itself goes its way without anybody asking for it.
    clock.stirred = () => {
      if (this.#waiting === 0) this.next(() => {});
    };
  }

  /** Does it, and lets so much time pass; resolves when everything has happened that follows from it. */
  next(work: () => void, ms = 0): Promise<void> {
    this.#waiting++;
    const done = this.#last.then(() => this.#happen(work, ms)).finally(() => this.#waiting--);
    this.#last = done.catch(() => {});
    return done;
  }

  async #happen(work: () => void, ms: number): Promise<void> {
    const clock = this.#clock;
    const end = clock.elapsed + ms;
    await this.#act(async () => {
      work();
      await clock.advance(0);
    });
    // Components render where `act` ends, and may ask for more: time goes by in steps, each with an `act` of its own.
    while (clock.elapsed < end || clock.untilNext === 0) {
      await this.#act(() => clock.advance(Math.min(clock.untilNext, end - clock.elapsed)));
    }
  }
}
