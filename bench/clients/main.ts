/**
 * Clients without a browser in a process of their own, which do what their parent asks: `node main.ts KIND URL`. The same
 * sockets for every contender, so that what is measured at the server is not the clients' own.
 */
import type { ServerKind } from '../server/contract.ts';
import { serveCalls } from '../server/remote.ts';
import { Client } from './client.ts';
import type { BenchClients } from './contract.ts';
import { Received } from './received.ts';
import { socketIoWire } from './socket-io.ts';
import { trunklineWire } from './trunkline.ts';
import { webSocketWire } from './websocket.ts';
import type { Wire } from './wire.ts';

const WIRES: Readonly<Record<ServerKind, Wire>> = {
  trunkline: trunklineWire,
  websocket: webSocketWire,
  'socket.io': socketIoWire,
};
/** That shake hands at the same time. */
const AT_ONCE = 50;
/** One in so many reads what it is sent: parsing all of it would take the cores that the server is to have. */
const SAMPLE_EVERY = 10;
/** Between two pings. */
const PING_EVERY_MS = 5;

const [kind, url = ''] = process.argv.slice(2);
const wire = WIRES[kind as ServerKind];
const clients: Client[] = [];
const received = new Received();

const pause = (ms: number) => new Promise((over) => setTimeout(over, ms));

serveCalls<BenchClients>({
  async connect(count) {
    for (let left = count; left > 0; left -= AT_ONCE) {
      const opened = Array.from({ length: Math.min(left, AT_ONCE) }, (_, index) =>
        Client.open(wire, url, received, index % SAMPLE_EVERY === 0),
      );
      clients.push(...(await Promise.all(opened)));
    }
  },
  begin: (first) => received.begin(first),
  async until(count, timeoutMs) {
    const deadline = Date.now() + timeoutMs;
    const due = count * clients.length;
    while (received.received < due && Date.now() < deadline) await pause(20);
    return received.received >= due;
  },
  deliveries: () => received.sum(),
  async send(each, atATime) {
    const start = performance.now();
    await Promise.all(clients.map((client) => client.send(each, atATime)));
    return performance.now() - start;
  },
  async ping(ms) {
    const [client] = clients;
    if (!client) throw new Error('connect first');
    const took: number[] = [];
    const end = performance.now() + ms;
    while (performance.now() < end) {
      took.push(await client.ping());
      await pause(PING_EVERY_MS);
    }
    return took;
  },
});
