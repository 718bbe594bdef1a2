/**
 * What the promise comes to, or the signal's reason once that is aborted. Nothing of it stays at a signal that lives on, as it would
 * of a race with one promise for all: that holds whatever came of each.
 */
export async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  // Where nobody waits for it any more, its failure would end the process as one that nobody has heard.
  promise.catch(() => {});
  signal.throwIfAborted();
  const ended = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: ended.signal });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    ended.abort();
  }
}
