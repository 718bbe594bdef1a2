#!/usr/bin/env bash
# A SharedWorker whose script threw, in the Chromium of @sparticuz/chromium@153.0.0 driven by playwright-core@1.65.1, both
# from npm.
# The good guess: a worker whose script failed is dead; the next page that asks for it runs the script anew, or hears an
# `error` event as the first one did.
# Seen: with `extendedLifetime: true` it stays when its page is gone. A page that is loaded after the script was mended joins
# the failed worker, whose script is not asked for again: it hears neither an `error` event nor an answer. Without that option
# the next page runs the mended script; and so it does where the failed script ended its worker by `close()`.
# Exits non-zero where that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module","dependencies":{"@sparticuz/chromium":"153.0.0","playwright-core":"1.65.1"}}' >package.json
npm install --no-audit --no-fund --loglevel=error >/dev/null
cat >try.js <<'JS'
import { createServer } from 'node:http';
import sparticuz from '@sparticuz/chromium';
import { chromium } from 'playwright-core';

const FAILS = 'throw new Error("a mistake")';
const ENDS = 'addEventListener("error", () => close()); throw new Error("a mistake")';
const ANSWERS = 'onconnect = ({ ports: [port] }) => port.postMessage("here")';
let script = '';
let asked = 0;
const site = createServer(({ url }, response) => {
  if (url !== '/worker.js') return response.setHeader('content-type', 'text/html').end('a page');
  asked++;
  response.setHeader('cache-control', 'no-store').setHeader('content-type', 'text/javascript').end(script);
});
const port = await new Promise((done) => site.listen(0, '127.0.0.1', () => done(site.address().port)));
const browser = await chromium.launch({ executablePath: await sparticuz.executablePath(), args: ['--no-sandbox'] });
console.log(`Chromium ${browser.version()}`);
const PATIENCE_MS = 5_000;

/** What a page hears of its worker, in a page that is closed again. */
async function hear(context, extendedLifetime) {
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${port}/`);
  const heard = await page.evaluate(
    ([extended, limit]) =>
      new Promise((done) => {
        const worker = new SharedWorker('/worker.js', { type: 'module', name: 'one', extendedLifetime: extended });
        worker.onerror = ({ message }) => done(`an error: ${message}`);
        worker.port.onmessage = ({ data }) => done(`a message: ${data}`);
        setTimeout(() => done('nothing'), limit);
      }),
    [extendedLifetime, PATIENCE_MS],
  );
  await page.close();
  return heard;
}

const seen = [];
for (const [what, first, extendedLifetime] of [
  ['throws, extendedLifetime', FAILS, true],
  ['throws, no extendedLifetime', FAILS, false],
  ['throws and closes itself, extendedLifetime', ENDS, true],
]) {
  const context = await browser.newContext();
  asked = 0;
  script = first;
  const before = await hear(context, extendedLifetime);
  script = ANSWERS;
  const after = await hear(context, extendedLifetime);
  console.log(`${what}: ${before}; mended: ${after}; the script was asked for ${asked} times`);
  seen.push([before.startsWith('an error'), after, asked]);
  await context.close();
}
await browser.close();
site.closeAllConnections();
site.close();
const expected = [
  [true, 'nothing', 1],
  [true, 'a message: here', 2],
  [true, 'a message: here', 2],
];
process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
JS
node try.js
