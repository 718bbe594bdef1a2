/**
 * Web Locks as proof of life: whatever kills a page or a worker, the browser releases its locks
 * (https://w3c.github.io/web-locks/). No browser tells of a MessagePort's end otherwise.
 */

/** Resolves once the lock is held; it is released when the signal aborts. */
export function hold(name: string, until: AbortSignal): Promise<void> {
  return new Promise((granted, failed) => {
    navigator.locks
      .request(name, { signal: until }, () => {
        granted();
        return new Promise<void>((release) => {
          if (until.aborted) release();
          until.addEventListener('abort', () => release());
        });
      })
      .catch(failed);
  });
}

/** Resolves when whoever holds the lock is gone; rejects when the signal aborts. */
export async function released(name: string, signal: AbortSignal): Promise<void> {
  // Shared, so that every tab waits on a hub's one lease.
  await navigator.locks.request(name, { mode: 'shared', signal }, () => {});
}
