import type { ClosedReason, Connection } from './model.ts';

/** A connection that is closed for a reason that no attempt to connect has given. @param retryAt `null`: none is planned. */
export function closed(
  reason: ClosedReason,
  message?: string,
  retryAt: number | null = null,
): Connection & { state: 'closed' } {
  const detail = message === undefined ? {} : { detail: { message } };
  return { state: 'closed', reason, ...detail, attempt: 0, retryAt, circuit: 'closed' };
}
