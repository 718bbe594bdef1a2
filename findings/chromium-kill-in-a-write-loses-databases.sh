#!/usr/bin/env bash
# Chromium's IndexedDB, in the Chromium of @sparticuz/chromium@153.0.0 driven by playwright-core@1.65.1, both from npm.
# The good guess: a browser that is killed loses at most the transaction that it was writing; what it has called complete,
# with `durability: 'strict'`, is there at every later start.
# Seen: it writes a record of its log in two parts, the head first. Where it is killed between them, the next start finds all
# rows and writes on behind the cut; the start after that takes the log for corrupt, and deletes all databases of the origin
# without a word: no error, no event, `indexedDB.open` makes a new one. By killing a browser that writes all the time, about
# one kill in thirty hits that moment (Chromium 156.0.8078.108). So that it comes each time, the cut is made here, by the head
# of a record at the end of the log of a browser that was killed.
# Also seen: where an empty database was made and deleted at the second start, the third finds all rows.
# Exits non-zero where that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module","dependencies":{"@sparticuz/chromium":"153.0.0","playwright-core":"1.65.1"}}' >package.json
npm install --no-audit --no-fund --loglevel=error >/dev/null
cat >try.js <<'JS'
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import sparticuz from '@sparticuz/chromium';
import { chromium } from 'playwright-core';

const site = createServer((_, response) => response.setHeader('content-type', 'text/html').end('a page'));
await new Promise((done) => site.listen(0, '127.0.0.1', done));
const address = `http://127.0.0.1:${site.address().port}/`;
const executable = await sparticuz.executablePath();

/** A life of a browser with this profile: a page does the work, and then the browser is killed. */
async function life(profile, work, argument) {
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0', `--user-data-dir=${profile}`];
  const child = spawn(executable, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let devtools;
  for await (const line of createInterface({ input: child.stderr })) {
    devtools = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (devtools) break;
  }
  child.stderr.resume();
  const browser = await chromium.connectOverCDP(devtools);
  const page = await browser.contexts()[0].newPage();
  await page.goto(address);
  const found = await page.evaluate(work, argument);
  const version = browser.version();
  child.kill('SIGKILL');
  await exited;
  await browser.close().catch(() => {});
  return { found, version };
}

/** Runs in the page. How many rows there are, before one more is written. */
async function addRow(anew) {
  const done = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const opening = indexedDB.open('rows', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('rows', { autoIncrement: true });
  const db = await done(opening);
  const tx = db.transaction('rows', 'readwrite', { durability: 'strict' });
  const count = await done(tx.objectStore('rows').count());
  tx.objectStore('rows').add('a row of some length '.repeat(100));
  await new Promise((resolve, reject) => {
    tx.oncomplete = resolve;
    tx.onabort = () => reject(tx.error);
  });
  if (anew) {
    (await done(indexedDB.open('scratch'))).close();
    await done(indexedDB.deleteDatabase('scratch'));
    // It begins the new log soon after.
    await new Promise((later) => setTimeout(later, 3_000));
  }
  return count;
}

function cut(profile) {
  const folder = join(profile, 'Default', 'IndexedDB');
  const [log] = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.log'));
  // A checksum, a length of 500, and "a whole record".
  appendFileSync(join(folder, log), Buffer.from([0, 0, 0, 0, 0xf4, 1, 1]));
}

async function threeLives(name, anew) {
  const profile = join(process.cwd(), name);
  const { version } = await life(profile, addRow, false);
  cut(profile);
  const second = await life(profile, addRow, anew);
  const third = await life(profile, addRow, false);
  const rows = [second.found, third.found];
  console.log(`Chromium ${version}, ${name}: rows at the second start ${rows[0]}, at the third ${rows[1]}`);
  return rows.join();
}
const plain = await threeLives('as it is', false);
const anew = await threeLives('with a new log', true);
site.close();
process.exit(plain === '1,0' && anew === '1,2' ? 0 : 1);
JS
node try.js
