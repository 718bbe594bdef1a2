/**
 * `node bench/load/bare-ws.ts FILE`: the least that does what a gateway is loaded with. Each POST is one synced transaction in
 * SQLite, and goes to every socket; nothing is numbered, resumed, acknowledged or judged.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { WebSocket, WebSocketServer } from 'ws';

const db = new DatabaseSync(process.argv[2] ?? ':memory:');
db.exec(
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE batches (id INTEGER PRIMARY KEY, body TEXT)',
);
const insert = db.prepare('INSERT INTO batches (body) VALUES (?)');

const http = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  JSON.parse(body);
  insert.run(body);
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  for (const socket of sockets.clients) if (socket.readyState === WebSocket.OPEN) socket.send(body);
});
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
http.listen(0, '127.0.0.1', () => console.log(`listening on ${(http.address() as AddressInfo).port}`));
