/** `trunkline init`: what it writes is installed, checked, tested, built and used, by the commands that it names. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { chromiumLaunch } from '../../scripts/chromium.ts';
import { TEMPLATES } from '../../src/cli/write-application.ts';
import { lastingPort } from '../../testing/network/lasting-port.ts';
import { npmInstall } from './support/consumer.ts';

const { folder: consumer, installed } = inject('consumer');
const CLI = join(installed, 'dist/src/cli/main.js');
/** Beside the consumer, whose packages an application must not find. */
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'trunkline-init-')));
/** Only a guard: of checks, tests and builds. */
const RUN_MS = 300_000;
/** With the variables of the run that this is in, an application's Vitest would take itself for a part of that. */
const ENV = { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1' };

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunch());
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

const running = new Set<ChildProcess>();
afterEach(async () => {
  for (const child of running) await kill(child);
});

async function kill(child: ChildProcess): Promise<void> {
  running.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Resolves when it has said `sign`, with all that it says. */
async function start(cwd: string, args: readonly string[], port: number, sign: RegExp) {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...ENV, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      said += chunk;
      if (sign.test(said)) resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('exit', (code) => reject(new Error(`it ended with ${code}:\n${said}`)));
  });
  return { child, said: () => said };
}

function npmRun(cwd: string, script: string) {
  const { status, stdout, stderr } = spawnSync('npm', ['run', script, '--loglevel=error'], {
    cwd,
    env: ENV,
    encoding: 'utf8',
    timeout: RUN_MS,
  });
  expect(status, `npm run ${script}:\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

describe.each(TEMPLATES)('with --template %s', (template) => {
  const app = join(folder, `board-${template}`);

  beforeAll(() => {
    execFileSync(process.execPath, [CLI, 'init', app, '--template', template], { cwd: consumer });
    npmInstall(app);
  });

  test("the pages of Vite's development server load once, with nothing in its cache, and do what they are for", async () => {
    expect(await use(app, [])).not.toContain('optimized');
  });

  test('its types, its tests and its build pass, and what is built does what it is for', async () => {
    npmRun(app, 'check');
    expect(npmRun(app, 'test')).toContain('✓ test/list.test.ts');
    npmRun(app, 'build');
    await use(app, ['preview']);
  });
});

/** As its README says: two tabs, an outage, a reload. What Vite has said meanwhile. */
async function use(app: string, command: readonly string[]): Promise<string> {
  // What an earlier server remembers.
  for (const name of readdirSync(app)) if (name.includes('.db')) rmSync(join(app, name));
  const serverPort = await lastingPort();
  const pagesPort = await lastingPort();
  const startServer = () => start(app, ['server/main.ts'], serverPort, /the server listens/);
  const vite = ['node_modules/vite/bin/vite.js', ...command, '--port', `${pagesPort}`, '--strictPort'];
  const { said } = await start(app, vite, serverPort, /Local:/);
  const server = await startServer();
  const context = await browser.newContext({ baseURL: `http://localhost:${pagesPort}` });
  // Only a guard: a busy machine takes its time over a development server's pages.
  context.setDefaultTimeout(120_000);
  try {
    const uncaught: string[] = [];
    context.on('weberror', (error) => uncaught.push(error.error().message));
    const one = await context.newPage();
    const two = await context.newPage();
    const loads: Page[] = [];
    for (const page of [one, two]) {
      page.on('load', (loaded) => loads.push(loaded));
      await page.goto('/');
    }
    for (const page of [one, two]) await says(page, 'open · 2 tabs share one connection');

    await add(one, 'milk');
    for (const page of [one, two]) await row(page, 'milk', 'accepted').waitFor();
    await two.getByRole('checkbox', { name: 'milk' }).click();
    await expect.poll(() => one.getByRole('checkbox', { name: 'milk' }).isChecked()).toBe(true);
    // It was shown as soon as it was sent.
    await row(one, 'milk', 'accepted').waitFor();

    await kill(server.child);
    await says(one, 'closed');
    await add(one, 'bread');
    for (const page of [one, two]) await row(page, 'bread', 'queued').waitFor();
    expect(loads).toEqual([one, two]);
    await one.reload();
    await row(one, 'bread', 'queued').waitFor();
    // As it was last known.
    await row(one, 'milk', 'accepted').waitFor();

    await startServer();
    for (const page of [one, two]) await row(page, 'bread', 'accepted').waitFor();
    expect(await one.getByRole('listitem').count()).toBe(2);
    expect(uncaught).toEqual([]);
  } finally {
    await context.close();
  }
  return said();
}

const says = (page: Page, text: string) => page.locator('.status', { hasText: text }).waitFor();
const row = (page: Page, text: string, standing: string) =>
  page.getByRole('listitem').filter({ hasText: text }).filter({ hasText: standing });

async function add(page: Page, text: string): Promise<void> {
  await page.getByPlaceholder('What to add').fill(text);
  await page.getByRole('button', { name: 'Add' }).click();
}
