import type { BenchEvent } from '../shared/events.ts';
import { makeCommand } from '../shared/events.ts';
import type { Wire } from './wire.ts';

/**
 * As much of its protocol as is spoken here: https://socket.io/docs/v4/socket-io-protocol. Its own client would cost the
 * process of the clients more than the others' do.
 */
export const socketIoWire: Wire = {
  path: '/socket.io/?EIO=4&transport=websocket',
  subprotocols: [],
  greet: (socket) => socket.send('40'),
  hear(text, socket, told) {
    if (text === '2') return socket.send('3');
    if (text.startsWith('42[')) {
      const [name, content]: readonly ['event', BenchEvent] | readonly ['state', unknown] = JSON.parse(
        text.slice(2),
      );
      if (name === 'event') told.event(content);
      else told.ready();
    } else if (text.startsWith('43')) {
      told.answered(text.slice(2, text.indexOf('[')));
    } else if (text.startsWith('44')) throw new Error(`the server refused: ${text}`);
  },
  commandId: String,
  sendCommand(socket, id, n) {
    socket.send(`42${id}${JSON.stringify(['command', makeCommand(n)])}`);
  },
  // Its own goes from server to client alone: the WebSocket's.
  ping: (socket) => socket.ping(),
};
