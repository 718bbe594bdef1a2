import type { Browser, BrowserContext, Page } from '@playwright/test';
import { buildKeptLab } from './harness/kept-lab.ts';
import { killWorker } from './harness/kill.ts';
import { test as base, expect, type LabTab, openLab } from './harness/lab.ts';
import { labConfig } from './harness/lab-page.ts';
import { readLog, startLabProcess } from './harness/lab-process.ts';
import { startOwnBrowser } from './harness/own-browser.ts';
import { type SiteProcess, startSiteProcess } from './harness/site-process.ts';
import { workersOf } from './harness/worker.ts';

type Build = 'first' | 'next';

interface Outside {
  /** The site serves this build, and the server runs, on the data of before. */
  comeBack(build?: Build): Promise<void>;
  /** Their processes are killed, and nobody listens where they did. */
  end(): Promise<void>;
}
interface Fixtures {
  /** In a process of its own, with a service worker in its pages. */
  readonly kept: SiteProcess;
  readonly outside: Outside;
  /** A tab of this browser; of the test's own, where it names none. */
  readonly tabOf: (context?: BrowserContext) => Promise<LabTab>;
}

const test = base.extend<Fixtures, { builds: Readonly<Record<Build, string>> }>({
  builds: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern what a fixture depends on
    async ({}, use) => {
      await use({ first: await buildKeptLab('first'), next: await buildKeptLab('next') });
    },
    { scope: 'worker' },
  ],
  kept: async ({ builds, socketPort }, use) => {
    const site = await startSiteProcess(builds.first, socketPort());
    await use(site);
    await site.kill();
    expect(site.violations, 'violations of the Content-Security-Policy').toEqual([]);
  },
  outside: async ({ builds, kept, lead, logFile, network }, use) => {
    const start = async () => {
      const started = await startLabProcess(logFile, kept.origin);
      lead.port = started.port;
      return started;
    };
    let server = await start();
    await use({
      async end() {
        await network.setMode('refuse');
        await server.kill();
        await kept.kill();
      },
      async comeBack(build = 'first') {
        await kept.start(builds[build]);
        server = await start();
        await network.setMode('pass');
      },
    });
    await server.kill();
  },
  tabOf: async ({ context, kept, socketPort }, use) => {
    const tabs: LabTab[] = [];
    await use(async (browser = context) => {
      const tab = await openLab(browser, kept.origin, labConfig(socketPort()));
      tabs.push(tab);
      return tab;
    });
    expect(
      tabs.flatMap(({ uncaught }) => uncaught),
      'errors that no page caught',
    ).toEqual([]);
  },
});

test('with site and server ended, the only tab is reloaded, one of two is, a new one is opened: page, hub and outbox are there, and what is decided in each is accepted once, in order', async ({
  logFile,
  outside,
  tabOf,
}) => {
  const first = await tabOf();
  await first.is('open');
  await isKept(first.page);
  await outside.end();
  await forgetHttpCache(first.page);

  await first.page.reload();
  await opensWith(first, []);
  await first.decide('reloaded alone', 'approved');
  const second = await tabOf();
  await opensWith(second, ['decide queued']);
  await second.decide('new tab', 'approved');
  await first.page.reload();
  await opensWith(first, ['decide queued', 'decide queued']);
  await first.decide('one of two', 'approved');
  await first.page.close();
  const third = await tabOf();
  await opensWith(third, ['decide queued', 'decide queued', 'decide queued']);
  await outside.comeBack();
  await third.reconnect();

  for (const tab of [second, third]) {
    await tab.is('open');
    await expect.poll(() => tab.outbox()).toEqual([]);
  }
  expect(decided(logFile)).toEqual(['reloaded alone', 'new tab', 'one of two']);
});

test('with site and server ended, the browser is killed and started: page, hub and outbox are there, and what was decided before and after is accepted once, in order', async ({
  folder,
  logFile,
  outside,
  tabOf,
}) => {
  const before = await startOwnBrowser(`${folder}/profile`);
  const tab = await tabOf(before.context);
  await tab.is('open');
  await isKept(tab.page);
  await outside.end();
  await tab.isOffline();
  await tab.decide('before', 'approved');
  await before.kill();

  const after = await startOwnBrowser(`${folder}/profile`);
  const reopened = await tabOf(after.context);
  await opensWith(reopened, ['decide queued']);
  await reopened.decide('after', 'approved');
  await outside.comeBack();
  await reopened.reconnect();

  await expect.poll(() => reopened.outbox()).toEqual([]);
  expect(decided(logFile)).toEqual(['before', 'after']);
  await after.kill();
});

test('a build is deployed while pages wait offline: they keep their page and their hub, also where it dies, and the new build comes soon after the last of them is closed', async ({
  browser,
  builds,
  kept,
  logFile,
  outside,
  tabOf,
}) => {
  const first = await tabOf();
  await first.is('open');
  await isKept(first.page);
  await outside.end();
  await first.isOffline();
  await first.decide('before the deploy', 'approved');
  // The site alone: what is decided still waits.
  await kept.start(builds.next);
  await first.page.evaluate(async () => {
    await (await navigator.serviceWorker.ready).update();
  });
  await expect
    .poll(() => first.page.evaluate(async () => (await navigator.serviceWorker.ready).waiting !== null))
    .toBe(true);
  await kept.kill();
  await forgetHttpCache(first.page);

  const second = await tabOf();
  await opensWith(second, ['decide queued']);
  await killWorker(browser, kept.origin);
  for (const tab of [first, second]) await opensWith(tab, ['decide queued']);
  await first.page.reload();
  await opensWith(first, ['decide queued']);
  for (const { page } of [first, second]) expect(await page.title()).toBe('first');
  await second.decide('by an old page', 'approved');
  await outside.comeBack('next');
  await second.reconnect();
  await expect.poll(() => second.outbox()).toEqual([]);
  expect(decided(logFile)).toEqual(['before the deploy', 'by an old page']);
  for (const { page } of [first, second]) await page.close();
  await expect.poll(() => workers(browser, kept.origin)).toBe(0);

  const renewed = await tabOf();
  await renewed.is('open');
  expect(await renewed.page.title()).toBe('next');
  await renewed.decide('by a new page', 'approved');
  await expect.poll(() => renewed.outbox()).toEqual([]);
  expect(decided(logFile)).toEqual(['before the deploy', 'by an old page', 'by a new page']);
});

/** The page has come, its hub has started, and the outbox is as it was left, though nobody answers. */
async function opensWith(tab: LabTab, outbox: readonly string[]): Promise<void> {
  await tab.isOffline();
  await expect.poll(async () => (await tab.inspect()).role.state).toBe('owner');
  await expect.poll(() => tab.outbox()).toEqual(outbox);
}

/** The service worker has all files, and answers for this page. */
async function isKept(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

async function forgetHttpCache(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.clearBrowserCache');
  await devtools.detach();
}

function decided(logFile: string): string[] {
  return readLog(logFile).effects.map(({ gateId }) => gateId);
}

async function workers(browser: Browser, origin: string): Promise<number> {
  const devtools = await browser.newBrowserCDPSession();
  const found = await workersOf(devtools, origin);
  await devtools.detach();
  return found.length;
}
