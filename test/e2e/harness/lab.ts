/** For tests that bring their own server, and speak to the library in its pages without a user interface between. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, expect, type Page } from '@playwright/test';
import type { LabConfig } from '../app/lab/main.ts';
import { type LabPage, labConfig, labPage } from './lab-page.ts';
import { type LabProcess, startLabProcess } from './lab-process.ts';
import { test as base } from './lab-scene.ts';

export { expect } from '@playwright/test';

/** A page of the lab, in a tab of its own. */
export interface LabTab extends LabPage {
  readonly page: Page;
  /** What the page threw and nobody caught. */
  readonly uncaught: string[];
}

interface Fixtures {
  /** A folder of the test's own. */
  readonly folder: string;
  /** Of the server in a process of its own. */
  readonly logFile: string;
  /** Starts the server in a process of its own, with the data of the one before it, and leads the network to it. */
  readonly serveApart: (clockAheadMs?: number) => Promise<LabProcess>;
  readonly open: (config?: Partial<LabConfig>) => Promise<LabTab>;
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern what a fixture depends on
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'trunkline-lab-'));
    await use(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  },
  logFile: async ({ folder }, use) => {
    await use(join(folder, 'log.db'));
  },
  serveApart: async ({ logFile, site, lead }, use) => {
    const started: LabProcess[] = [];
    await use(async (clockAheadMs) => {
      const server = await startLabProcess(logFile, site.origin, clockAheadMs);
      started.push(server);
      lead.port = server.port;
      return server;
    });
    for (const server of started) await server.kill();
  },
  open: async ({ context, site, socketPort }, use) => {
    const tabs: LabTab[] = [];
    await use(async (config) => {
      const tab = await openLab(context, site.origin, labConfig(socketPort(), config));
      tabs.push(tab);
      return tab;
    });
    expect(
      tabs.flatMap(({ uncaught }) => uncaught),
      'errors that no page caught',
    ).toEqual([]);
  },
});

export async function openLab(context: BrowserContext, origin: string, config: LabConfig): Promise<LabTab> {
  const page = await context.newPage();
  const uncaught: string[] = [];
  page.on('pageerror', (error) => uncaught.push(error.stack ?? error.message));
  await page.addInitScript((value) => {
    window.labConfig = value;
  }, config);
  await page.goto(origin);
  return { page, uncaught, ...labPage((expression) => page.evaluate(expression), config.identity) };
}
