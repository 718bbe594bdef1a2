import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const INSTALL_MS = 300_000;

const version = /in Node (\d+\.\d+) or later/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1];
const folder = mkdtempSync(join(tmpdir(), 'trunkline-oldest-node-'));
const nodeOf = (name: string) => join(folder, 'node_modules', name, 'bin/node');
const run = (...args: string[]) => execFileSync(nodeOf('node'), args, { cwd: ROOT, encoding: 'utf8' });
/** What `engines` promises the package runs in. */
const LEAST = '20.3';

beforeAll(() => {
  const dependencies = { node: `${version}.0`, least: `npm:node@${LEAST}.0`, older: 'npm:node@20.2.0' };
  const content = { name: 'oldest-node', private: true, dependencies, allowScripts: { node: true } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(content));
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], {
    cwd: folder,
    timeout: INSTALL_MS,
  });
});
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

/** What a script beside the installed package prints in such a Node, errors too. */
function printedBy(name: string, script: string): string {
  const cwd = inject('consumer').folder;
  const { stdout, stderr } = spawnSync(nodeOf(name), ['--input-type=module', '-e', script], {
    cwd,
    encoding: 'utf8',
  });
  return stdout + stderr;
}

const SERVER = `
  import { defineProtocol } from 'trunkline/protocol';
  import { createServer } from 'trunkline/server';
  const protocol = defineProtocol({ app: 'old', version: 1, events: {}, commands: {} });
  const server = createServer(protocol, { commands: {}, allowedOrigins: ['http://localhost'] });
  while (server.health() === 'opening') await new Promise((later) => setTimeout(later));
  console.log(server.health());
  await server.close();
`;

test('a server runs in the least Node of `engines`, and says so in an older one', () => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(engines).toEqual({ node: `>=${LEAST}` });
  expect(printedBy('least', SERVER)).toBe('ready\n');
  expect(printedBy('older', SERVER)).toContain(
    `Error: trunkline/server needs Node ${LEAST} or later, and this is Node 20.2.0\n`,
  );
});

test('a log in SQLite says which Node it needs, by its entry and by its address', () => {
  const said = 'Error: trunkline/server/sqlite needs Node 22.13 or later, and this is Node 20.3.0\n';
  expect(printedBy('least', "import 'trunkline/server/sqlite';")).toContain(said);
  const byAddress = "import { logOf } from 'trunkline/server/address'; await logOf('sqlite:log.db');";
  expect(printedBy('least', byAddress)).toContain(said);
});
