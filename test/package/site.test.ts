import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Browser, chromium, type FrameLocator, type Page } from 'playwright';
import { type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumLaunch } from '../../scripts/chromium.ts';
import { brokenLinks } from '../../scripts/site/links.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const BASE = '/trunkline/';
const folder = mkdtempSync(join(tmpdir(), 'trunkline-site-'));
const out = join(folder, 'built');
let server: PreviewServer;
let browser: Browser;

beforeAll(async () => {
  // It judges the links of what it has built.
  execFileSync(process.execPath, [join(ROOT, 'scripts/site.ts'), '--base', BASE, '--out', out], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  server = await preview({
    configFile: false,
    root: folder,
    base: BASE,
    build: { outDir: 'built' },
    preview: { host: '127.0.0.1', port: 0 },
  });
  browser = await chromium.launch(chromiumLaunch());
  // It installs the generator where that is not there, and renders all documents.
}, 600_000);
afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The first page, its frames, and what went wrong on it. */
async function openLive(): Promise<{ page: Page; a: FrameLocator; b: FrameLocator; errors: string[] }> {
  const context = await browser.newContext();
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(`${server.resolvedUrls?.local[0]}`);
  return {
    page,
    a: page.frameLocator('iframe[title="Tab A"]'),
    b: page.frameLocator('iframe[title="Tab B"]'),
    errors,
  };
}

test('a decision that was taken while the line of the first page is cut survives reloads, and is accepted once', async () => {
  const { page, a, b, errors } = await openLive();
  for (const tab of [a, b]) await tab.getByText('deploy: waiting').waitFor();

  await page.getByRole('button', { name: 'Cut the line' }).click();
  for (const tab of [a, b]) await tab.getByText('Line: closed (network)').waitFor();
  await a.getByRole('button', { name: 'Approve' }).click();
  const waits = '“approved” is stored on this device';
  for (const tab of [a, b]) await tab.getByText(waits).waitFor();
  // Both at once: nobody but the worker and its store can know of it then.
  await page.getByRole('button', { name: 'Reload Tab A' }).click();
  await page.getByRole('button', { name: 'Reload Tab B' }).click();
  for (const tab of [a, b]) {
    await tab.getByText('Line: closed (network)').waitFor();
    await tab.getByText(waits).waitFor();
  }
  await page.getByText('No decision accepted yet.').waitFor();

  await page.getByRole('button', { name: 'Mend the line' }).click();
  await page.getByText('The server has accepted 1 decision: approved.').waitFor();
  for (const tab of [a, b]) {
    await tab.getByText('deploy: approved').waitFor();
    await tab.getByText('Outbox: empty.').waitFor();
  }

  // The next question has its own decision, by the other tab.
  await page.getByRole('button', { name: 'Ask again' }).click();
  await b.getByRole('button', { name: 'Reject' }).click();
  await page.getByText('The server has accepted 1 decision: rejected.').waitFor();
  await a.getByText('deploy: rejected').waitFor();
  expect(errors).toEqual([]);
  await page.context().close();
});

test('a decision outlives the page that holds the server, and every tab beside it', async () => {
  const { page, a, errors } = await openLive();
  await a.getByText('deploy: waiting').waitFor();
  await page.getByRole('button', { name: 'Cut the line' }).click();
  await a.getByText('Line: closed (network)').waitFor();
  await a.getByRole('button', { name: 'Approve' }).click();
  await a.getByText('is stored on this device').waitFor();

  await page.reload();
  await page.getByText('The server has accepted 1 decision: approved.').waitFor();
  await a.getByText('deploy: approved').waitFor();
  expect(errors).toEqual([]);
  await page.context().close();
});

test('a second page of the site leaves the server where it is, and takes it over when that one is closed', async () => {
  const { page, a } = await openLive();
  await a.getByText('deploy: waiting').waitFor();
  const second = await page.context().newPage();
  await second.goto(page.url());
  await second.getByText('The server runs in another tab that shows this page.').waitFor();
  const other = second.frameLocator('iframe[title="Tab B"]');
  await other.getByRole('button', { name: 'Approve' }).click();
  await page.getByText('The server has accepted 1 decision: approved.').waitFor();

  await page.close();
  await second.getByText('No decision accepted yet.').waitFor();
  await other.getByText('deploy: waiting').waitFor();
  await second.context().close();
});

test('the reference has a page for each entry, and the search finds what only the documents have', async () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const { page } = await openLive();
  await page.goto(new URL('api/', page.url()).href);
  const entries = Object.keys(exports)
    .filter((entry) => entry !== './package.json')
    .map((entry) => `trunkline${entry.slice(1)}`);
  const named = await page.locator('main li a').allTextContents();
  expect(named.sort()).toEqual(entries.sort());

  await page.getByRole('button', { name: 'Search' }).first().click();
  await page.getByRole('searchbox').fill('what a device keeps is not the server');
  await page
    .getByRole('link', { name: /What a device keeps/ })
    .first()
    .click();
  await page.waitForURL(/0022-what-a-device-keeps/);
  await page.context().close();
});

test('a link to a page, a file or a heading that is not there is told', () => {
  const pages = ['index.html', 'more/index.html'];
  const html = `<a id="here" href="#here">ok</a> <a href="/base/more/#there">ok</a> <a href="https://example.org">ok</a>
    <a href="more/#nowhere">1</a> <a href="gone.html">2</a> <img src="gone.svg"> <a href="/else/">3</a> &lt;a href="text"`;
  const built = mkdtempSync(join(tmpdir(), 'trunkline-links-'));
  try {
    mkdirSync(join(built, 'more'));
    writeFileSync(join(built, 'index.html'), html);
    writeFileSync(join(built, 'more/index.html'), '<h2 id="there">There</h2><a href="../#here">ok</a>');
    expect(brokenLinks(built, pages, '/base/')).toEqual(
      ['more/#nowhere', 'gone.html', 'gone.svg', '/else/'].map((link) => `index.html: ${link}`),
    );
  } finally {
    rmSync(built, { recursive: true, force: true });
  }
});
