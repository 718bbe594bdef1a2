import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { SUBPROTOCOL } from '../../../src/protocol/version.ts';
import { memoryLog } from '../../../src/server/index.ts';
import { WireClient } from './support/wire.ts';
import { world } from './support/worlds.ts';

const SLICE_MS = 20;
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A line that carries so many bytes a second each way, with all that real systems put into their buffers ahead of it. */
async function slowLine(target: string, bytesPerSecond: number): Promise<string> {
  const slice = Math.ceil((bytesPerSecond * SLICE_MS) / 1_000);
  const carry = async (from: Socket, to: Socket) => {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (let sent = 0; sent < chunk.length; sent += slice) {
        await sleep(SLICE_MS);
        to.write(chunk.subarray(sent, sent + slice));
      }
    }
  };
  const listener = createServer((client) => {
    const server = connect(Number(new URL(target).port), '127.0.0.1');
    ends.push(
      () => client.destroy(),
      () => server.destroy(),
    );
    for (const socket of [client, server]) socket.on('error', () => {});
    carry(client, server).catch(() => {});
    carry(server, client).catch(() => {});
  });
  await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening));
  ends.push(() => listener.close());
  return `ws://127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

async function join(url: string): Promise<WireClient> {
  const client = new WireClient(new WebSocket(url, SUBPROTOCOL));
  ends.push(() => client.socket.terminate());
  await client.opened;
  client.hello();
  await client.next('welcome');
  return client;
}

test('on a slow line a pong overtakes a snapshot, whose parts are small, and the snapshot arrives', async () => {
  const running = await world();
  for (let n = 0; n < 300; n++)
    void running.server.publish('t', { type: 'node', id: `n${n}`, state: 'x'.repeat(1_000) });
  const { server } = running;
  await server.publish('t', { type: 'node', id: 'last', state: '' });
  // As slow beside the snapshot as 5 kB/s is beside one of 10 times the size.
  const client = await join(await slowLine(running.url, 50_000));
  client.send({ type: 'resync_request', topic: 't', ref: 1, last_seen: null });
  await client.next('snapshot');
  client.send({ type: 'ping', id: 7 });
  await client.next('pong');
  const partsBefore = client.frames.filter(({ type }) => type === 'snapshot').length;
  for (let last = false; !last; ) last = (await client.next('snapshot')).last;
  const all = client.frames.filter(({ type }) => type === 'snapshot').length;
  expect(all).toBeGreaterThan(15);
  expect(partsBefore).toBeLessThan(all / 2);
  for (const message of client.messages) expect(Buffer.byteLength(message)).toBeLessThanOrEqual(16_384 + 256);
}, 60_000);

test('a large message that arrives slowly is answered by signs of life until it has arrived', async () => {
  const running = await world({ limits: { heartbeatMs: 1_000 } });
  const client = await join(await slowLine(running.url, 40_000));
  // Longer than the silence after which a client is cut off.
  const id = client.command({ type: 'note', text: 'x'.repeat(160_000) });
  expect(await client.next('command_ack')).toMatchObject({ id });
  expect(client.frames.filter((frame) => frame.type === 'pong' && frame.id === -1).length).toBeGreaterThan(1);
}, 60_000);

test("a ping is answered ahead of another client's commands", async () => {
  const log = memoryLog();
  const commit = log.commit.bind(log);
  // As a log that waits for its disk within the call.
  vi.spyOn(log, 'commit').mockImplementation((transactions, now) => {
    const until = performance.now() + 2;
    while (performance.now() < until);
    return commit(transactions, now);
  });
  const running = await world({ log });
  const [busy, other] = [await running.join(), await running.join()];
  for (let n = 0; n < 400; n++) busy.command({ type: 'note', text: String(n) }, { topic: 't' });
  await vi.waitFor(() => expect(running.server.stats().commands.received).toBeGreaterThan(0));
  other.send({ type: 'ping', id: 1 });
  await other.next('pong');
  expect(running.server.stats().commands.accepted).toBeLessThan(200);
}, 60_000);
