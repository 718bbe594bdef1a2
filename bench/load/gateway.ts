/**
 * `node bench/load/gateway.ts [--seconds 60] [--sockets 10000]`: what `trunkline serve` bears on this machine. Events are published
 * over HTTP to a log in SQLite, and their way to each subscriber is timed; then so many sockets are opened, and the memory of
 * the gateway with them is told. It fails where the 99th percentile is above the goal.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { SUBPROTOCOL } from '../../src/protocol/version.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const KEY = 'the key of the control port';
const SUBSCRIBERS = 10;
const BATCH = 100;
const BATCHES_PER_SECOND = 50;
const GOAL_MS = 250;
/** Sockets that are opened at once. */
const AT_ONCE = 200;

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, sockets: { type: 'string', default: '10000' } },
});
const folder = mkdtempSync(join(tmpdir(), 'trunkline-load-'));
const gateway = await start(folder);
try {
  if (Number(values.seconds) > 0) await publishing(Number(values.seconds));
  await sockets(Number(values.sockets));
} finally {
  gateway.child.kill('SIGKILL');
  await once(gateway.child, 'exit');
  rmSync(folder, { recursive: true, force: true });
}

async function publishing(seconds: number): Promise<void> {
  const latencies: number[] = [];
  let received = 0;
  const clients = await Promise.all(
    Array.from({ length: SUBSCRIBERS }, () =>
      connect((text) => {
        const now = performance.now();
        for (const match of text.matchAll(/"sent":([\d.]+)/g)) {
          received += 1;
          latencies.push(now - Number(match[1]));
        }
      }),
    ),
  );
  const asked: number[] = [];
  const failed: unknown[] = [];
  const open = new Set<Promise<void>>();
  const began = performance.now();
  const batches = seconds * BATCHES_PER_SECOND;
  for (let batch = 0; batch < batches; batch++) {
    await sleep(Math.max(0, began + (batch * 1_000) / BATCHES_PER_SECOND - performance.now()));
    const sent = performance.now();
    const one = publish(batch, sent)
      .then(() => void asked.push(performance.now() - sent))
      .catch((error: unknown) => void failed.push(error))
      .finally(() => open.delete(one));
    open.add(one);
  }
  await Promise.all(open);
  const tookMs = performance.now() - began;
  const expected = batches * BATCH * SUBSCRIBERS;
  while (received < expected && performance.now() - began < tookMs + 10_000) await sleep(50);
  for (const client of clients) client.terminate();
  console.log(
    `${Math.round((batches * BATCH * 1_000) / tookMs)} events/s published in batches of ${BATCH} for ${Math.round(tookMs / 1_000)} s; ` +
      `${received} of ${expected} received by ${SUBSCRIBERS} subscribers; ` +
      `to a subscriber ms: p50 ${at(latencies, 0.5)}, p99 ${at(latencies, 0.99)}, max ${at(latencies, 1)}; ` +
      `answer to the publisher ms: p50 ${at(asked, 0.5)}, p99 ${at(asked, 0.99)}; ${await memory()}`,
  );
  if (failed.length > 0) throw new Error(`${failed.length} requests failed`, { cause: failed[0] });
  if (at(latencies, 0.99) > GOAL_MS) throw new Error(`p99 is above ${GOAL_MS} ms`);
  if (received !== expected) throw new Error('events are missing');
}

async function sockets(count: number): Promise<void> {
  const before = await memory();
  const clients: WebSocket[] = [];
  while (clients.length < count) {
    const more = Math.min(AT_ONCE, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: more }, () => connect(() => {})))));
  }
  console.log(`${count} sockets, each subscribed to a topic: ${before} before, ${await memory()} with them`);
  for (const client of clients) client.terminate();
}

function connect(hear: (text: string) => void): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(gateway.url, SUBPROTOCOL, { perMessageDeflate: false });
    socket.once('error', reject);
    socket.once('open', () => {
      socket.send(
        JSON.stringify({ type: 'hello', client_id: randomUUID(), app: 'load', app_version: 1, term: 1 }),
      );
      socket.send(JSON.stringify({ type: 'subscribe', topic: 'load', ref: 1 }));
    });
    socket.on('message', (data) => {
      const text = data.toString();
      // The state as it was; what comes after it is new.
      if (text.includes('"type":"snapshot"')) resolve(socket);
      else hear(text);
    });
  });
}

async function publish(batch: number, sent: number): Promise<void> {
  const events = Array.from({ length: BATCH }, (_, n) => ({
    topic: 'load',
    key: `node:${n}`,
    event: { type: 'node', id: n, batch, sent, text: 'x'.repeat(100) },
  }));
  const response = await ask('/publish', {
    method: 'POST',
    headers: { 'idempotency-key': randomUUID() },
    body: JSON.stringify({ events }),
  });
  if (!response.ok) throw new Error(await response.text());
  await response.arrayBuffer();
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${KEY}`, ...(init.headers as Record<string, string>) };
  return await fetch(`${gateway.controlUrl}${path}`, { ...init, headers });
}

async function memory(): Promise<string> {
  const text = await (await ask('/metrics')).text();
  const bytes = Number(/^process_resident_memory_bytes (\d+)/m.exec(text)?.[1]);
  return `${Math.round(bytes / 1_048_576)} MiB`;
}

function at(numbers: readonly number[], part: number): number {
  const sorted = Float64Array.from(numbers).sort();
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0) * 10) / 10;
}

async function start(cwd: string): Promise<{ child: ChildProcess; url: string; controlUrl: string }> {
  const args = ['--app', 'load', '--listen-port', '0', '--control-port', '0', '--allowed-origins', 'none'];
  const limits = ['--limits-connections-per-address', '100000', '--limits-handshakes', '100000'];
  const child = spawn(process.execPath, [MAIN, 'serve', ...args, ...limits], {
    cwd,
    env: { ...process.env, TRUNKLINE_CONTROL_KEY: KEY },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of child.stdout) {
    output += chunk;
    const said = /^listening on (\S+); control on (\S+)$/m.exec(output);
    if (said) return { child, url: said[1] ?? '', controlUrl: said[2] ?? '' };
  }
  throw new Error(`the gateway did not start: ${output}`);
}
