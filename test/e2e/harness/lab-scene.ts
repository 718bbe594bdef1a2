/** The lab's site, the server behind it, and the network between, for whatever drives its pages. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test as base, expect } from '@playwright/test';
import type * as application from '../app/lab/server.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { required } from './required.ts';
import { type Site, startSite } from './site.ts';

interface Fixtures {
  /** Between the browser and whatever server it leads to. */
  readonly network: FaultProxy;
  readonly lead: { port: number };
  /** Where the pages find their server. */
  readonly socketPort: () => number;
  readonly site: Site;
  /** Starts a server of the application, and leads the network to it. */
  readonly serve: (
    options?: Partial<Parameters<typeof application.startLabServer>[0]>,
  ) => Promise<application.LabServer>;
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern what a fixture depends on
  lead: async ({}, use) => {
    await use({ port: 0 });
  },
  network: async ({ lead }, use) => {
    const network = await startFaultProxy(() => lead.port);
    await use(network);
    await network.close();
  },
  socketPort: async ({ network }, use) => {
    await use(() => network.port);
  },
  site: async ({ socketPort }, use) => {
    const site = await startSite(required('TRUNKLINE_E2E_LAB'), socketPort);
    await use(site);
    await site.close();
    expect(site.violations, 'violations of the Content-Security-Policy').toEqual([]);
  },
  serve: async ({ site, lead }, use) => {
    const file = pathToFileURL(join(required('TRUNKLINE_E2E_APP'), 'lab/server.ts')).href;
    const { startLabServer }: typeof application = await import(file);
    const servers: application.LabServer[] = [];
    await use(async (options) => {
      const server = await startLabServer({ allowedOrigins: [site.origin], ...options });
      servers.push(server);
      lead.port = server.port;
      return server;
    });
    for (const server of servers) await server.crash();
  },
});
