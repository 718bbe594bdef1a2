/** What a test does to the service worker of a site, as a browser does it. */
import type { BrowserContext } from '@playwright/test';

/** @returns what ends the service worker in the middle of whatever it does, at once: all that takes a while is done by then. */
export async function stopperOfServiceWorker(context: BrowserContext): Promise<() => Promise<void>> {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('ServiceWorker.enable');
  return async () => {
    await devtools.send('ServiceWorker.stopAllWorkers');
    await page.close();
  };
}
