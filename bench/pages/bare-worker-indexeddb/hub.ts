import { openRows } from '../common/rows.ts';

/** As much of a SharedWorker as it needs: the DOM library has no types for one. */
declare const self: { onconnect: (event: MessageEvent) => void };

const rows = openRows();

self.onconnect = ({ ports: [port] }) => {
  if (!port) return;
  port.onmessage = async ({ data: { count, durability } }) => {
    await (count === 0 ? rows.clear() : rows.queue(count, durability));
    port.postMessage(null);
  };
};
