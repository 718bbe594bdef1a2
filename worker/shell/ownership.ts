import { ownerLock } from './locks.ts';
import type { Locks } from './platform.ts';

/**
 * Stands in line for the ownership of an identity's socket and store, of which there is one in a browser; or takes it
 * from whoever has it.
 *
 * @param role `taken` is called when this hub is the owner, `lost` when it is not, or never can be, any more without
 * having given it up: another hub took the lock by force, or the browser refuses it.
 * @returns gives the role up, or the place in the line.
 */
export function seekOwnership(
  locks: Locks,
  app: string,
  identity: string,
  how: 'wait' | 'steal',
  role: { taken(): void; lost(why: string): void },
): () => void {
  const over = new AbortController();
  const { signal } = over;
  locks
    // A lock that is taken by force is waited for by nobody, and allows no signal.
    .request(ownerLock(app, identity), how === 'steal' ? { steal: true } : { signal }, () => {
      if (signal.aborted) return;
      role.taken();
      return new Promise<void>((release) => signal.addEventListener('abort', () => release()));
    })
    .catch((error: unknown) => {
      if (!signal.aborted) role.lost(String(error));
    });
  return () => over.abort();
}
