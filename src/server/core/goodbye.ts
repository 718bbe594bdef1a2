/** Why the server ends a connection. */
import type { GoodbyeCode } from '../../protocol/goodbye-codes.ts';
import type { RefusalReason } from './refusals.ts';

export interface Goodbye {
  readonly code: GoodbyeCode;
  readonly message: string;
  readonly retry: boolean;
  readonly retryAfterMs?: number;
  /** Where a handshake ends by it: what whoever runs the server is told of that. Without it, nothing. */
  readonly refusal?: RefusalReason;
}

const OVERLOADED_RETRY_MS = 10_000;

/** Too much of something, or something that failed for now. */
export function overloaded(message: string, refusal?: RefusalReason): Goodbye {
  const retryAfterMs = OVERLOADED_RETRY_MS;
  return { code: 'overloaded', message, retry: true, retryAfterMs, ...(refusal && { refusal }) };
}

export function badFrame(message: string, refusal: RefusalReason = 'hello'): Goodbye {
  return { code: 'bad_frame', message, retry: true, refusal };
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
