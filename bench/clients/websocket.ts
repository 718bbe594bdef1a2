import { randomUUID } from 'node:crypto';
import type { AckMessage, BenchEvent, StateMessage } from '../shared/events.ts';
import { makeCommand } from '../shared/events.ts';
import type { Wire } from './wire.ts';

export const webSocketWire: Wire = {
  path: '',
  subprotocols: [],
  greet() {},
  hear(text, _socket, told) {
    const message: BenchEvent | StateMessage | AckMessage = JSON.parse(text);
    if (message.type === 'state') told.ready();
    else if (message.type === 'ack') told.answered(message.id);
    else told.event(message);
  },
  commandId: () => randomUUID(),
  sendCommand: (socket, id, n) => socket.send(JSON.stringify({ ...makeCommand(n), id })),
  // It has no word for it: the WebSocket's own.
  ping: (socket) => socket.ping(),
};
