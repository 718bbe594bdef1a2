import { Reject } from 'trunkline/server';

const BUSY_RETRY_MS = 200;

/** For a command that another one of the same kind is in the way of. */
export function busy(message: string): Reject {
  return new Reject('busy', message, { retry: true, retryAfterMs: BUSY_RETRY_MS });
}
