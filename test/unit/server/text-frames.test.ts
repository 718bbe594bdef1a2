import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { duplexPair } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { SUBPROTOCOL } from '../../../src/protocol/version.ts';
import { TextFrames } from '../../../src/server/websocket/text-frames.ts';
import { WireClient } from './support/wire.ts';
import { world } from './support/worlds.ts';

/** What these bytes say, by RFC 6455, section 5.2: the shortest form of the length is the only right one. */
function read(bytes: Buffer): string {
  expect(bytes[0]).toBe(0x81);
  const short = bytes.readUInt8(1);
  const length =
    short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  expect(bytes.length).toBe(head + length);
  return bytes.toString('utf8', head);
}

test('a text of any length is one WebSocket frame of exactly its bytes', () => {
  const frames = new TextFrames();
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]) {
    const text = 'x'.repeat(length);
    expect(read(frames.of(text)), `${length} bytes`).toBe(text);
  }
  const beyondAscii = 'ü€🚆'.repeat(30);
  expect(read(frames.of(beyondAscii))).toBe(beyondAscii);
});

test('the same text in turn is encoded once, and another one of its length is not taken for it', () => {
  const frames = new TextFrames();
  const first = frames.of('{"offset":1}');
  expect(frames.of(['{"offset"', ':1}'].join(''))).toBe(first);
  expect(read(frames.of('{"offset":2}'))).toBe('{"offset":2}');
  expect(read(frames.of('{"offset":1}'))).toBe('{"offset":1}');
  expect(read(first)).toBe('{"offset":1}');
});

test('what all clients are given, and what only one of them is, arrives whole and in its order at each', async () => {
  const { server, join } = await joined();
  const [one, other] = [await join(), await join()];
  const comments = [0, 40, 70_000, 300].map((length, index) => `${index}ü${'€'.repeat(length)}`);
  for (const [index, id] of comments.entries()) {
    await server.publish('run:1', { type: 'node', id, state: 'running' });
    const asked = index % 2 === 0 ? one : other;
    asked.send({ type: 'ping', id: index });
    expect(await asked.next('pong')).toMatchObject({ id: index });
  }
  for (const client of [one, other]) {
    for (const id of comments) expect((await client.next('event')).event).toMatchObject({ id });
  }
});

test('what stands between the server and the socket is passed by all that is sent', async () => {
  const { http } = await world();
  const passed: Buffer[] = [];
  const front = createServer().on('upgrade', (request, socket, head) => {
    const [near, far] = duplexPair();
    near.on('data', (bytes: Buffer) => passed.push(bytes));
    socket.pipe(near).pipe(socket);
    http.emit('upgrade', request, far, head);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void front.close());
  const client = new WireClient(
    new WebSocket(`ws://127.0.0.1:${(front.address() as AddressInfo).port}`, SUBPROTOCOL),
  );
  onTestFinished(() => client.socket.terminate());
  await client.opened;
  client.hello();
  const { session } = await client.next('welcome');
  expect(Buffer.concat(passed).toString()).toContain(session);
});

async function joined() {
  const running = await world();
  const join = async () => {
    const client = await running.join();
    client.send({ type: 'subscribe', topic: 'run:1', ref: 1 });
    await client.next('snapshot');
    return client;
  };
  return { server: running.server, join };
}
