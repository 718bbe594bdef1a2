/** When a wait is over that a sleep of the machine does not use up. */
/** A deadline is waited for in so many steps. */
const STEPS = 10;

/**
 * Calls back when this worker could have run for about so long. A sleep of the machine, or of the worker, counts as one
 * step at most, so that a transaction which it went to sleep with is not taken for one that hangs. No clock is asked:
 * `Date.now` runs on in a sleep, and whether `performance.now` and timers do, differs by system and browser
 * (https://github.com/w3c/hr-time/issues/115).
 *
 * @returns ends the waiting.
 */
export function afterAwake(ms: number, late: () => void): () => void {
  let left = STEPS;
  let timer: ReturnType<typeof setTimeout>;
  const step = () => {
    if (left-- === 0) late();
    else timer = setTimeout(step, ms / STEPS);
  };
  step();
  return () => clearTimeout(timer);
}
