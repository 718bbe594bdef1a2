#!/usr/bin/env bash
# nats-server 2.9.10 (Debian 12's package), three nodes with JetStream; @nats-io/jetstream@3.4.0 from npm, on the Node at hand.
# The good guess: `streams.add` of a stream that is there, or is being made by somebody else with the same options, is answered as
# for the one who makes it: servers that start together may all ask for their stream.
# Seen: where several clients add the same new stream of three replicas at once, some are never answered, and now and then one is told
# that the stream it adds is not found; asked again, they are answered at once.
# Exits non-zero where that has changed: where all are answered.
set -euo pipefail
folder=$(mktemp -d)
nodes=()
trap 'kill -9 "${nodes[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download nats-server >/dev/null 2>&1
dpkg-deb -x nats-server_*.deb server
./server/usr/sbin/nats-server --version
echo '{"private":true,"type":"module","dependencies":{"@nats-io/jetstream":"3.4.0","@nats-io/transport-node":"3.4.0"}}' >package.json
npm install --no-audit --no-fund --loglevel=error >/dev/null
free() { node -e 'const s=require("node:net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
routes=()
for _ in 1 2 3; do routes+=("$(free)"); done
ports=()
for i in 0 1 2; do
  ports+=("$(free)")
  mkdir "node$i"
  cat >"node$i.conf" <<CONF
server_name: node$i
listen: "127.0.0.1:${ports[$i]}"
jetstream { store_dir: "$folder/node$i" }
cluster { name: c, listen: "127.0.0.1:${routes[$i]}", routes: [$(printf '"nats-route://127.0.0.1:%s", ' "${routes[@]}")] }
CONF
  ./server/usr/sbin/nats-server -c "node$i.conf" >"node$i.log" 2>&1 &
  nodes+=($!)
done
cat >try.js <<'JS'
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
const servers = process.argv.slice(2).map((port) => `127.0.0.1:${port}`);
const STREAMS = 60;
const connections = await Promise.all(
  [0, 1, 2, 0].map((n) => connect({ servers: [servers[n]], waitOnFirstConnect: true, maxReconnectAttempts: -1 })),
);
const managers = await Promise.all(
  connections.map((connection) => jetstreamManager(connection, { timeout: 3_000, checkAPI: false })),
);
const add = (manager, name) => manager.streams.add({ name, subjects: [`${name}.>`], num_replicas: 3 });
for (let isThere = false; !isThere; ) {
  isThere = await add(managers[0], 'first').then(() => true, () => false);
  await new Promise((done) => setTimeout(done, 200));
}
const failed = {};
let againMs = 0;
for (let n = 0; n < STREAMS; n += 1) {
  await Promise.all(
    managers.map(async (manager) => {
      try {
        await add(manager, `s${n}`);
      } catch ({ name }) {
        failed[name] = (failed[name] ?? 0) + 1;
        const began = performance.now();
        await add(manager, `s${n}`);
        againMs = Math.max(againMs, performance.now() - began);
      }
    }),
  );
}
const { TimeoutError: unanswered = 0, StreamNotFoundError: notFound = 0, ...others } = failed;
console.log(`of ${STREAMS * managers.length}, ${unanswered} were not answered within 3 s, ${notFound} were told "stream not found"`);
console.log(`asked again, all were answered, within ${Math.ceil(againMs)} ms`);
process.exit(unanswered > 0 && Object.keys(others).length === 0 ? 0 : 1);
JS
node try.js "${ports[@]}"
