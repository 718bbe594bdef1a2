import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { FrameRecorder } from '../../../src/inspector/hub/frame-recorder.ts';
import { recordSockets } from '../../../src/inspector/hub/record-sockets.ts';

/** A server that says back what it is told, and a script's own `WebSocket`, which is recorded. */
async function scene() {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))));
  await once(server, 'listening');
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const scope = { WebSocket: globalThis.WebSocket };
  const recorder = new FrameRecorder('r', () => 0);
  recordSockets(scope, recorder);
  const told = () => recorder.answer({ ask: 'page', have: {}, sessions: [], withPayloads: true }).frames;
  const origin = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { scope, told, origin };
}

test.each([
  { named: 'of trunkline.v1', protocols: 'trunkline.v1', out: '{"type":"ping","id":1}' },
  { named: 'of a plain server', protocols: undefined, out: null },
])('a socket $named is recorded ahead of whoever made it, and is a WebSocket', async ({ protocols, out }) => {
  const { scope, told, origin } = await scene();
  const socket = new scope.WebSocket(`${origin}/live?ticket=private`, protocols);
  expect(socket).toBeInstanceOf(globalThis.WebSocket);
  expect(scope.WebSocket.OPEN).toBe(1);
  const heard: string[] = [];
  socket.addEventListener('open', () => socket.send('{"type":"ping","id":1}'));
  socket.addEventListener('message', () => {
    heard.push(...told().map(({ direction, type }) => `${direction} ${type}`));
    socket.close(1000, 'done');
  });
  await once(socket, 'close');
  expect(heard).toEqual(['socket connect', 'socket open', 'out ping', 'in ping']);
  expect(told()[2]?.payload).toBe(out);
  expect(told().at(-1)).toMatchObject({ type: 'closed', about: protocols ? '1000 done' : '1000' });
  expect(JSON.stringify(told())).not.toContain('private');
});
