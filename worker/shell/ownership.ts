import { ownerLock } from './locks.ts';
import type { Locks } from './platform.ts';

/**
 * Stands in line for the ownership of an identity's socket and store, of which there is one in a browser.
 *
 * @param role `taken` is called when this hub is the owner, `lost` when it is not, or never can be, any more without
 * having given it up: another hub took the lock by force, or the browser refuses it.
 * @returns gives the role up, or the place in the line.
 */
export function seekOwnership(
  locks: Locks,
  app: string,
  identity: string,
  role: { taken(): void; lost(why: string): void },
): () => void {
  const over = new AbortController();
  const { signal } = over;
  locks
    .request(ownerLock(app, identity), { signal }, () => {
      role.taken();
      return new Promise<void>((release) => signal.addEventListener('abort', () => release()));
    })
    .catch((error: unknown) => {
      if (!signal.aborted) role.lost(String(error));
    });
  return () => over.abort();
}

/** Whether another hub stands in line for the ownership that this one has. */
export async function isOwnershipWanted(locks: Locks, app: string, identity: string): Promise<boolean> {
  const { pending = [] } = await locks.query();
  return pending.some(({ name }) => name === ownerLock(app, identity));
}
