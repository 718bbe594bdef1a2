import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { SUBPROTOCOL } from '../../../src/protocol/version.ts';
import { WireClient } from './support/wire.ts';
import { world } from './support/worlds.ts';

test('a server that offers no compression is spoken to without, and one that does compresses what is large', async () => {
  const bytesOf = async (perMessageDeflate: boolean) => {
    const { server, url } = await world({ perMessageDeflate });
    const socket = new WebSocket(url, SUBPROTOCOL);
    onTestFinished(() => socket.terminate());
    let bytes = 0;
    socket.on('upgrade', (response) =>
      response.socket.on('data', (chunk: Buffer) => (bytes += chunk.length)),
    );
    const client = new WireClient(socket);
    await client.opened;
    expect(socket.extensions !== '').toBe(perMessageDeflate);
    client.hello();
    client.send({ type: 'subscribe', topic: 't', ref: 1 });
    await client.next('snapshot');
    const before = bytes;
    const ids = ['a', 'b'.repeat(50_000), 'c', 'd'.repeat(50_000), 'e'];
    for (const id of ids) await server.publish('t', { type: 'node', id, state: 'running' });
    for (const id of ids) expect(await client.next('event')).toMatchObject({ event: { id } });
    return bytes - before;
  };
  expect(await bytesOf(false)).toBeGreaterThan(200_000);
  expect(await bytesOf(true)).toBeLessThan(10_000);
});

test('what unpacks to more than a client may send counts as if it had been sent so', async () => {
  const { url } = await world({ perMessageDeflate: true, limits: { bytesPerSecond: 100_000 } });
  const socket = new WebSocket(url, SUBPROTOCOL, { perMessageDeflate: true });
  onTestFinished(() => socket.terminate());
  const client = new WireClient(socket);
  await client.opened;
  client.hello();
  await client.next('welcome');
  for (let n = 0; n < 5; n++) client.send({ type: 'later', text: ' '.repeat(60_000) });
  expect(await client.next('goodbye')).toMatchObject({ code: 'overloaded' });
});
