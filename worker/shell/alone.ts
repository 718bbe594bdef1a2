/**
 * What a hub is given where the browser grants it no Web Locks, as on a page of plain http:, or where site data is blocked.
 * By them the hubs of a browser agree on who has the socket, and who writes to the store: without them a hub has nobody to
 * agree with, a socket of its own, and no store.
 */
import type { Locks } from '../../src/protocol/leases.ts';
import { type Store, StoreError } from '../core/store.ts';
import type { Platform } from './platform.ts';

/** Each is granted: nobody else asks for it. */
export const NO_LOCKS: Locks = {
  async request<T>(_name: string, _options: object, granted: () => T): Promise<Awaited<T>> {
    // As browsers do, never at once.
    await null;
    return await granted();
  },
};

const refuse = async () => {
  throw new StoreError(
    'unavailable',
    'no Web Locks, for want of https: or of site data; each page has a connection of its own',
  );
};
const NO_STORE: Store = { open: refuse, commit: refuse, close() {} };

/** The same platform, without what hubs share. */
export const alone = (platform: Platform): Platform => ({
  ...platform,
  createStore: () => NO_STORE,
});
