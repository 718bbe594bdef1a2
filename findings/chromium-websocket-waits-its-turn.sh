#!/usr/bin/env bash
# Chromium's WebSocket, in the Chromium of @sparticuz/chromium@153.0.0 driven by playwright-core@1.65.1, both from npm.
# The good guess: a limit of one second for the handshake is ample on one machine; when the server is back after an
# outage, the next attempt opens.
# Seen: after twenty attempts that were refused, each handshake waits 1 to 5 s in the browser before it begins. A socket
# that is closed after one second counts as another failure, so that ten attempts at a server that is there all end
# before they began, while one that is left alone opens within 5 s.
# Exits non-zero where that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module","dependencies":{"@sparticuz/chromium":"153.0.0","playwright-core":"1.65.1","ws":"8.18.3"}}' >package.json
npm install --no-audit --no-fund --loglevel=error >/dev/null
cat >try.js <<'JS'
import { createServer } from 'node:http';
import sparticuz from '@sparticuz/chromium';
import { chromium } from 'playwright-core';
import { WebSocketServer } from 'ws';

const listen = (server, port = 0) =>
  new Promise((done) => server.listen(port, '127.0.0.1', () => done(server.address().port)));
const site = createServer((_, response) => response.setHeader('content-type', 'text/html').end('a page'));
const pagePort = await listen(site);
// A port where nobody listens, until later.
const probe = createServer();
const port = await listen(probe);
await new Promise((done) => probe.close(done));

const browser = await chromium.launch({ executablePath: await sparticuz.executablePath(), args: sparticuz.args });
console.log(`Chromium ${browser.version()}`);
const page = await browser.newPage();
await page.goto(`http://127.0.0.1:${pagePort}/`);
/** How an attempt ended, and after how many milliseconds. */
const attempt = (limitMs) =>
  page.evaluate(
    ([url, limit]) =>
      new Promise((done) => {
        const start = performance.now();
        const socket = new WebSocket(url);
        const end = (how) => {
          socket.onopen = socket.onclose = null;
          socket.close();
          done({ how, ms: Math.round(performance.now() - start) });
        };
        socket.onopen = () => end('opened');
        socket.onclose = () => end('failed');
        setTimeout(() => end('given up'), limit);
      }),
    [`ws://127.0.0.1:${port}/`, limitMs],
  );
const tell = (what, attempts) => console.log(`${what}: ${attempts.map(({ how, ms }) => `${how} ${ms} ms`).join(', ')}`);

const refused = [];
for (let i = 0; i < 20; i++) refused.push(await attempt(10_000));
tell('nobody listens', refused);
const server = createServer();
new WebSocketServer({ server });
await listen(server, port);
const short = [];
for (let i = 0; i < 10; i++) short.push(await attempt(1_000));
tell('the server is there, a limit of 1 s', short);
const patient = await attempt(10_000);
tell('the server is there, a limit of 10 s', [patient]);
await browser.close();
server.closeAllConnections();
server.close();
site.close();
const isAsSeen =
  refused.at(0).ms < 500 && refused.at(-1).ms >= 1_000 && short.every(({ how }) => how === 'given up') && patient.how === 'opened';
process.exit(isAsSeen ? 0 : 1);
JS
node try.js
