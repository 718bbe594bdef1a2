/** Why the server ends a connection. */
import type { GoodbyeCode } from '../../protocol/goodbye-codes.ts';

export interface Goodbye {
  readonly code: GoodbyeCode;
  readonly message: string;
  readonly retry: boolean;
  readonly retryAfterMs?: number;
}

const OVERLOADED_RETRY_MS = 10_000;

/** Too much of something, or something that failed for now. */
export function overloaded(message: string): Goodbye {
  return { code: 'overloaded', message, retry: true, retryAfterMs: OVERLOADED_RETRY_MS };
}

export function badFrame(message: string): Goodbye {
  return { code: 'bad_frame', message, retry: true };
}

export const SUPERSEDED: Goodbye = {
  code: 'superseded',
  message: 'a newer connection is here',
  retry: false,
};

/** What `authenticate` has found holds until then. */
export const EXPIRED: Goodbye = {
  code: 'unauthorized',
  message: 'what this connection was opened with has expired',
  retry: true,
};

export const DISCONNECTED: Goodbye = {
  code: 'unauthorized',
  message: 'the server ended this connection',
  retry: true,
};
