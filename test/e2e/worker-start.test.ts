/** A worker that does not start: the browser says nothing of why, and the person is told what is so. */
import { copyFileSync, cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, expect, type Page } from '@playwright/test';
import type { PageHandle } from './app/page.ts';
import { labConfig, labPage } from './harness/lab-page.ts';
import { required } from './harness/required.ts';
import { startSite } from './harness/site.ts';

/** How the site answers. */
interface Answers {
  /** For the page itself. */
  page?: OutgoingHttpHeaders;
  /** For the worker's script; `null`: the connection is dropped. */
  script?: { status?: number; type?: string; body?: string } | null;
}

const test = base.extend<{ answers: Answers; origin: string }>({
  answers: {},
  origin: async ({ answers }, use) => {
    const pages = required('TRUNKLINE_E2E_PAGES');
    const server = createServer(async ({ url = '/', socket }, response) => {
      const path = url === '/' ? '/index.html' : url;
      const isScript = /hub/.test(path);
      if (isScript && answers.script === null) {
        socket.destroy();
        return;
      }
      const file = await readFile(join(pages, path)).catch(() => '');
      const { status, type, body } = (isScript && answers.script) || {};
      const isPage = path.endsWith('.html');
      response
        .writeHead(status ?? 200, {
          'content-type': type ?? (isPage ? 'text/html' : 'text/javascript'),
          ...(isPage && answers.page),
        })
        .end(body ?? file);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  },
});

/** What the page is told, and its console, in one line. */
async function told(page: Page, origin: string, ownWorker = false): Promise<string> {
  const lines: string[] = [];
  page.on('console', (line) => {
    if (line.text().startsWith('[trunkline]')) lines.push(line.text());
  });
  await page.addInitScript((isOwn) => {
    window.gatesConfig = { url: '/live', identity: 'anonymous', token: null };
    if (isOwn) Object.assign(window, { SharedWorker: class extends Worker {} });
  }, ownWorker);
  await page.goto(origin);
  const connection = () => page.evaluate(() => window.gates.client.connection.get());
  await expect.poll(connection).toMatchObject({ state: 'closed', reason: 'hub_unavailable' });
  const closed = await connection();
  const message = (closed.state === 'closed' && closed.detail?.message) || '';
  await expect.poll(() => lines).toEqual([expect.stringContaining(message)]);
  return message;
}

const CASES: [string, Answers, RegExp][] = [
  [
    'a file that is missing',
    { script: { status: 404, type: 'text/html' } },
    /hub\S* is answered with 404, text\/html, in place of text\/javascript; reload to continue$/,
  ],
  [
    'a page in place of a file that is missing',
    { script: { type: 'text/html', body: '<p>' } },
    /hub\S* is answered with 200, text\/html, in place of text\/javascript; reload to continue$/,
  ],
  [
    'a wrong MIME type',
    { script: { type: 'text/plain' } },
    /hub\S* is answered with 200, text\/plain, in place of text\/javascript; reload to continue$/,
  ],
  [
    'a server that fails',
    { script: { status: 500 } },
    /hub\S* is answered with 500, text\/javascript, in place of/,
  ],
  [
    'a server that is gone',
    { script: null },
    /hub\S* cannot be loaded: there is no network, or its server is down$/,
  ],
  ['a script that throws', { script: { body: 'throw new Error("boom")' } }, /its script failed: .*boom$/],
  [
    'a policy',
    { page: { 'content-security-policy': "worker-src 'none'" } },
    /worker-src of the page's Content-Security-Policy forbids http:\S+hub\S*$/,
  ],
  [
    'a script that the browser cannot read',
    { script: { body: 'this is no script' } },
    /does not say why: http:\S+hub\S* is there, but what it imports may be missing/,
  ],
];
for (const [name, answers, wanted] of CASES) {
  test.describe(name, () => {
    test.use({ answers });
    test('is told as that', async ({ origin, page }) => {
      expect(await told(page, origin)).toMatch(wanted);
    });
  });
}

test.describe("a policy that lets nobody look at the worker's script", () => {
  const policy = "connect-src 'none'";
  test.use({ answers: { script: { status: 404 }, page: { 'content-security-policy': policy } } });
  test('is not taken for a missing network', async ({ origin, page }) => {
    expect(await told(page, origin)).toMatch(/does not say why, and connect-src lets nobody look/);
  });
});

test.describe('a page with an embedder policy that its own worker lacks', () => {
  test.use({ answers: { page: { 'cross-origin-embedder-policy': 'require-corp' } } });
  test('is told as that', async ({ origin, page }) => {
    expect(await told(page, origin, true)).toMatch(
      /what it imports may be missing, or it lacks the page's embedder policy/,
    );
  });
});

test('a script that failed leaves no worker behind: a page that is loaded again starts the mended one', async ({
  page,
}) => {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-mistake-'));
  cpSync(required('TRUNKLINE_E2E_LAB'), folder, { recursive: true });
  // Nobody listens there: the hub says so, once it runs.
  const site = await startSite(folder, () => 1);
  try {
    const config = labConfig(1, { worker: 'with a mistake' });
    await page.addInitScript((value) => {
      window.labConfig = value;
    }, config);
    const { connection } = labPage((expression) => page.evaluate(expression), config.identity);
    await page.goto(site.origin);
    await expect.poll(connection).toMatchObject({
      reason: 'hub_unavailable',
      detail: { message: expect.stringContaining('there is no setting `hartbeatMs`') },
    });

    const assets = join(folder, 'assets');
    const built = (name: string) => {
      const file = readdirSync(assets).find((each) => new RegExp(`^${name}-.{8}\\.js$`).test(each));
      if (!file) throw new Error(`there is no ${name} among ${readdirSync(assets)}`);
      return join(assets, file);
    };
    copyFileSync(built('hub'), built('hub-with-a-mistake'));
    await page.reload();

    await expect.poll(connection).toMatchObject({ state: 'closed', reason: 'network' });
  } finally {
    await page.close();
    await site.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

declare global {
  interface Window {
    gates: PageHandle;
  }
}
