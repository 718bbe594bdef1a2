import { type Browser, type BrowserContext, expect, type Page } from '@playwright/test';
import { dispatch } from './harness/dispatch-event.ts';
import type { FaultProxy } from './harness/fault-proxy.ts';
import { test } from './harness/fixtures.ts';
import { stopperOfServiceWorker } from './harness/service-worker.ts';
import type { Tab } from './harness/tab.ts';
import { endHub } from './harness/worker.ts';

interface Scene {
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly network: FaultProxy;
  readonly origin: string;
}

/** The service worker that delivers by way of this network; the first so many of its tokens are refused. */
const serviceWorker = ({ port }: FaultProxy, refused = 0) =>
  `/service-worker.js?server=ws://127.0.0.1:${port}/live&refused=${refused}`;

async function isActive(tab: Tab): Promise<void> {
  await tab.page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
}

/** No network, as the browser sees it: it holds the `sync` event back. Its sockets are cut elsewhere. */
async function goOffline({ context, network }: Scene): Promise<void> {
  await context.setOffline(true);
  await network.setMode('refuse');
}

/** All tabs are closed, and what served them is gone. */
async function closeAll(scene: Scene, tabs: readonly Tab[]): Promise<void> {
  for (const { page } of tabs) await page.close();
  await endHub(scene.browser, scene.origin);
}

/** What `onSettled` of the service worker was told, as a page of the site can read it. */
async function toldToServiceWorker(page: Page): Promise<string[]> {
  return await page.evaluate(async () => {
    const told = await caches.open('settled');
    const responses = await told.matchAll();
    return (await Promise.all(responses.map((response) => response.text()))).sort();
  });
}

test('what waits when the last page closes is accepted with no page open, in order and once, as soon as there is a network', async ({
  browser,
  context,
  network,
  server,
  site,
  open,
}) => {
  const scene = { browser, context, network, origin: site.origin };
  const tab = await open({ identity: 'anonymous', token: null, serviceWorker: serviceWorker(network) });
  await tab.shows('connection', 'open');
  await isActive(tab);
  await goOffline(scene);
  await tab.isOffline();
  for (const text of ['a', 'b', 'c']) expect(await tab.sendNote(text)).toMatchObject({ durable: true });
  await closeAll(scene, [tab]);
  expect(server.ran).toEqual([]);
  await network.setMode('pass');
  await context.setOffline(false);
  await expect.poll(() => server.ran.map(({ what }) => what)).toEqual(['note a', 'note b', 'note c']);
  await expect.poll(() => network.connections).toBe(0);
  const next = await open({ identity: 'anonymous', token: null, serviceWorker: serviceWorker(network) });
  await next.shows('connection', 'open');
  await next.lists('outbox', []);
  await next.lists('lines', ['note: a', 'note: b', 'note: c']);
  expect(await toldToServiceWorker(next.page)).toEqual(Array(3).fill('anonymous accepted'));
  expect(server.ran).toHaveLength(3);
});

for (const type of ['push', 'periodicsync'] as const)
  test(`a ${type} event delivers with no page open, in order and once, also where several come at once`, async ({
    browser,
    context,
    network,
    server,
    site,
    open,
  }) => {
    const scene = { browser, context, network, origin: site.origin };
    // No `sync` event comes ahead of these.
    const config = {
      identity: 'anonymous',
      token: null,
      serviceWorker: serviceWorker(network),
      background: false,
    };
    const tab = await open(config);
    await tab.shows('connection', 'open');
    await isActive(tab);
    await network.setMode('refuse');
    await tab.isOffline();
    for (const text of ['a', 'b', 'c']) await tab.sendNote(text);
    await closeAll(scene, [tab]);
    await network.setMode('pass');
    expect(server.ran).toEqual([]);
    await Promise.all([1, 2, 3].map(() => dispatch(context, site.origin, type)));
    await expect.poll(() => server.ran.map(({ what }) => what)).toEqual(['note a', 'note b', 'note c']);
    await expect.poll(() => network.connections).toBe(0);
    const next = await open(config);
    await next.shows('connection', 'open');
    await next.lists('outbox', []);
    expect(await toldToServiceWorker(next.page)).toEqual(Array(3).fill('anonymous accepted'));
    expect(server.ran).toHaveLength(3);
    expect(network.peak).toBe(1);
  });

test('a service worker that is ended before the answers came has sent nothing twice, and the next page loses nothing', async ({
  browser,
  context,
  network,
  server,
  site,
  open,
}) => {
  const scene = { browser, context, network, origin: site.origin };
  const tab = await open({ identity: 'anonymous', token: null, serviceWorker: serviceWorker(network) });
  await tab.shows('connection', 'open');
  await isActive(tab);
  await goOffline(scene);
  await tab.isOffline();
  for (const text of ['a', 'b']) await tab.sendNote(text);
  await closeAll(scene, [tab]);
  const stopServiceWorker = await stopperOfServiceWorker(context);
  await network.setMode('pass');
  // Its answers arrive long after it is gone.
  network.setDelay(2_000);
  await context.setOffline(false);
  await expect.poll(() => server.ran.length, { timeout: 60_000, intervals: [50] }).toBe(2);
  await stopServiceWorker();
  await expect.poll(() => network.connections).toBe(0);
  network.setDelay(0);
  const next = await open({ identity: 'anonymous', token: null, serviceWorker: serviceWorker(network) });
  await next.shows('connection', 'open');
  await next.lists('outbox', []);
  await next.lists('settled', [/ accepted$/, / accepted$/]);
  expect(server.ran.map(({ what }) => what)).toEqual(['note a', 'note b']);
});

test('a page that opens in the middle has the connection at once, and each command runs once', async ({
  browser,
  context,
  network,
  server,
  site,
  open,
}) => {
  const scene = { browser, context, network, origin: site.origin };
  const tab = await open({ identity: 'anonymous', token: null, serviceWorker: serviceWorker(network) });
  await tab.shows('connection', 'open');
  await isActive(tab);
  await goOffline(scene);
  await tab.isOffline();
  for (const text of ['a', 'b']) await tab.sendNote(text);
  await closeAll(scene, [tab]);
  // The server is reached, and its answers are not.
  await network.setMode('mute');
  await context.setOffline(false);
  await expect.poll(() => network.connections, { timeout: 60_000 }).toBe(1);
  const next = await open({ identity: 'anonymous', token: null, serviceWorker: serviceWorker(network) });
  await expect
    .poll(async () => (await next.page.evaluate(() => window.gates.client.inspect())).role.state)
    .toBe('owner');
  await network.setMode('pass');
  await next.page.evaluate(() => window.gates.client.reconnect());
  await next.shows('connection', 'open', 60_000);
  await next.lists('outbox', []);
  expect(server.ran.map(({ what }) => what)).toEqual(['note a', 'note b']);
  await expect.poll(() => network.connections).toBe(1);
});

test('two people of one browser: what each has decided is delivered in that one’s name, also where the first token has expired', async ({
  browser,
  context,
  network,
  server,
  site,
  open,
}) => {
  const scene = { browser, context, network, origin: site.origin };
  const tabs: Tab[] = [];
  for (const identity of ['ann', 'bob']) {
    const tab = await open({
      identity,
      token: `token-of-${identity}`,
      serviceWorker: serviceWorker(network, 1),
    });
    await tab.shows('connection', 'open');
    await isActive(tab);
    tabs.push(tab);
  }
  await goOffline(scene);
  for (const tab of tabs) await tab.isOffline();
  for (const [index, tab] of tabs.entries()) await tab.sendNote(`of ${index}`);
  await closeAll(scene, tabs);
  await network.setMode('pass');
  await context.setOffline(false);
  await expect.poll(() => server.ran.map(({ what }) => what).sort()).toEqual(['note of 0', 'note of 1']);
  const tokens = network.seen.flatMap(({ frame }) => (frame.type === 'hello' ? [frame['token']] : []));
  expect(tokens).toContain('expired');
  await expect.poll(() => network.connections).toBe(0);
  const next = await open({ identity: 'ann', token: 'token-of-ann' });
  await next.shows('connection', 'open');
  expect(await toldToServiceWorker(next.page)).toEqual(['ann accepted', 'bob accepted']);
});
