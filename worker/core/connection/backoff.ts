import type { HubSettings } from '../settings.ts';

/**
 * How long to wait before retry number `attempt` (the first is 0). Full jitter, because it spreads a herd of clients
 * best: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(
  attempt: number,
  { backoffBaseMs, backoffMaxMs, jitter }: Pick<HubSettings, 'backoffBaseMs' | 'backoffMaxMs' | 'jitter'>,
  random: () => number,
): number {
  const boundMs = Math.min(backoffBaseMs * 2 ** attempt, backoffMaxMs);
  return jitter === 'none' ? boundMs : random() * boundMs;
}

/** A wait that the server asked for, and full jitter on top, so that its clients do not return all at once. */
export function askedWaitMs(
  askedMs: number,
  { backoffBaseMs, jitter }: Pick<HubSettings, 'backoffBaseMs' | 'jitter'>,
  random: () => number,
): number {
  return jitter === 'none' ? askedMs : askedMs + random() * Math.max(askedMs, backoffBaseMs);
}
