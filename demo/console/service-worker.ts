/** Keeps the console and its hub in the browser, so that both open while neither the site nor the server answers. */
import { clientsClaim } from 'workbox-core';
import { type PrecacheEntry, precacheAndRoute } from 'workbox-precaching';

/** The files of this build, which the build writes here. */
declare const self: { readonly __WB_MANIFEST: PrecacheEntry[] };

precacheAndRoute(self.__WB_MANIFEST);
// It never skips the wait for the pages of the build before: they may need their hub again.
clientsClaim();
