import { type Browser, type BrowserContext, mergeTests } from '@playwright/test';
import { test as kept } from './harness/kept-scene.ts';
import { killWorker } from './harness/kill.ts';
import { expect, type LabTab, test as lab, openLab } from './harness/lab.ts';
import { labConfig } from './harness/lab-page.ts';
import { startOwnBrowser } from './harness/own-browser.ts';
import { workersOf } from './harness/worker.ts';

interface Fixtures {
  /** A tab of this browser; of the test's own, where it names none. */
  readonly tabOf: (context?: BrowserContext) => Promise<LabTab>;
}

const test = mergeTests(lab, kept).extend<Fixtures>({
  tabOf: async ({ context, kept: site, outside: _, socketPort }, use) => {
    const tabs: LabTab[] = [];
    await use(async (browser = context) => {
      const tab = await openLab(browser, site.origin, labConfig(socketPort(), { worker: 'that keeps' }));
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
  outside,
  tabOf,
}) => {
  const first = await tabOf();
  await first.is('open');
  await first.isKept();
  await first.decide('online', 'approved');
  await expect.poll(() => first.known()).toEqual(['live as of then', 'online approved']);
  await outside.end();

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
  expect(outside.decided()).toEqual(['online', 'reloaded alone', 'new tab', 'one of two']);
});

test('with site and server ended, the browser is killed and started: page, hub and outbox are there, and what was decided before and after is accepted once, in order', async ({
  folder,
  outside,
  tabOf,
}) => {
  const before = await startOwnBrowser(`${folder}/profile`);
  const tab = await tabOf(before.context);
  await tab.is('open');
  await tab.isKept();
  await tab.decide('online', 'approved');
  await expect.poll(() => tab.known()).toEqual(['live as of then', 'online approved']);
  await isWritten(tab);
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
  expect(outside.decided()).toEqual(['online', 'before', 'after']);
  await after.kill();
});

test('a build is deployed while pages wait offline: they keep their page and their hub, also where it dies, and the new build comes soon after the last of them is closed', async ({
  browser,
  builds,
  kept,
  outside,
  tabOf,
}) => {
  const first = await tabOf();
  await first.is('open');
  await first.isKept();
  await first.decide('online', 'approved');
  await expect.poll(() => first.known()).toEqual(['live as of then', 'online approved']);
  await isWritten(first);
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

  const second = await tabOf();
  await opensWith(second, ['decide queued']);
  await killWorker(browser, kept.origin);
  for (const tab of [first, second]) await hasHub(tab, ['decide queued']);
  await first.page.reload();
  await opensWith(first, ['decide queued']);
  for (const { page } of [first, second]) expect(await page.title()).toBe('first');
  await second.decide('by an old page', 'approved');
  await outside.comeBack('next');
  await second.reconnect();
  await expect.poll(() => second.outbox()).toEqual([]);
  expect(outside.decided()).toEqual(['online', 'before the deploy', 'by an old page']);
  for (const { page } of [first, second]) await page.close();
  await expect.poll(() => workers(browser, kept.origin)).toBe(0);

  const renewed = await tabOf();
  await renewed.is('open');
  expect(await renewed.page.title()).toBe('next');
  await renewed.decide('by a new page', 'approved');
  await expect.poll(() => renewed.outbox()).toEqual([]);
  expect(outside.decided()).toEqual(['online', 'before the deploy', 'by an old page', 'by a new page']);
});

/** The page has come, its hub has started, and outbox and state are as they were left, though nobody answers. */
async function opensWith(tab: LabTab, outbox: readonly string[]): Promise<void> {
  await hasHub(tab, outbox);
  await expect.poll(() => tab.known()).toEqual(['stale as of then', 'online approved']);
}

async function hasHub(tab: LabTab, outbox: readonly string[]): Promise<void> {
  await tab.isOffline();
  await expect.poll(async () => (await tab.inspect()).role.state).toBe('owner');
  await expect.poll(() => tab.outbox()).toEqual(outbox);
}

/** The state is written a few seconds behind. */
async function isWritten(tab: LabTab): Promise<void> {
  await expect.poll(tab.kept).toContain('gate:online');
}

async function workers(browser: Browser, origin: string): Promise<number> {
  const devtools = await browser.newBrowserCDPSession();
  const found = await workersOf(devtools, origin);
  await devtools.detach();
  return found.length;
}
