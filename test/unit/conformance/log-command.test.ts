import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { sqliteLog } from '../../../src/server/sqlite/index.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'trunkline-log-'));
afterAll(() => rmSync(folder, { recursive: true }));
const trunkline = (...args: string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });

test('trunkline log renew begins new epochs, and says so', async () => {
  const path = join(folder, 'log');
  const epoch = async () => {
    const log = sqliteLog(path);
    await log.open({ now: Date.now(), tailLimit: 10 });
    const state = await log.state('t');
    await log.close();
    return state.epoch;
  };
  const before = await epoch();
  const { status, stdout } = trunkline('log', 'renew', path);
  expect(stdout).toContain(path);
  expect(status).toBe(0);
  expect(await epoch()).not.toBe(before);
});

test('trunkline log says how it is called, and which log is not there', () => {
  expect(trunkline('log')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('trunkline log renew LOG'),
  });
  expect(trunkline('log', '--help')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('trunkline log renew LOG'),
  });
  const missing = join(folder, 'missing');
  expect(trunkline('log', 'renew', missing)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(missing),
  });
});
