/**
 * Web Locks as proof of life: a lock is held for as long as its holder lives, and whoever waits for it learns of the
 * holder's death at once, whatever killed it (https://w3c.github.io/web-locks/#agent-integration).
 */

import { scopeName } from '../../src/protocol/names.ts';
import type { Locks } from './platform.ts';

/** Of the hub itself; its tabs wait on it, and its owner where it relays. */
export function hubLease(app: string, hubId: string): string {
  return `trunkline:${app}:hub:${hubId}`;
}

/** Held by the one hub that owns the socket and the store of an identity. */
export function ownerLock(app: string, identity: string): string {
  return `${scopeName(app, identity)}:owner`;
}

/** Resolves once the lock is granted, with the function that releases it; the holder's death releases it as well. */
export function hold(locks: Locks, name: string): Promise<() => void> {
  return new Promise((granted, failed) => {
    locks.request(name, () => new Promise<void>((release) => granted(() => release()))).catch(failed);
  });
}

/**
 * Resolves when the holder is gone. The lock is released at once: a lock named afresh for each life of a page has one
 * waiter and no other request, because more of them can wedge it for good around Chromium's back/forward cache.
 *
 * @throws the signal's reason when aborted, or a DOMException where there can be no such lock.
 */
export async function untilGone(locks: Locks, name: string, signal: AbortSignal): Promise<void> {
  // Shared, so that all who wait on a hub's one lease are told at once.
  await locks.request(name, { mode: 'shared', signal }, () => {});
}
