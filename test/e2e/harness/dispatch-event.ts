import type { BrowserContext } from '@playwright/test';

/** Gives the service worker of a site an event, as its browser would: `push` as of a push service, `periodicsync` by its timer. */
export async function dispatch(
  context: BrowserContext,
  origin: string,
  type: 'push' | 'periodicsync',
): Promise<void> {
  // Of another origin: the site has no page by this.
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  const registered = new Promise<string>((found) => {
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      for (const { registrationId, scopeURL, isDeleted } of registrations)
        if (!isDeleted && scopeURL.startsWith(origin)) found(registrationId);
    });
  });
  await devtools.send('ServiceWorker.enable');
  const to = { origin, registrationId: await registered };
  if (type === 'push') await devtools.send('ServiceWorker.deliverPushMessage', { ...to, data: 'back' });
  else await devtools.send('ServiceWorker.dispatchPeriodicSyncEvent', { ...to, tag: 'deliver' });
  await page.close();
}
