/**
 * Web Locks as proof of life: whatever kills a page or a worker, the browser releases its locks
 * (https://w3c.github.io/web-locks/). Of a MessagePort's end no browser tells.
 */

type Locks = Pick<LockManager, 'request'>;

/** Resolves once the lock is held; it is released when the signal aborts. */
export const hold = (locks: Locks, name: string, signal: AbortSignal) =>
  new Promise<void>((granted, failed) => {
    locks
      .request(name, { signal }, () => {
        granted();
        return new Promise<void>((release) => {
          if (signal.aborted) release();
          signal.addEventListener('abort', () => release());
        });
      })
      .catch(failed);
  });

/** Resolves when whoever holds the lock is gone; rejects when the signal aborts. */
export const released = (locks: Locks, name: string, signal: AbortSignal) =>
  // Shared, so that every tab waits on a hub's one lease.
  locks.request(name, { mode: 'shared', signal }, () => {});
