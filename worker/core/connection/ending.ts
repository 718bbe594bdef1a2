/** Why a connection or an attempt ended, and what follows. */

import type { ClosedReason } from '../../../src/protocol/closed-reason.ts';
import type { End } from '../../../src/protocol/codes.ts';
import type { Connection as ConnectionView } from '../../../src/protocol/model.ts';

export interface Ending {
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

export const IDLE: Ending = { reason: 'idle', fate: 'idle' };

/** Whether it counts against the breaker: the server asked for nothing, and nobody meant the connection to end. */
export function isFailure({ fate, retryAfterMs }: Ending): boolean {
  return fate === 'retry' || (fate === 'later' && retryAfterMs === undefined);
}
