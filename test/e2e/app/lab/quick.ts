import type { HubSettings } from 'trunkline/worker';

/** So that a test can wait for what takes minutes otherwise. */
export const QUICK: Partial<HubSettings> = {
  // Chromium lets a handshake wait up to 5 s after some that failed: a shorter limit would end each before it began.
  connectTimeoutMs: 6_000,
  backoffBaseMs: 50,
  backoffMaxMs: 200,
  breakerFailures: 1_000,
  stableAfterMs: 1_000,
  resyncAfterMs: 1_500,
  lingerMs: 500,
};
