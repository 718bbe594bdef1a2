import type { Painted } from '../../shared/contract.ts';

/** Draws what is newest in every frame, and watches how free the main thread is to do so. */
export class Painter {
  readonly #newest: () => number;
  readonly #text = document.createTextNode('');
  #stop: (() => Painted) | null = null;

  constructor(newest: () => number) {
    this.#newest = newest;
    document.body.append(this.#text);
  }

  start(): void {
    let frames = 0;
    let longestGapMs = 0;
    let longTasks = 0;
    let longestTaskMs = 0;
    const startedAt = performance.now();
    let last = startedAt;
    const watch = (entries: PerformanceEntryList) => {
      for (const { duration } of entries) {
        longTasks++;
        longestTaskMs = Math.max(longestTaskMs, duration);
      }
    };
    const observer = new PerformanceObserver((list) => watch(list.getEntries()));
    // Only tasks of 50 ms and more are told of.
    observer.observe({ type: 'longtask' });
    const draw = (at: number) => {
      frames++;
      longestGapMs = Math.max(longestGapMs, at - last);
      last = at;
      this.#text.data = String(this.#newest());
      frame = requestAnimationFrame(draw);
    };
    let frame = requestAnimationFrame(draw);
    this.#stop = () => {
      cancelAnimationFrame(frame);
      watch(observer.takeRecords());
      observer.disconnect();
      const stoppedAt = performance.now();
      longestGapMs = Math.max(longestGapMs, stoppedAt - last);
      const framesPerSecond = (frames * 1_000) / (stoppedAt - startedAt);
      return { framesPerSecond, longestGapMs, longTasks, longestTaskMs };
    };
  }

  stop(): Painted {
    if (!this.#stop) throw new Error('nothing is being painted');
    const painted = this.#stop();
    this.#stop = null;
    return painted;
  }
}
