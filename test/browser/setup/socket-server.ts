/**
 * A WebSocket server for the browser tests, on a free port of this machine. What it does on a connection is told by the
 * client itself, since a page cannot reach into Node:
 *
 * - `/echo` sends text back as it came, but for the words `binary`, `terminate`, `close` and `flood`.
 * - `/log` is told of everything that happens on `/echo`, as JSON: `{ room, what }`, `room` being the query.
 */
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { type WebSocket, WebSocketServer } from 'ws';

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
    handleProtocols: (offered) => (offered.has('spoken') ? 'spoken' : false),
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const logs = new Set<WebSocket>();
  server.on('connection', (socket, request) => {
    const { pathname, search: room } = new URL(request.url ?? '/', 'ws://localhost');
    if (pathname === '/log') {
      logs.add(socket);
      socket.on('close', () => logs.delete(socket));
      return;
    }
    const tell = (what: string) => {
      for (const log of logs) log.send(JSON.stringify({ room, what }));
    };
    tell('open');
    socket.on('close', (code, reason) => tell(`close ${code} ${reason}`));
    socket.on('message', (data) => {
      const text = String(data);
      tell(`message ${text}`);
      if (text === 'binary') socket.send(new Uint8Array([1, 2, 3]));
      else if (text === 'terminate') socket.terminate();
      else if (text === 'close') socket.close(4409, 'as told');
      else if (text === 'flood') for (let i = 0; i < 1_000; i++) socket.send(String(i));
      else socket.send(text);
    });
  });
  project.provide('socketServer', `ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return () =>
    new Promise((resolve) => {
      for (const client of server.clients) client.terminate();
      server.close(() => resolve());
    });
}
