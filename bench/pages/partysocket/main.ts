import { makeCommand } from '../../shared/events.ts';
import { readSocket } from '../common/json-socket.ts';
import { openPartySocket } from '../common/party.ts';
import { start } from '../common/start.ts';

let socket: ReturnType<typeof openPartySocket> | null = null;

start({
  connect(url, { events }) {
    socket = openPartySocket(url);
    return readSocket(socket, events);
  },
  isOpen: () => socket?.readyState === WebSocket.OPEN,
  commands: {
    async queue(count) {
      for (let n = 1; n <= count; n++) socket?.send(JSON.stringify(makeCommand(n)));
    },
    async clear() {
      socket?.drainQueuedMessages();
    },
  },
});
