/** Whether a page or worker runs, waits or is dead; what belongs to it asks before it does anything. */
import type { ManualClock } from './clock.ts';

/** The lifetime of one page or worker. */
export class Lifetime {
  #state: 'awake' | 'frozen' | 'dead' = 'awake';
  /** How often it stood still. */
  freezes = 0;
  readonly #atEnd = new Set<() => void>();
  readonly #waiting: (() => void)[] = [];

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  get isFrozen(): boolean {
    return this.#state === 'frozen';
  }

  /** Runs it unless it is dead; while it is frozen, it waits. */
  run(work: () => void): void {
    if (this.#state === 'awake') work();
    else if (this.#state === 'frozen') this.#waiting.push(work);
  }

  freeze(): void {
    if (this.#state !== 'awake') return;
    this.#state = 'frozen';
    this.freezes++;
  }

  /** What came meanwhile happens at once, in order. */
  thaw(): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'awake';
    for (const work of this.#waiting.splice(0)) this.run(work);
  }

  /** Abruptly: nobody is told but those who saw to it. */
  end(): void {
    if (this.isDead) return;
    this.#state = 'dead';
    this.#waiting.length = 0;
    for (const callback of [...this.#atEnd]) callback();
    this.#atEnd.clear();
  }

  /** @returns takes it back. */
  atEnd(callback: () => void): () => void {
    this.#atEnd.add(callback);
    return () => this.#atEnd.delete(callback);
  }
}

/** A timer that ends with whoever set it, and waits while that one is frozen. */
export function lifetimeTimer(
  clock: ManualClock,
  life: Lifetime,
  delayMs: number,
  callback: () => void,
): () => void {
  let isOver = false;
  const cancel = clock.setTimer(delayMs, () => life.run(() => isOver || callback()));
  return () => {
    isOver = true;
    cancel();
  };
}
