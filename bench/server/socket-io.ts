import { Server } from 'socket.io';
import type { BenchCommand } from '../shared/events.ts';
import type { Feed, OnCommand } from './feed.ts';
import { Newest } from './newest.ts';

export function socketIoFeed(onCommand: OnCommand): Feed {
  const server = new Server({
    transports: ['websocket'],
    cors: { origin: '*' },
    connectionStateRecovery: {},
    serveClient: false,
  });
  const newest = new Newest();
  server.on('connection', (socket) => {
    if (!socket.recovered) socket.emit('state', newest.all());
    socket.on('command', ({ n }: BenchCommand, acknowledge: () => void) => {
      onCommand(n);
      acknowledge();
    });
  });
  return {
    attach: (http) => {
      server.attach(http);
    },
    publish(event) {
      newest.put(event);
      server.emit('event', event);
      return undefined;
    },
  };
}
