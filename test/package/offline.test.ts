import { join } from 'node:path';
import type { Page } from 'playwright';
import { expect, inject, test } from 'vitest';
import { type SiteProcess, startSiteProcess } from '../e2e/harness/site-process.ts';
import { BUNDLERS } from './support/bundlers.ts';
import { filesOffline, inJavaScript, writeFiles } from './support/code-blocks.ts';
import { compile } from './support/compile.ts';
import { runApplication } from './support/running-application.ts';

const { folder } = inject('consumer');

test('the files for a service worker built by Vite compile as they stand', () => {
  const written = join(folder, 'offline-types');
  writeFiles(filesOffline('vite'), written);
  const options = {
    module: 'ESNext',
    moduleResolution: 'bundler',
    moduleDetection: 'force',
    types: ['vite/client'],
    // Workbox's own name types of workers, which a page's library has not.
    skipLibCheck: true,
  };
  const paths = ['hub.ts', 'page.ts', 'service-worker.ts', 'vite.config.ts'].map((name) =>
    join(written, name),
  );
  expect(compile(folder, 'offline', options, paths)).toBe('');
});

test.each(['vite', 'none'] as const)(
  'with site and server ended and nothing in the HTTP cache, the application for %s opens, takes commands, and delivers them once',
  async (bundler) => {
    const files = filesOffline(bundler);
    const { site, context, startServer, killServer, end } = await runApplication(
      bundler === 'none' ? inJavaScript(files) : files,
      join(folder, `offline-by-${bundler}`),
      async (sources, port) => closable(await startSiteProcess(await BUNDLERS[bundler](sources), port)),
    );
    try {
      const uncaught: string[] = [];
      context.on('weberror', (error) => uncaught.push(error.error().message));
      const page = await context.newPage();
      await page.goto(site.origin);
      await page.getByText('Line: open').waitFor();
      await controlled(page);
      await killServer();
      await site.close();
      const devtools = await context.newCDPSession(page);
      await devtools.send('Network.clearBrowserCache');

      await page.reload();
      await add(page, 'after a reload');
      await page.getByText('Waiting: after a reload', { exact: true }).waitFor();
      const other = await context.newPage();
      await other.goto(site.origin);
      await add(other, 'in a new tab');
      await page.getByText('Waiting: after a reload, in a new tab', { exact: true }).waitFor();
      await page.close();
      await other.reload();
      await other.getByText('Waiting: after a reload, in a new tab', { exact: true }).waitFor();

      startServer();
      await other.getByText('Waiting: nothing').waitFor();
      await expect
        .poll(() => other.getByRole('listitem').allTextContents())
        .toEqual(['after a reload', 'in a new tab']);
      expect(uncaught).toEqual([]);
      expect(site.violations).toEqual([]);
    } finally {
      await end();
    }
  },
);

/** It answers for this page, which the first visit is not at once. */
async function controlled(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

async function add(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox').fill(text);
  await page.getByRole('button', { name: 'Add' }).click();
}

function closable(site: SiteProcess): SiteProcess & { close(): Promise<void> } {
  return { ...site, close: site.kill };
}
