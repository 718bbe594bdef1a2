import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { renewLog } from '../../../src/cli/renew-log.ts';
import type { EventLog } from '../../../src/server/log/event-log.ts';
import { sqliteLog } from '../../../src/server/sqlite/index.ts';

const HOLDER = fileURLToPath(new URL('./support/log-holder.ts', import.meta.url));
/** A guard against hanging: no test waits for it. */
const LONG_MS = 60_000;
let path = '';
let holder: ChildProcessWithoutNullStreams;

beforeEach(async () => {
  path = join(mkdtempSync(join(tmpdir(), 'trunkline-lock-')), 'log.db');
  holder = spawn(process.execPath, [HOLDER, path]);
  await once(holder.stdout, 'data');
});
afterEach(async () => {
  await ended('SIGKILL');
  rmSync(join(path, '..'), { recursive: true });
});

async function ended(how: 'SIGKILL' | 'in order'): Promise<void> {
  if (holder.exitCode !== null || holder.signalCode !== null) return;
  const exit = once(holder, 'exit');
  if (how === 'SIGKILL') holder.kill(how);
  else holder.stdin.write('end');
  await exit;
}

const opened = (log: EventLog) => log.open({ now: 2_000, tailLimit: 1 });

test('a log that another process has is refused with a sentence, and nothing of it is changed', async () => {
  const second = sqliteLog(path);
  await expect(opened(second)).rejects.toThrow(
    `sqliteLog: ${path} is in use by another server, and one works on a log at a time.`,
  );
  await second.close();
  const db = new DatabaseSync(path, { readOnly: true });
  expect(db.prepare('SELECT count(*) AS runs FROM runs').get()).toEqual({ runs: 1 });
  db.close();
});

test('a log is given to one of those in a process, too', async () => {
  await ended('in order');
  const [first, second] = [sqliteLog(path), sqliteLog(path)];
  await opened(first);
  await expect(opened(second)).rejects.toThrow('in use by another server');
  await first.close();
  await opened(second);
  await second.close();
});

test('a log is free at once when the process that has it is killed', async () => {
  await ended('SIGKILL');
  const next = sqliteLog(path);
  expect(await opened(next)).toMatchObject({ newestTime: 1_000 });
  await next.close();
});

test('a log that waits is opened when the process before it ends', async () => {
  const next = sqliteLog(path, { waitMs: LONG_MS });
  const opening = opened(next);
  const other = sqliteLog(path);
  await expect(opened(other)).rejects.toThrow('in use');
  await ended('in order');
  expect(await opening).toMatchObject({ newestTime: 1_000 });
  await expect(opened(other)).rejects.toThrow('in use');
  await Promise.all([next.close(), other.close()]);
});

test('a log that waits in vain says how long it did', async () => {
  const next = sqliteLog(path, { waitMs: 150 });
  await expect(opened(next)).rejects.toThrow('in use by another server still, after 150 ms');
  await next.close();
});

test('a log that is closed while it waits does not get it', async () => {
  const next = sqliteLog(path, { waitMs: LONG_MS });
  const opening = expect(opened(next)).rejects.toThrow('was closed before it could be opened');
  await next.close();
  await opening;
});

test('a log is not renewed while a server has it', async () => {
  await expect(renewLog(path, () => {})).rejects.toThrow('in use by another server');
});

test('a log that a server has can be copied', async () => {
  const db = new DatabaseSync(path);
  db.exec(`VACUUM INTO '${path}-copy'`);
  db.close();
  const copy = sqliteLog(`${path}-copy`);
  expect(await opened(copy)).toMatchObject({ newestTime: 1_000 });
  await copy.close();
});
