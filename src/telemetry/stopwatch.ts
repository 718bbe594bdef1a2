/** How long something takes, and when it ends: setting the clock meanwhile moves neither. */
export interface Stopwatch {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Milliseconds so far. */
  elapsed(): number;
  /** Milliseconds since 1970, as counted from its start. */
  now(): number;
}

export function stopwatch(): Stopwatch {
  const startedAt = Date.now();
  const from = performance.now();
  const elapsed = () => performance.now() - from;
  return { startedAt, elapsed, now: () => startedAt + elapsed() };
}
