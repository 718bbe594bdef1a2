import { WebSocket, WebSocketServer } from 'ws';
import type { AckMessage, BenchCommand, StateMessage } from '../shared/events.ts';
import type { Feed, OnCommand } from './feed.ts';
import { Newest } from './newest.ts';

/** Plain JSON messages: the state at first, then an event each. */
export function webSocketFeed(onCommand: OnCommand): Feed {
  const server = new WebSocketServer({ noServer: true });
  const newest = new Newest();
  server.on('connection', (socket) => {
    const state: StateMessage = { type: 'state', events: newest.all() };
    socket.send(JSON.stringify(state));
    socket.on('message', (data) => {
      const { id, n }: BenchCommand = JSON.parse(String(data));
      onCommand(n);
      const ack: AckMessage = { type: 'ack', id };
      socket.send(JSON.stringify(ack));
    });
    socket.on('error', () => {});
  });
  return {
    attach(http) {
      http.on('upgrade', (request, socket, head) =>
        server.handleUpgrade(request, socket, head, (client) => server.emit('connection', client, request)),
      );
    },
    publish(event) {
      newest.put(event);
      const text = JSON.stringify(event);
      for (const client of server.clients) if (client.readyState === WebSocket.OPEN) client.send(text);
      return undefined;
    },
  };
}
