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

/** No server can put a client off for ever: it is asked again after a day. */
const LONGEST_ASKED_WAIT_MS = 86_400_000;

/** A wait that the server asked for, and full jitter on top, so that its clients do not return all at once. */
export function askedWaitMs(
  askedMs: number,
  { backoffBaseMs, jitter }: Pick<HubSettings, 'backoffBaseMs' | 'jitter'>,
  random: () => number,
): number {
  const waitMs = Math.min(askedMs, LONGEST_ASKED_WAIT_MS);
  return jitter === 'none' ? waitMs : waitMs + random() * Math.max(waitMs, backoffBaseMs);
}
