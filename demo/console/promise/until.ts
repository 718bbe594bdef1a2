import type { Readable } from 'trunkline';

/** Resolves with what `pick` finds in the value, as soon as it finds something. */
export function until<T, R>(
  readable: Readable<T>,
  signal: AbortSignal,
  pick: (value: T) => R | undefined,
): Promise<R> {
  return new Promise((resolve, reject) => {
    const ended = new AbortController();
    const end = readable.subscribe((value) => {
      try {
        const found = pick(value);
        if (found === undefined) return;
        resolve(found);
      } catch (error) {
        reject(error);
      }
      ended.abort();
    });
    ended.signal.addEventListener('abort', () => end());
    signal.addEventListener('abort', () => ended.abort());
    // It may have been found in the call that `subscribe` makes at once.
    if (ended.signal.aborted || signal.aborted) end();
  });
}

/** Time to read. Never resolves where it was aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
}
