/** What is known of the end of a connection, or of an attempt at one; and whether it counts as a failure. */

import type { ClosedReason } from '../../../src/protocol/closed-reason.ts';
import type { End } from '../../../src/protocol/goodbye-codes.ts';
import type { Connection as ConnectionView } from '../../../src/protocol/model.ts';

export interface ConnectionEnd {
  reason: ClosedReason;
  detail?: (ConnectionView & { state: 'closed' })['detail'];
  fate: End['fate'] | 'idle';
  retryAfterMs?: number;
  /** The handshake failed, and nobody said why. */
  isSilent?: true;
  /** No tab gave one, for now. */
  lacksToken?: true;
  /** Somebody needs the line now: the next attempt does not wait. */
  isNeeded?: true;
}

export const IDLE: ConnectionEnd = { reason: 'idle', fate: 'idle' };

/** Whether it counts against the breaker: the server asked for nothing, and nobody meant the connection to end. */
export function isFailure({ fate, retryAfterMs }: ConnectionEnd): boolean {
  return fate === 'retry' || (fate === 'later' && retryAfterMs === undefined);
}
