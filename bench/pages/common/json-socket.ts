import type { BenchEvent, StateMessage } from '../../shared/events.ts';

/** What both a WebSocket and those that imitate it are. */
export interface SocketLike {
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

/** Reads the benchmark's plain messages off a socket: an event each, and once the state. Resolves with the state. */
export function readSocket(
  socket: SocketLike,
  events: (batch: readonly BenchEvent[]) => void,
): Promise<void> {
  return new Promise((ready) => {
    socket.addEventListener('message', ({ data }) => {
      const message: BenchEvent | StateMessage | { type: 'ack' } = JSON.parse(String(data));
      if (message.type === 'ack') return;
      if (message.type !== 'state') return events([message]);
      events(message.events);
      ready();
    });
  });
}
