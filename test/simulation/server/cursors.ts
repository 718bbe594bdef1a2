import type { Inbound } from '../../../src/server/core/peer.ts';

/**
 * A server that does not compare what a client knows with its own log: it answers each request with its state, also where that
 * is behind the client's, and in the same epoch. It may not; a client has to take its word all the same.
 */
export function ignoringCursors(inbound: Inbound): Inbound {
  return {
    message: (text) => inbound.message(text && JSON.stringify(JSON.parse(text), dropCursor)),
    received: (bytes) => inbound.received(bytes),
    broken: (isTooLarge) => inbound.broken(isTooLarge),
    drained: () => inbound.drained(),
    reached: () => inbound.reached(),
    closed: () => inbound.closed(),
  };
}

const dropCursor = (name: string, value: unknown) => (name === 'cursor' ? undefined : value);
