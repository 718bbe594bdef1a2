#!/usr/bin/env bash
# The PostgreSQL client postgres@3.4.9 from npm, on the Node at hand.
# The good guess: a query that finds no server is rejected, or is tried again after `backoff`, until `connect_timeout`.
# Seen: with one host that accepts and closes at once (a balancer without servers does), and with two hosts where nobody
# listens at all, it connects again at once, hundreds of times a second, and the query is never rejected. One host where
# nobody listens is rejected (ECONNREFUSED).
# Exits non-zero where that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module","dependencies":{"postgres":"3.4.9"}}' >package.json
npm install --no-audit --no-fund --loglevel=error >/dev/null
cat >try.js <<'JS'
import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import postgres from 'postgres';
let attempts = 0;
const connect = Socket.prototype.connect;
Socket.prototype.connect = function (...args) {
  attempts++;
  return connect.apply(this, args);
};
const server = createServer((socket) => socket.on('error', () => {}).destroy()).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();
async function ask(name, hosts) {
  attempts = 0;
  const options = { user: 'u', password: 'p', max: 1, fetch_types: false, backoff: 5, connect_timeout: 1 };
  const sql = postgres({ ...options, host: hosts.map(() => '127.0.0.1'), port: hosts });
  const end = await Promise.race([
    sql`SELECT 1`.then(() => 'answered', ({ code }) => code),
    new Promise((done) => setTimeout(done, 3_000, 'pending after 3 s')),
  ]);
  console.log(`${name}: ${end}, ${attempts > 30 ? 'tried more than 30 times' : `tried ${attempts} times`}`);
}
await ask('one that closes', [port]);
server.close();
await ask('one where nobody listens', [port]);
await ask('two where nobody listens', [port, port]);
process.exit();
JS
seen=$(node try.js)
echo "$seen"
[ "$seen" = 'one that closes: pending after 3 s, tried more than 30 times
one where nobody listens: ECONNREFUSED, tried 1 times
two where nobody listens: pending after 3 s, tried more than 30 times' ]
