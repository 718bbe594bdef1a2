import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { chromium } from 'playwright';
import { expect, inject, test } from 'vitest';
import { CHROMIUM_ARGS, chromiumPath } from '../../scripts/chromium.ts';
import { startSite } from '../e2e/harness/site.ts';
import { buildWithVite } from './support/bundlers.ts';
import { compile } from './support/compile.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const { folder } = inject('consumer');

/** The files that a document contains: code blocks that name one. */
function filesOf(document: string): Map<string, string> {
  const blocks = readFileSync(join(ROOT, document), 'utf8').matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms);
  return new Map([...blocks].map(([, name = '', text = '']) => [name, text]));
}

const files = filesOf('README.md');

test('the readme has the three files of an application, its page and its server', () => {
  expect([...files.keys()]).toEqual(['protocol.ts', 'hub.ts', 'page.ts', 'index.html', 'server.ts']);
});

test("the readme's files compile as they stand", () => {
  const written = writeFiles('readme', (text) => text);
  const page = ['hub.ts', 'page.ts'].map((name) => join(written, name));
  const options = { moduleDetection: 'force', types: [] };
  expect(
    compile(folder, 'readme-page', { module: 'ESNext', moduleResolution: 'bundler', ...options }, page),
  ).toBe('');
  const server = [join(written, 'server.ts')];
  expect(compile(folder, 'readme-server', { module: 'NodeNext', types: ['node'] }, server)).toBe('');
});

test("the readme's application works: a decision in one tab is seen in the other, and after a reload", async () => {
  const port = await freePort();
  const app = writeFiles('readme-running', (text) =>
    text.replace('localhost:8080', `127.0.0.1:${port}`).replace('listen(8080', `listen(${port}`),
  );
  const pages = await buildWithVite({ app, folder: join(folder, 'readme-built') });
  const site = await startSite(pages, () => port);
  const serverFile = readFileSync(join(app, 'server.ts'), 'utf8');
  writeFileSync(join(app, 'server.ts'), serverFile.replace('http://localhost:5173', site.origin));
  const server = spawn(process.execPath, ['server.ts'], { cwd: app, stdio: 'inherit' });
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: CHROMIUM_ARGS });
  try {
    const context = await browser.newContext();
    const one = await context.newPage();
    const two = await context.newPage();
    await one.goto(site.origin);
    await two.goto(site.origin);
    await one.getByRole('button', { name: 'Approve deploy' }).click();
    await two.getByText('deploy: approved').waitFor();
    await one.reload();
    await one.getByText('deploy: approved').waitFor();
    await one.getByText('announce: waiting').waitFor();
    expect(site.violations).toEqual([]);
  } finally {
    await browser.close();
    server.kill('SIGKILL');
    await once(server, 'exit');
    await site.close();
  }
});

test.each(['README.md', 'CONTRIBUTING.md'])('every file that %s links to exists', (document) => {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const links = [...text.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, link = '']) => link);
  const missing = links.filter(
    (link) => !/^https?:/.test(link) && !existsSync(join(ROOT, dirname(document), link)),
  );
  expect(links.length).toBeGreaterThan(0);
  expect(missing).toEqual([]);
});

function writeFiles(name: string, change: (text: string) => string): string {
  const into = join(folder, name);
  mkdirSync(into, { recursive: true });
  for (const [file, text] of files) writeFileSync(join(into, file), change(text));
  return into;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
