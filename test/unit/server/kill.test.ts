import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { SUBPROTOCOL } from '../../../src/protocol/version.ts';
import { WireClient } from './support/wire.ts';

const SCRIPT = fileURLToPath(new URL('./support/killable.ts', import.meta.url));
const CLIENT_ID = randomUUID();
let folder = '';
let child: ChildProcess | null = null;
let port = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trunkline-kill-'));
});
afterEach(async () => {
  await kill();
  rmSync(folder, { recursive: true });
});

async function start(): Promise<void> {
  child = spawn(process.execPath, [SCRIPT, join(folder, 'log.db'), join(folder, 'effects')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!child.stdout) throw new Error('no output');
  const [line] = await once(createInterface(child.stdout), 'line');
  port = Number(line);
}

async function kill(): Promise<void> {
  const killed = child;
  child = null;
  if (!killed || killed.exitCode !== null || killed.signalCode !== null) return;
  killed.kill('SIGKILL');
  await once(killed, 'exit');
}

async function connect(): Promise<WireClient> {
  const client = new WireClient(new WebSocket(`ws://127.0.0.1:${port}`, SUBPROTOCOL));
  await client.opened;
  client.hello({ client_id: CLIENT_ID });
  return client;
}

const effects = () => {
  const path = join(folder, 'effects');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
};

test('a server that is killed again and again accepts every command exactly once, in order, with one result', async () => {
  const commands = Array.from({ length: 120 }, (_, index) => ({
    id: randomUUID(),
    text: `command ${index}`,
    attempt: 0,
  }));
  const results = new Map<string, unknown>();
  let firstDedupeSince: number | null = null;
  for (const acksBeforeKill of [5, 17, 1, 30, Number.POSITIVE_INFINITY]) {
    await start();
    const client = await connect();
    const welcome = await client.next('welcome');
    firstDedupeSince ??= welcome.dedupe_since;
    expect(welcome.dedupe_since).toBe(firstDedupeSince);
    const pending = commands.filter(({ id }) => !results.has(id));
    for (const command of pending) {
      command.attempt += 1;
      client.command(
        { type: 'note', text: command.text },
        { id: command.id, topic: 't', attempt: command.attempt },
      );
    }
    const wanted = Math.min(acksBeforeKill, pending.length);
    for (const ack of await client.take('command_ack', wanted)) results.set(ack.id, ack.result);
    await kill();
    await client.closed;
    // What had arrived before the kill counts as well, as it would in a browser.
    for (const frame of client.frames) if (frame.type === 'command_ack') results.set(frame.id, frame.result);
  }
  expect(commands.map(({ id }) => results.get(id))).toEqual(commands.map(({ text }) => `${text} done`));

  await start();
  const client = await connect();
  client.send({ type: 'subscribe', topic: 't', ref: 1 });
  const parts = [await client.next('snapshot')];
  while (!parts.at(-1)?.last) parts.push(await client.next('snapshot'));
  const events = parts.flatMap((part) => part.events);
  expect(events.map(({ event }) => event['line'])).toEqual(commands.map(({ text }) => text));
  client.command(
    { type: 'note', text: 'command 0' },
    { id: String(commands[0]?.id), topic: 't', attempt: 9 },
  );
  expect(await client.next('command_ack')).toMatchObject({ duplicate: true, result: 'command 0 done' });
  client.socket.terminate();
  // Effects outside the log happen at least once.
  expect(new Set(effects()).size).toBe(commands.length);
  expect(effects().length).toBeGreaterThanOrEqual(commands.length);
}, 60_000);

test('a withdrawal that a server has answered holds through kills, and one that it has not is decided by the next', async () => {
  await start();
  const first = await connect();
  await first.next('welcome');
  const [never, running, done] = [randomUUID(), randomUUID(), randomUUID()];
  first.send({ type: 'withdraw', id: never });
  expect(await first.next('command_nack')).toMatchObject({ id: never, code: 'cancelled', ran: false });
  first.command({ type: 'note', text: 'quick' }, { id: done, topic: 't' });
  await first.next('command_ack');
  first.command({ type: 'note', text: 'slow' }, { id: running, topic: 't' });
  await vi.waitFor(() => expect(effects()).toContain(running));
  // Its handler runs: no answer before the kill.
  first.send({ type: 'withdraw', id: running });
  await first.settle();
  await kill();
  await first.closed;

  await start();
  const second = await connect();
  await second.next('welcome');
  for (const id of [never, running, done]) second.send({ type: 'withdraw', id });
  const nacks = await second.take('command_nack', 2);
  expect(nacks.find(({ id }) => id === never)).toMatchObject({ code: 'cancelled', ran: false });
  // The killed server had begun it.
  expect(nacks.find(({ id }) => id === running)).not.toHaveProperty('ran');
  expect(await second.next('command_ack')).toMatchObject({ id: done, duplicate: true, result: 'quick done' });
  await kill();
  await second.closed;

  await start();
  const third = await connect();
  for (const id of [never, running])
    third.command({ type: 'note', text: 'quick' }, { id, topic: 't', attempt: 2 });
  expect((await third.take('command_nack', 2)).map(({ code }) => code)).toEqual(['cancelled', 'cancelled']);
  expect(effects().filter((id) => id === never)).toEqual([]);
  expect(effects().filter((id) => id === running)).toHaveLength(1);
  third.socket.terminate();
}, 60_000);

test('a command whose server is killed while it runs has not happened, and runs when it is sent again', async () => {
  await start();
  const first = await connect();
  await first.next('welcome');
  const id = first.command({ type: 'note', text: 'slow' }, { topic: 't' });
  await vi.waitFor(() => expect(effects()).toEqual([id]));
  await kill();
  await first.closed;
  expect(first.frames.map(({ type }) => type)).toEqual(['welcome']);

  await start();
  const second = await connect();
  second.send({ type: 'subscribe', topic: 't', ref: 1 });
  expect(await second.next('snapshot')).toMatchObject({ events: [] });
  second.command({ type: 'note', text: 'quick' }, { id, topic: 't', attempt: 2 });
  expect(await second.next('command_ack')).toEqual({ type: 'command_ack', id, result: 'quick done' });
  expect(effects()).toEqual([id, id]);
  second.socket.terminate();
}, 30_000);
