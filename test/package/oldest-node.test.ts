import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const INSTALL_MS = 120_000;

const version = /in Node (\d+\.\d+) or later/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1];
const folder = mkdtempSync(join(tmpdir(), 'trunkline-oldest-node-'));
const node = join(folder, 'node_modules/node/bin/node');
const run = (...args: string[]) => execFileSync(node, args, { cwd: ROOT, encoding: 'utf8' });

beforeAll(() => {
  const dependencies = { node: `${version}.0` };
  const content = { name: 'oldest-node', private: true, dependencies, allowScripts: { node: true } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(content));
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], {
    cwd: folder,
    timeout: INSTALL_MS,
  });
}, INSTALL_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the logs pass their tests on the oldest Node that the readme promises for a server', () => {
  expect(run('--version')).toBe(`v${version}.0\n`);
  const report = join(folder, 'report.json');
  run(
    'node_modules/vitest/vitest.mjs',
    ...['run', '--project', 'unit', '--reporter=json', `--outputFile=${report}`],
    // What SQLite does differs with the Node that brings it.
    'test/unit/server/event-logs.test.ts',
  );
  const { success, numPassedTests } = JSON.parse(readFileSync(report, 'utf8'));
  expect(success).toBe(true);
  expect(numPassedTests).toBeGreaterThan(50);
});
