/** How long anything waits that is tried again. Only a connection may wait for longer, by its `connection/circuit-breaker.ts`. */
import type { HubSettings } from './settings.ts';

/** What decides about a wait. */
interface RetryPolicy {
  readonly settings: Pick<HubSettings, 'backoffBaseMs' | 'backoffMaxMs' | 'jitter'>;
  readonly random: () => number;
}

/** No server can put a client off for ever: it is asked again after a day. */
const LONGEST_ASKED_WAIT_MS = 86_400_000;

/**
 * How long to wait before retry number `attempt` (the first is 0). Full jitter, because it spreads a herd of clients
 * best: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 *
 * @param askedMs what the server asked for: at least that, and full jitter on top, so that its clients do not return all
 * at once.
 */
export function retryWaitMs({ settings, random }: RetryPolicy, attempt: number, askedMs?: number): number {
  const { backoffBaseMs, backoffMaxMs, jitter } = settings;
  if (askedMs !== undefined) {
    const leastMs = Math.min(askedMs, LONGEST_ASKED_WAIT_MS);
    return leastMs + (jitter === 'none' ? 0 : random() * Math.max(leastMs, backoffBaseMs));
  }
  const boundMs = Math.min(backoffBaseMs * 2 ** attempt, backoffMaxMs);
  return jitter === 'none' ? boundMs : random() * boundMs;
}
