import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test as base, expect } from '@playwright/test';
import type { PageConfig } from '../app/page.ts';
import type * as application from '../app/server.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { required } from './required.ts';
import { type Site, startSite } from './site.ts';
import { openTab, type Tab } from './tab.ts';

export { expect } from '@playwright/test';

interface Fixtures {
  /** Between the browser and `server`. */
  readonly network: FaultProxy;
  readonly server: application.GatesServer;
  readonly site: Site;
  /** Opens another tab of the same browser profile. */
  readonly open: (as?: Omit<PageConfig, 'url'>) => Promise<Tab>;
}

const GUEST = { identity: 'anonymous', token: null };

export const test = base.extend<Fixtures & { ports: { server: number } }>({
  // The site's policy names the proxy's port, the server admits the site's origin, and the proxy leads to the server.
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern what a fixture depends on
  ports: async ({}, use) => {
    await use({ server: 0 });
  },
  network: async ({ ports }, use) => {
    const network = await startFaultProxy(() => ports.server);
    await use(network);
    await network.close();
  },
  site: async ({ network }, use) => {
    const site = await startSite(required('TRUNKLINE_E2E_PAGES'), () => network.port);
    await use(site);
    await site.close();
    expect(site.violations, 'violations of the Content-Security-Policy').toEqual([]);
  },
  server: async ({ ports, site }, use) => {
    // Of the throw-away application, so that it runs the package as installed.
    const file = pathToFileURL(join(required('TRUNKLINE_E2E_APP'), 'server.ts')).href;
    const { startServer }: typeof application = await import(file);
    const server = await startServer({ allowedOrigins: [site.origin] });
    ports.server = server.port;
    await use(server);
    await server.close();
  },
  open: async ({ context, site, network, server }, use) => {
    expect(server.port).toBeGreaterThan(0);
    const tabs: Tab[] = [];
    await use(async (as = GUEST) => {
      const tab = await openTab(context, site.origin, { url: `ws://127.0.0.1:${network.port}/live`, ...as });
      tabs.push(tab);
      return tab;
    });
    expect(
      tabs.flatMap(({ uncaught }) => uncaught),
      'errors that no page caught',
    ).toEqual([]);
  },
});
