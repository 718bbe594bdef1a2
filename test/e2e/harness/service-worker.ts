/** What a test does to the service worker of a site, as a browser does it. */
import { type Browser, type BrowserContext, type CDPSession, expect } from '@playwright/test';
import { workersOf } from './worker.ts';

async function withDevtools<T>(browser: Browser, work: (devtools: CDPSession) => Promise<T>): Promise<T> {
  const devtools = await browser.newBrowserCDPSession();
  try {
    return await work(devtools);
  } finally {
    await devtools.detach();
  }
}

/** Waits until the hub of the pages that were closed is gone: by itself, or as its browser does after 300 s. */
export async function endHub(browser: Browser, origin: string): Promise<void> {
  await withDevtools(browser, async (devtools) => {
    for (const targetId of await workersOf(devtools, origin))
      await devtools.send('Target.closeTarget', { targetId });
    await expect.poll(() => workersOf(devtools, origin), 'the hub of closed pages').toEqual([]);
  });
}

/** Ends the service worker in the middle of whatever it does. */
export async function stopServiceWorker(context: BrowserContext): Promise<void> {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('ServiceWorker.enable');
  await devtools.send('ServiceWorker.stopAllWorkers');
  await page.close();
}
