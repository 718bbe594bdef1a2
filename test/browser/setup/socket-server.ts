/**
 * A WebSocket server for the browser tests, on a free port of this machine. A page cannot reach into Node, so that each
 * test has a room (the query of its URLs), which it controls and watches by sockets of its own:
 *
 * - `/echo` sends text back as it came, but for the words `binary`, `terminate`, `close` and `flood`.
 * - `/trunk` is the smallest server of the protocol, one for each room.
 * - `/control` is told, as JSON, what the others see, and takes `{ publish: { topic, key?, event } }` and `{ cut: true }`.
 */
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { type WebSocket, WebSocketServer } from 'ws';
import { Room } from './smallest-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `ws://127.0.0.1:port` */
    socketServer: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    handleProtocols: (offered) =>
      ['spoken', 'trunkline.v1'].find((protocol) => offered.has(protocol)) ?? false,
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const watchers = new Map<string, WebSocket>();
  const rooms = new Map<string, Room>();
  server.on('connection', (socket, request) => {
    const { pathname, search } = new URL(request.url ?? '/', 'ws://localhost');
    const tell = (what: unknown) => watchers.get(search)?.send(JSON.stringify(what));
    const room = rooms.get(search) ?? new Room(tell);
    if (pathname === '/echo') return echo(socket, tell);
    rooms.set(search, room);
    if (pathname === '/trunk') return room.join(socket);
    watchers.set(search, socket);
    socket.on('close', () => {
      watchers.delete(search);
      rooms.delete(search);
    });
    socket.on('message', (data) => {
      const { publish, cut } = JSON.parse(String(data));
      if (publish) room.publish(publish.topic, publish.key, publish.event);
      if (cut) room.cut();
    });
  });
  project.provide('socketServer', `ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return () =>
    new Promise((resolve) => {
      for (const client of server.clients) client.terminate();
      server.close(() => resolve());
    });
}

function echo(socket: WebSocket, tell: (what: unknown) => void): void {
  tell('open');
  socket.on('close', (code, reason) => tell(`close ${code} ${reason}`));
  socket.on('message', (data, isBinary) => {
    const text = String(data);
    tell(`message ${text}`);
    if (text === 'binary') socket.send(new Uint8Array([1, 2, 3]));
    else if (text === 'terminate') socket.terminate();
    else if (text === 'close') socket.close(4409, 'as told');
    else if (text === 'flood') for (let i = 0; i < 1_000; i++) socket.send(String(i));
    else socket.send(data, { binary: isBinary });
  });
}
