/**
 * `npm run load`: what `trunkline serve` bears on this machine, with compression and
 * without, beside a bare `ws` that stores the same batches and nchan, which is a gateway of the kind, and stores nothing. Events are published over HTTP to a log in SQLite, and their way to
 * each subscriber is timed; then so many sockets are opened, and the memory with them is told. It fails where the gateway's
 * 99th percentile is above the goal.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, commandLine } from '../../scripts/command-line.ts';
import { ensureNchan } from '../../scripts/nchan.ts';
import { cpuMs, ended, memoryMiB } from './process.ts';
import { bareWs, gateway, nchan, type Subscriber, type Target } from './targets.ts';

const SUBSCRIBERS = 10;
const BATCH = 100;
const BATCHES_PER_SECOND = 50;
const GOAL_MS = 250;
/** Sockets that are opened at once. */
const AT_ONCE = 200;

const WORDS =
  'waiting approved deploy stage build test failed retry worker node queue image layer cache region started finished seconds'.split(
    ' ',
  );

interface Figures {
  readonly p99Ms: number;
  readonly cpuPerEventUs: number;
}

const { values } = commandLine(
  command({
    name: 'npm run load',
    about:
      'What `trunkline serve` bears, with compression and without, beside a bare `ws` and nchan. On Linux.',
    options: {
      seconds: { type: 'number', takes: 'N', default: 60, about: 'publishes for so long; 0: not at all' },
      sockets: { type: 'number', takes: 'N', default: 10_000, about: 'then opens so many' },
    },
  }),
);
/** How the gateway ran where its 99th percentile was above the goal. */
const late: string[] = [];
const folder = mkdtempSync(join(tmpdir(), 'trunkline-load-'));
try {
  const bare = await measured(() => bareWs(folder), null);
  const module = ensureNchan();
  if (module === null)
    console.log(
      'nchan: not measured, since it is neither here nor in a Debian package that could be installed',
    );
  else await measured(() => nchan(folder, module), bare);
  for (const compresses of [false, true]) {
    const figures = await measured(() => gateway(folder, compresses), bare);
    if (figures && figures.p99Ms > GOAL_MS)
      late.push(compresses ? 'with compression' : 'without compression');
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (late.length > 0) throw new Error(`the gateway's p99 is above ${GOAL_MS} ms: ${late.join(', ')}`);

/** @param beside another one that was measured before */
async function measured(start: () => Promise<Target>, beside: Figures | null): Promise<Figures | null> {
  const target = await start();
  try {
    const { seconds } = values;
    const figures = seconds > 0 ? await publishing(target, seconds) : null;
    await sockets(target, values.sockets);
    if (figures && beside) {
      const [p99, cpu] = [figures.p99Ms / beside.p99Ms, figures.cpuPerEventUs / beside.cpuPerEventUs];
      console.log(`  beside bare ws: p99 ${p99.toFixed(1)} times, CPU time ${cpu.toFixed(1)} times`);
    }
    return figures;
  } finally {
    await ended(target);
  }
}

async function publishing(target: Target, seconds: number): Promise<Figures> {
  const latencies: number[] = [];
  let received = 0;
  const hear = (text: string) => {
    const now = performance.now();
    for (const match of text.matchAll(/"sent":([\d.]+)/g)) {
      received += 1;
      latencies.push(now - Number(match[1]));
    }
  };
  const clients = await Promise.all(Array.from({ length: SUBSCRIBERS }, () => target.subscribe(hear)));
  const bytesBefore = bytesOf(clients);
  const cpuBefore = cpuMs(target);
  const asked: number[] = [];
  const failed: unknown[] = [];
  const open = new Set<Promise<void>>();
  const began = performance.now();
  const batches = seconds * BATCHES_PER_SECOND;
  for (let batch = 0; batch < batches; batch++) {
    await sleep(Math.max(0, began + (batch * 1_000) / BATCHES_PER_SECOND - performance.now()));
    const sent = performance.now();
    const one = target
      .publish(eventsOf(batch, sent))
      .then(() => void asked.push(performance.now() - sent))
      .catch((error: unknown) => void failed.push(error))
      .finally(() => open.delete(one));
    open.add(one);
  }
  await Promise.all(open);
  const tookMs = performance.now() - began;
  const events = batches * BATCH;
  const expected = events * SUBSCRIBERS;
  while (received < expected && performance.now() - began < tookMs + 10_000) await sleep(50);
  const cpuPerEventUs = ((cpuMs(target) - cpuBefore) * 1_000) / events;
  const bytes = (bytesOf(clients) - bytesBefore) / expected;
  for (const { socket } of clients) socket.terminate();
  const p99Ms = at(latencies, 0.99);
  console.log(
    `${target.name}: ${Math.round((events * 1_000) / tookMs)} events/s in batches of ${BATCH} for ${Math.round(tookMs / 1_000)} s, ` +
      `${received} of ${expected} received by ${SUBSCRIBERS} subscribers\n` +
      `  to a subscriber ms: p50 ${at(latencies, 0.5)}, p99 ${p99Ms}, max ${at(latencies, 1)}; ` +
      `answer to the publisher ms: p50 ${at(asked, 0.5)}, p99 ${at(asked, 0.99)}\n` +
      `  CPU time of an event ${Math.round(cpuPerEventUs)} µs; bytes of an event on each subscriber's wire ${Math.round(bytes)}; ` +
      `memory ${memoryMiB(target)} MiB`,
  );
  if (failed.length > 0) throw new Error(`${failed.length} requests failed`, { cause: failed[0] });
  if (received !== expected) throw new Error('events are missing');
  return { p99Ms, cpuPerEventUs };
}

async function sockets(target: Target, count: number): Promise<void> {
  const before = memoryMiB(target);
  const clients: Subscriber[] = [];
  while (clients.length < count) {
    const more = Math.min(AT_ONCE, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: more }, () => target.subscribe(() => {})))));
  }
  const after = memoryMiB(target);
  console.log(
    `  ${count} sockets: ${before} MiB before, ${after} MiB with them, ${Math.round(((after - before) * 1_024) / count)} KiB each`,
  );
  for (const { socket } of clients) socket.terminate();
}

function eventsOf(batch: number, sent: number): readonly object[] {
  return Array.from({ length: BATCH }, (_, n) => ({
    topic: 'load',
    key: `node:${n}`,
    event: { type: 'node', id: n, batch, sent, text: words() },
  }));
}

/** About 100 characters that compress as a log's line does, and not as a repeated letter. */
function words(): string {
  return Array.from({ length: 15 }, () => WORDS[Math.floor(Math.random() * WORDS.length)]).join(' ');
}

function bytesOf(clients: readonly Subscriber[]): number {
  return clients.reduce((sum, { bytes }) => sum + bytes(), 0);
}

function at(numbers: readonly number[], part: number): number {
  const sorted = Float64Array.from(numbers).sort();
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0) * 10) / 10;
}
