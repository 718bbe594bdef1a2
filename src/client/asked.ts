import type { PagePlatform } from './platform.ts';

/**
 * Now, for whoever is asked about it later, after a wait that a clock which is set back, or a sleep, does not shorten: the
 * answer is when it was, by the browser's clock as that stands then.
 */
export function asked({ now, uptime }: PagePlatform): () => number {
  const at = now();
  const began = uptime();
  // Uptime may stand still while the machine sleeps.
  return () => Math.floor(Math.min(at, now() - (uptime() - began)));
}
