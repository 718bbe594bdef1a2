/** In which order everything happens that is made by hand, and when time passes. */
/** Tasks of one source run in the order in which they were posted. */
interface Task {
  readonly source: object;
  run(): void;
}
interface Timer {
  /** By the time that has passed, whatever the clock was set to. */
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** After all microtasks, and what they start. */
const macrotask: () => Promise<void> =
  typeof setImmediate === 'function'
    ? (
        (next) => () =>
          new Promise((resolve) => next(resolve))
      )(setImmediate)
    : () =>
        new Promise((resolve) => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => {
            port1.close();
            resolve();
          };
          port2.postMessage(null);
        });

/**
 * Time, and the event loops of everybody who lives in it: nothing happens but while `settle` or `advance` runs, and then
 * always in the same order.
 */
export class ManualClock {
  #setTo: number;
  #elapsed = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();
  readonly #tasks: Task[] = [];
  /** Which of so many waiting tasks is next, where no other of its source is before it. @default the oldest */
  choose: (waiting: number) => number = () => 0;
  /** Called between any two tasks. */
  between: () => void = () => {};
  /** Called when there is something new that needs no time. */
  stirred: () => void = () => {};

  /** @param start milliseconds since 1970 */
  constructor(start: number = Date.UTC(2026, 0, 1)) {
    this.#setTo = start;
  }

  /** Milliseconds since 1970. */
  readonly now = (): number => this.#setTo + this.#elapsed;

  /** Milliseconds that have really passed. */
  get elapsed(): number {
    return this.#elapsed;
  }

  /** Milliseconds until something happens: 0 where it needs no time, Infinity where nothing is to come. */
  get untilNext(): number {
    if (this.#tasks.length > 0) return 0;
    const next = this.#next();
    return next ? Math.max(0, next.at - this.#elapsed) : Number.POSITIVE_INFINITY;
  }

  /** Calls back once; the answer cancels it. */
  readonly setTimer = (delayMs: number, callback: () => void): (() => void) => {
    const timer = { at: this.#elapsed + Math.max(0, delayMs), order: ++this.#order, callback };
    this.#timers.add(timer);
    if (delayMs <= 0) this.stirred();
    return () => this.#timers.delete(timer);
  };

  /** What comes from outside, such as a message: it happens later, after what this source posted before. */
  post(source: object, run: () => void): void {
    this.#tasks.push({ source, run });
    this.stirred();
  }

  /** Somebody sets the clock. No timer comes due by it. */
  jump(ms: number): void {
    this.#setTo += ms;
  }

  /** Time passes in which nothing can happen, as where the processor has other work: what comes due meanwhile is late. */
  pass(ms: number): void {
    this.#elapsed += ms;
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    await macrotask();
    while (this.#tasks.length > 0) {
      this.#take().run();
      this.between();
      await macrotask();
    }
  }

  /** Lets time pass. Each timer goes off at its own time, after all that the ones before it have started. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await this.settle();
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) {
      this.#timers.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.at);
      next.callback();
      await this.settle();
    }
    this.#elapsed = Math.max(this.#elapsed, end);
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (!next || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    return next;
  }

  #take(): Task {
    const tasks = this.#tasks;
    const chosen = tasks[this.choose(tasks.length)];
    const index = chosen ? tasks.findIndex(({ source }) => source === chosen.source) : 0;
    const [task] = tasks.splice(index, 1);
    if (!task) throw new Error('no task is waiting');
    return task;
  }
}
