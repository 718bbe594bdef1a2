import type { BenchEvent } from '../../shared/events.ts';
import { createBatcher } from '../common/batcher.ts';
import { readSocket } from '../common/json-socket.ts';

/** As much of a SharedWorker as it needs: the DOM library has no types for one. */
declare const self: { onconnect: (event: MessageEvent) => void };

const ports = new Set<MessagePort>();
const newest = new Map<string, BenchEvent>();
let ready: Promise<void> | null = null;

const send = createBatcher<BenchEvent>((batch) => {
  for (const port of ports) port.postMessage(batch);
});

self.onconnect = ({ ports: [port] }) => {
  if (!port) return;
  port.onmessage = async ({ data: url }) => {
    ready ??= readSocket(new WebSocket(url), (events) => {
      for (const event of events) {
        if (event.type === 'reading') newest.set(event.key, event);
        send(event);
      }
    });
    await ready;
    ports.add(port);
    port.postMessage([...newest.values()]);
  };
};
