/** What a page is shown where page or hub say `closed` by themselves, with no connection that has ended. */
import type { ClosedReason } from './closed-reason.ts';
import type { Connection } from './model.ts';

/**
 * What a page is shown as `closed` by page or hub themselves, such as `signed_out` or `hub_lost`: no attempt to connect has
 * failed. The reasons are in `closed-reason.ts`.
 *
 * @param retryAt `null`: no attempt is planned.
 */
export function closedLocally(
  reason: ClosedReason,
  message?: string,
  retryAt: number | null = null,
): Connection & { state: 'closed' } {
  const detail = message === undefined ? {} : { detail: { message } };
  return { state: 'closed', reason, ...detail, attempt: 0, retryAt, circuit: 'closed' };
}
