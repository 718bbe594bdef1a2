import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { dispatch } from '../e2e/harness/dispatch-event.ts';
import { startSiteProcess } from '../e2e/harness/site-process.ts';
import { endHub } from '../e2e/harness/worker.ts';
import { BUNDLERS } from './support/bundlers.ts';
import { filesOf, filesOffline, inJavaScript, writeFiles } from './support/code-blocks.ts';
import { compile } from './support/compile.ts';
import { runApplication } from './support/running-application.ts';

const { folder } = inject('consumer');

test('the code of docs/background.md compiles as it stands, its service workers with the types of one', () => {
  const files = filesOf('docs/background.md');
  const written = join(folder, 'background');
  writeFiles(new Map([...filesOf('docs/guide.md')].filter(([name]) => name === 'protocol.ts')), written);
  writeFiles(files, written);
  const path = (name: string) => join(written, name);
  const inBrowser = { module: 'ESNext', moduleResolution: 'bundler', moduleDetection: 'force' };
  const [workers, pages] = [
    [...files.keys()].filter((name) => name.startsWith('service-worker')).map(path),
    [path('client.ts')],
  ];
  expect(workers).toHaveLength(2);
  const inWorker = { ...inBrowser, lib: ['ES2022', 'WebWorker'], types: [] };
  expect(compile(folder, 'background-workers', inWorker, workers)).toBe('');
  expect(compile(folder, 'background-page', { ...inBrowser, types: ['vite/client'] }, pages)).toBe('');
});

/** The application of `docs/offline.md`, with what `docs/background.md` adds to it. */
function filesOfBackground(bundler: 'vite' | 'none'): Map<string, string> {
  const added = filesOf('docs/background.md');
  const files = bundler === 'none' ? inJavaScript(filesOffline('none')) : filesOffline('vite');
  const block = (name: string) => added.get(name) ?? '';
  const cache = (name: string) => files.get(name) ?? '';
  if (bundler === 'none') {
    const script = block('none/service-worker.js').replace(
      'deliverInBackground(protocol,',
      'const deliver = $&',
    );
    const listeners = ['push', 'periodicsync'].map(
      (type) => `self.addEventListener('${type}', (event) => event.waitUntil(deliver()));`,
    );
    files.set('service-worker.js', [script, cache('service-worker.js'), ...listeners].join('\n'));
    files.set('register.js', block('none/register.js'));
    files.set('client.js', cache('client.js').replace("identity: 'anonymous',", '$& background: true,'));
    return files;
  }
  const declared = /^declare const self: Service.*$/m;
  const script = block('service-worker-that-tells.ts').replace(declared, '');
  files.set('service-worker.ts', `${script}\n${cache('service-worker.ts')}`);
  files.set('client.ts', block('client.ts'));
  return files;
}

test.each(['vite', 'none'] as const)(
  'the service worker for %s, beside the cache of docs/offline.md, delivers on push and periodicsync with no page open',
  async (bundler) => {
    const { site, context, startServer, killServer, end } = await runApplication(
      filesOfBackground(bundler),
      join(folder, `background-by-${bundler}`),
      async (sources, port) => {
        const served = await BUNDLERS[bundler](sources);
        writeFileSync(join(served, 'token'), 'of anybody');
        const pages = await startSiteProcess(served, port);
        return { ...pages, close: pages.kill };
      },
      // Its server is at another port than its pages.
      (text) => text.replaceAll("url: '/live'", "url: 'ws://localhost:8080/live'"),
    );
    try {
      await context.grantPermissions(['notifications'], { origin: site.origin });
      const browser = context.browser();
      if (!browser) throw new Error('there is no browser');
      const watcher = await (await browser.newContext()).newPage();
      for (const type of ['push', 'periodicsync'] as const) {
        await watcher.goto('about:blank');
        const page = await context.newPage();
        await page.goto(site.origin);
        await page.getByText('Line: open').waitFor();
        await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
        await killServer();
        await page.getByRole('textbox').fill(`by ${type}`);
        await page.getByRole('button', { name: 'Add' }).click();
        await page.getByText(`Waiting: by ${type}`, { exact: true }).waitFor();
        await page.close();
        await endHub(browser, site.origin);
        startServer();
        // The server has forgotten what was before.
        await watcher.goto(site.origin);
        await watcher.getByText('Line: open').waitFor();
        await dispatch(context, site.origin, type);
        await expect
          .poll(() => watcher.getByRole('listitem').allTextContents(), { timeout: 120_000 })
          .toEqual([`by ${type}`]);
      }
      const page = await context.newPage();
      await page.goto(site.origin);
      await page.getByText('Waiting: nothing').waitFor();
      const told = await page.evaluate(async () => {
        const registration = await navigator.serviceWorker.ready;
        return (await registration.getNotifications()).map(({ title }) => title);
      });
      expect(told).toEqual(bundler === 'none' ? [] : Array(2).fill('add: accepted'));
      expect(site.violations).toEqual([]);
    } finally {
      await end();
    }
  },
);
