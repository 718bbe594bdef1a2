/** When what is rendered of a client changes: once a frame of the screen, in one order. */
import type { PagePlatform } from './platform.ts';

/** A page that is not painted, though it is visible, waits no longer for it: behind another window, say. */
const PAINTED_WITHIN_MS = 50;

export class Frame {
  readonly #platform: Pick<PagePlatform, 'requestFrame' | 'setTimer'>;
  /** What came together is shown in this order: nobody hears of an outcome before the state that came with it is there. */
  readonly #changes = {
    state: new Set<() => void>(),
    status: new Set<() => void>(),
    outbox: new Set<() => void>(),
    outcome: new Set<() => void>(),
  };
  #isQueued = false;
  /** Ends the wait for the next frame; `null`: nothing was shown since the last one, so that nothing has to wait. */
  #stop: (() => void) | null = null;

  constructor(platform: Pick<PagePlatform, 'requestFrame' | 'setTimer'>) {
    this.#platform = platform;
  }

  /** Makes a change with all of this turn, or with the next frame. The same function waits once. */
  show(part: 'state' | 'status' | 'outbox' | 'outcome', change: () => void): void {
    this.#changes[part].add(change);
    if (this.#isQueued) return;
    this.#isQueued = true;
    // Behind all that comes in this turn.
    queueMicrotask(() => {
      this.#isQueued = false;
      if (!this.#stop) this.now();
    });
  }

  /** Makes all changes that wait: of what may be shown no more, or of a page that is painted no more. */
  now(): void {
    this.#stop?.();
    this.#stop = null;
    let isChanged = false;
    for (const changes of Object.values(this.#changes))
      for (const change of changes) {
        changes.delete(change);
        change();
        isChanged = true;
      }
    if (isChanged) this.#awaitFrame();
  }

  #awaitFrame(): void {
    // Who hears of a change may have made others.
    this.#stop?.();
    const next = () => this.now();
    const stopFrame = this.#platform.requestFrame(next);
    if (!stopFrame) return;
    const stopTimer = this.#platform.setTimer(PAINTED_WITHIN_MS, next);
    this.#stop = () => {
      stopFrame();
      stopTimer();
    };
  }
}
