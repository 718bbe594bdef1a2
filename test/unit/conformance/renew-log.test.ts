import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { renewLog } from '../../../src/cli/renew-log.ts';
import { sqliteLog, sqliteProjection } from '../../../src/server/sqlite/index.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trunkline-renew-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a person renews a log: all epochs are others, and nothing of before counts as remembered', async () => {
  const path = join(folder, 'log.db');
  const first = sqliteLog(path);
  await first.open({ now: 1_000, tailLimit: 1 });
  const { epoch } = await first.state('t');
  await first.close();
  const told: string[] = [];
  const before = Date.now();
  await renewLog(path, (line) => told.push(line));
  expect(told).toEqual([expect.stringContaining(path)]);
  const next = sqliteLog(path);
  expect(await next.open({ now: 2_000, tailLimit: 1 })).not.toHaveProperty('restored');
  expect((await next.state('t')).epoch).not.toBe(epoch);
  expect(await next.dedupeSince()).toBeGreaterThanOrEqual(before);
  await next.close();
});

test('a log that is not there is not made', async () => {
  const path = join(folder, 'none.db');
  await expect(renewLog(path, () => {})).rejects.toThrow(`There is no log at ${path}.`);
  expect(existsSync(path)).toBe(false);
});

test('what a server has made of a shared log is no log to renew', async () => {
  const path = join(folder, 'projection.db');
  const before = await sqliteProjection(path);
  before.applyAll(1, [], () => 'a note');
  before.close();
  await expect(renewLog(path, () => {})).rejects.toThrow('is no log of its own');
  const after = await sqliteProjection(path);
  expect(after.position).toBe(1);
  after.close();
});

test('a log in memory is not renewed', async () => {
  await expect(renewLog('memory', () => {})).rejects.toThrow('ends with its server');
});
