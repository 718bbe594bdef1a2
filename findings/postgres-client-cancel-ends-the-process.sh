#!/usr/bin/env bash
# The PostgreSQL client postgres@3.4.9 from npm, on the Node at hand.
# The good guess: `query.cancel()` is as safe as the query: what fails of it is told by the query, or by nothing.
# Seen: it asks on a connection of its own, whose promise nobody holds. Where that connection is refused (the server is
# gone, which is when one cancels), the process ends by an unhandled rejection, with every rejection of the query handled.
# Exits non-zero where that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module","dependencies":{"postgres":"3.4.9"}}' >package.json
npm install --no-audit --no-fund --loglevel=error >/dev/null
cat >try.js <<'JS'
import { once } from 'node:events';
import { createServer } from 'node:net';
import postgres from 'postgres';
// As much of a server as lets a client in: it authenticates anyone, is ready, and answers no query.
const welcome = Buffer.concat([
  Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]),
  Buffer.from([0x4b, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 2]),
  Buffer.from([0x5a, 0, 0, 0, 5, 0x49]),
]);
const server = createServer((socket) => {
  socket.once('data', () => socket.write(welcome)).on('error', () => {});
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const sql = postgres({ host: '127.0.0.1', port: server.address().port, user: 'u', password: 'p', max: 1, fetch_types: false });
const query = sql`SELECT 1`;
query.catch(() => {});
setTimeout(() => {
  server.close();
  query.cancel();
}, 500);
setTimeout(() => {
  console.log('the process lives');
  process.exit();
}, 2_000);
JS
seen=$(node try.js 2>&1) && status=0 || status=$?
echo "$seen" | grep -E 'ECONNREFUSED|lives' | head -1
echo "status $status"
[ "$status" = 1 ] && [[ "$seen" == *ECONNREFUSED* ]]
