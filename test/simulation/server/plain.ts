import type { Inbound, Peer } from '../../../src/server/core/peer.ts';
import type { Ledger } from '../ledger.ts';

/**
 * A server of the plain dialect: it takes each command as its own object, remembers ids for as long as its memory lives, and
 * answers pings. One kind of command it refuses.
 *
 * @param answered its memory: by id, whether it was accepted.
 */
export function acceptPlainly(
  answered: Map<string, boolean>,
  ledger: Ledger,
  refused: Set<number>,
): (peer: Peer) => Inbound {
  return (peer) => ({
    message: (text) => {
      const { type, id, n } = JSON.parse(text ?? '{}');
      if (type === 'ping') return peer.send('{"type":"pong"}');
      // It has no events.
      if (type === 'resync_request') return;
      const account = ledger.of({ n });
      if (account) account.isHandedOver = true;
      if (!answered.has(id)) {
        answered.set(id, type !== 'bad');
        if (type === 'bad') refused.add(n);
        else account?.ran('plain');
      }
      const answer = answered.get(id)
        ? { type: 'ack', id }
        : { type: 'nack', id, message: 'refused for good' };
      peer.send(JSON.stringify(answer));
    },
    received: () => {},
    broken: () => {},
    reached: () => {},
    drained: () => {},
    closed: () => {},
  });
}
