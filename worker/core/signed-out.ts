/** What a call is answered whose identity signs out. */
import type { PortCall } from '../../src/protocol/calls.ts';
import type { Reply } from '../../src/protocol/port.ts';
import { refusal } from './reply.ts';

/** What a call is answered that comes once its identity has signed out. Nothing of it is done. */
export function signedOut(request: PortCall): Reply<never> {
  // An earlier hub may have stored it.
  if (request.method === 'send' && request.command.maybeSentMs !== null) return unconfirmed();
  return refusal('closed', 'this identity has signed out');
}

/** What a call is answered that was begun before. */
export function unconfirmed(): Reply<never> {
  return refusal(
    'unconfirmed',
    'this identity signed out before it was known whether this was done: it may be in the outbox',
  );
}
