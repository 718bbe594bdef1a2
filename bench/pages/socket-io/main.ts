import { io, type Socket } from 'socket.io-client';
import type { BenchEvent } from '../../shared/events.ts';
import { makeCommand } from '../../shared/events.ts';
import { start } from '../common/start.ts';

let socket: Socket | null = null;

start({
  connect(url, { events }) {
    const opened = io(url, { transports: ['websocket'], retries: 3, ackTimeout: 10_000 });
    socket = opened;
    opened.on('event', (event: BenchEvent) => events([event]));
    return new Promise((ready) => {
      opened.on('state', (state: readonly BenchEvent[]) => {
        events(state);
        ready();
      });
    });
  },
  isOpen: () => socket?.connected ?? false,
  commands: {
    async queue(count) {
      for (let n = 1; n <= count; n++) socket?.emit('command', makeCommand(n));
    },
    async clear() {
      throw new Error('socket.io has no way to take back what is queued');
    },
  },
});
