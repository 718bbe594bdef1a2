/** What docs/testing.md says of tests in a real browser: `trunkline/testing/network` under Playwright, and in Vitest's browser mode. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import { CHROMIUM_ARGS, chromiumPath } from '../../scripts/chromium.ts';
import { lastingPort } from '../../testing/network/lasting-port.ts';
import { filesOf, writeFiles } from './support/code-blocks.ts';
import { compile } from './support/compile.ts';

const consumer = inject('consumer');
const folder = join(consumer.folder, 'in-a-browser');
const IN_BROWSER = 'browser/';
const guide = [...filesOf('docs/guide.md')].filter(([name]) =>
  ['protocol.ts', 'hub.ts', 'page.ts', 'index.html', 'server.ts'].includes(name),
);
const own = [...filesOf('docs/testing.md')].flatMap(([name, text]): [string, string][] =>
  name.startsWith(IN_BROWSER) ? [[name.slice(IN_BROWSER.length), text]] : [],
);

beforeAll(async () => {
  const launch = `launchOptions: ${JSON.stringify({ executablePath: chromiumPath(), args: CHROMIUM_ARGS })}`;
  // Ports that are free on this machine, its Chromium and its Node, in the place of what a reader has.
  const [server, ofPlaywright, ofVitest, vite, api] = await Promise.all(
    Array.from({ length: 5 }, lastingPort),
  );
  writeFiles(new Map([...guide, ...own]), folder, (text) =>
    text
      .replaceAll('8080', `${server}`)
      .replaceAll('8081', `${ofPlaywright}`)
      .replaceAll('8082', `${ofVitest}`)
      .replace("['http://localhost:5173']", `['http://localhost:5173', 'http://localhost:${api}']`)
      .replaceAll('5173', `${vite}`)
      .replaceAll('5174', `${api}`)
      .replace('npx vite', `npx vite --port ${vite} --strictPort`)
      .replace('node server.ts', `${process.execPath} server.ts`)
      .replace('baseURL:', `${launch}, baseURL:`)
      .replace('playwright()', `playwright({ ${launch} })`),
  );
});

test('the code compiles as it stands', () => {
  const options = {
    module: 'ESNext',
    moduleResolution: 'bundler',
    types: ['node', 'vite/client'],
    skipLibCheck: true,
  };
  const sources = own.map(([name]) => join(folder, name));
  expect(compile(consumer.folder, 'testing-in-a-browser', options, sources)).toBe('');
});

test('it runs under Playwright', () => {
  run('@playwright/test/cli.js', 'test', '--config', join(folder, 'playwright.config.ts'));
});

test("it runs in Vitest's browser mode", async () => {
  const server = spawn(process.execPath, ['server.ts'], { cwd: folder, stdio: 'inherit' });
  try {
    run('vitest/vitest.mjs', 'run', '--root', folder);
  } finally {
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
});

function run(script: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(consumer.folder, 'node_modules', script), ...args],
    // With the variables of the run that this is in, it would take itself for a part of that.
    {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1' },
    },
  );
  expect(status, stdout + stderr).toBe(0);
  expect(stdout).toContain('1 passed');
}
