/** What a page is shown where page or hub themselves say `closed`. */
import type { ClosedReason } from './closed-reason.ts';
import type { Connection } from './model.ts';

/**
 * What a page is shown as `closed` by page or hub themselves, such as `signed_out` or `hub_lost`: no attempt to connect has
 * failed. The reasons are in `closed-reason.ts`.
 *
 * @param retryAt `null`: no attempt is planned.
 */
export function closed(
  reason: ClosedReason,
  message?: string,
  retryAt: number | null = null,
): Connection & { state: 'closed' } {
  const detail = message === undefined ? {} : { detail: { message } };
  return { state: 'closed', reason, ...detail, attempt: 0, retryAt, circuit: 'closed' };
}
