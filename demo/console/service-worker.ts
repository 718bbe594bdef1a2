/**
 * Keeps the console and its hub in the browser, so that both open while neither the site nor the server answers, and delivers the
 * decisions that wait while no page is open.
 */
import { deliverInBackground } from 'trunkline/service-worker';
import { clientsClaim } from 'workbox-core';
import { type PrecacheEntry, precacheAndRoute } from 'workbox-precaching';
import { protocol } from '../engine/protocol.ts';

/** The files of this build, which the build writes here. */
declare const self: { readonly __WB_MANIFEST: PrecacheEntry[] };

precacheAndRoute(self.__WB_MANIFEST);
// It never skips the wait for the pages of the build before: they may need their hub again.
clientsClaim();
// A name is its own token here.
deliverInBackground(protocol, { url: '/ws', token: (identity) => identity });
