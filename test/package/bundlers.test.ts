import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright';
import * as vite from 'vite';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { CHROMIUM_ARGS, chromiumPath } from '../../scripts/chromium.ts';
import type * as application from '../e2e/app/server.ts';
import { startSite } from '../e2e/harness/site.ts';
import { BUNDLERS } from './support/bundlers.ts';

const BUNDLE_TIMEOUT_MS = 60_000;
const consumer = inject('consumer');

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: chromiumPath(), args: CHROMIUM_ARGS });
});
afterAll(() => browser.close());

test.each(Object.entries(BUNDLERS))(
  'the application that %s built works in a browser, under a strict policy',
  async (_name, build) => {
    const folder = await build(consumer);
    let socketPort = 0;
    const site = await startSite(folder, () => socketPort);
    try {
      await worksInBrowser(site.origin, (port) => {
        socketPort = port;
      });
    } finally {
      await site.close();
    }
    expect(site.violations).toEqual([]);
  },
  BUNDLE_TIMEOUT_MS,
);

test(
  "the application works from Vite's development server with nothing in its cache",
  async () => {
    const server = await vite.createServer({
      root: consumer.app,
      configFile: false,
      logLevel: 'error',
      cacheDir: join(consumer.folder, 'cold-cache'),
      server: { host: '127.0.0.1', port: 0, ws: false },
    });
    try {
      await server.listen();
      const origin = server.resolvedUrls?.local[0];
      if (!origin) throw new Error('Vite names no address');
      await worksInBrowser(new URL(origin).origin);
    } finally {
      await server.close();
    }
  },
  BUNDLE_TIMEOUT_MS,
);

/** A page of it gets an event, and its command is accepted. */
async function worksInBrowser(origin: string, onServer?: (port: number) => void): Promise<void> {
  const { startServer }: typeof application = await import(
    /* @vite-ignore */ pathToFileURL(join(consumer.app, 'server.ts')).href
  );
  const server = await startServer({ allowedOrigins: [origin] });
  onServer?.(server.port);
  const context = await browser.newContext();
  try {
    await server.publish('run', { type: 'gate', gateId: 'a', state: 'open' });
    const page = await context.newPage();
    const uncaught: string[] = [];
    page.on('pageerror', (error) => uncaught.push(error.message));
    await page.addInitScript((url) => {
      window.gatesConfig = { url, identity: 'anonymous', token: null };
    }, `ws://127.0.0.1:${server.port}/live`);
    await page.goto(origin);
    await page.getByRole('button', { name: 'approve a' }).click();
    await page.locator('#gates', { hasText: 'gate a approved' }).waitFor();
    await page.locator('#settled', { hasText: 'accepted' }).waitFor();
    expect(uncaught).toEqual([]);
  } finally {
    await context.close();
    await server.close();
  }
}
