/**
 * How a page and a hub show each other that they live: each holds a lock of its own, a lease. Whatever kills its holder, the
 * browser releases it, and whoever waits for it learns of that at once
 * (https://w3c.github.io/web-locks/#agent-integration). Of a MessagePort's end no browser tells.
 */

/** As much of `navigator.locks` as is needed. */
export interface Locks {
  request<T>(name: string, options: LockWish, granted: () => T): Promise<Awaited<T>>;
}
interface LockWish {
  readonly mode?: 'shared';
  /** Takes it from its holder. */
  readonly steal?: boolean;
  /** Takes the request back while it waits. */
  readonly signal?: AbortSignal;
}

/** @param id Fresh for each life of the page: requests of a cached page can wedge a lock for good. */
export function tabLease(app: string, id: string): string {
  return `trunkline:${app}:tab:${id}`;
}

/** The hub's tabs wait on it, and the owner where it relays. */
export function hubLease(app: string, hubId: string): string {
  return `trunkline:${app}:hub:${hubId}`;
}

/**
 * Resolves once the lease is held; it ends when the signal aborts, or with its holder.
 *
 * @throws the signal's reason when aborted before, or a DOMException where there can be no such lock.
 */
export function hold(locks: Locks, name: string, signal: AbortSignal): Promise<void> {
  return new Promise((granted, failed) => {
    locks
      .request(name, { signal }, () => {
        granted();
        return new Promise<unknown>((release) => {
          if (signal.aborted) release(signal);
          signal.addEventListener('abort', release);
        });
      })
      .catch(failed);
  });
}

/**
 * Resolves when the holder of the lease is gone. The lock is released at once.
 *
 * @throws the signal's reason when aborted, or a DOMException where there can be no such lock.
 */
export function untilGone(locks: Locks, name: string, signal: AbortSignal): Promise<void> {
  // Shared, so that all who wait on a hub's one lease are told at once.
  return locks.request(name, { mode: 'shared', signal }, () => {});
}
