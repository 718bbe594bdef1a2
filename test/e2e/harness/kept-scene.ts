/** The lab's site with a service worker, in a process of its own as its server is, for whatever drives its pages. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import { buildKeptLab } from './kept-lab.ts';
import { readLog, startLabProcess } from './lab-process.ts';
import { test as base } from './lab-scene.ts';
import { type SiteProcess, startSiteProcess } from './site-process.ts';

export type Build = 'first' | 'next';

/** Site and server. */
export interface Outside {
  /** The site serves this build, and the server runs, on the data of before. */
  comeBack(build?: Build): Promise<void>;
  /** Their processes are killed, and nobody listens where they did. */
  end(): Promise<void>;
  /** The gates that were decided, in their order, as the server's log has them. */
  decided(): string[];
}

interface Fixtures {
  readonly kept: SiteProcess;
  /** They are there when it is asked for. */
  readonly outside: Outside;
}

export const test = base.extend<Fixtures, { builds: Readonly<Record<Build, string>> }>({
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
  outside: async ({ builds, kept, lead, network }, use, info) => {
    const folder = info.outputPath('server');
    await mkdir(folder, { recursive: true });
    const logFile = join(folder, 'log.db');
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
      decided: () => readLog(logFile).effects.map(({ gateId }) => gateId),
    });
    await server.kill();
  },
});
