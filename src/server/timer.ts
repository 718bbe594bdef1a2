/** When a callback after a long delay is due. */
/** A timer of Node or of a browser fires at once where its delay is longer: https://nodejs.org/api/timers.html */
const LONGEST_MS = 2 ** 31 - 1;

export interface TimerOptions {
  /** Whether the process stays for as long as it runs. @default true */
  readonly keepsAlive?: boolean;
}

/**
 * Calls back after a delay of any length, as `setTimeout` does for less than 24.8 days: for a gate's end, or a retry, that
 * may be far away.
 *
 * @param delayMs `Infinity`: never
 * @returns what ends it before its time.
 */
export function startTimer(
  delayMs: number,
  callback: () => void,
  { keepsAlive = true }: TimerOptions = {},
): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (leftMs: number) => {
    const partMs = Math.min(leftMs, LONGEST_MS);
    timer = setTimeout(() => (leftMs > partMs ? wait(leftMs - partMs) : callback()), partMs);
    if (!keepsAlive) timer.unref();
  };
  // What is due already: Node warns of less than nothing.
  wait(Math.max(0, delayMs));
  return () => clearTimeout(timer);
}
