import { readSocket } from '../common/json-socket.ts';
import { start } from '../common/start.ts';

start({
  connect: (url, { events }) => readSocket(new WebSocket(url), events),
});
