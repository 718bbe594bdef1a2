/** For tests that bring their own server, and speak to the library in its pages without a user interface between. */
import { type BrowserContext, expect, type Page } from '@playwright/test';
import type { LabConfig } from '../app/lab/main.ts';
import { type LabPage, labConfig, labPage } from './lab-page.ts';
import { test as base } from './lab-scene.ts';

export { expect } from '@playwright/test';

/** A page of the lab, in a tab of its own. */
export interface LabTab extends LabPage {
  readonly page: Page;
  /** What the page threw and nobody caught. */
  readonly uncaught: string[];
}

interface Fixtures {
  readonly open: (config?: Partial<LabConfig>) => Promise<LabTab>;
}

export const test = base.extend<Fixtures>({
  open: async ({ context, site, socketPort }, use) => {
    const tabs: LabTab[] = [];
    await use(async (config) => {
      const tab = await openLab(context, site.origin, {
        ...labConfig(socketPort()),
        ...config,
      });
      tabs.push(tab);
      return tab;
    });
    expect(
      tabs.flatMap(({ uncaught }) => uncaught),
      'errors that no page caught',
    ).toEqual([]);
  },
});

async function openLab(context: BrowserContext, origin: string, config: LabConfig): Promise<LabTab> {
  const page = await context.newPage();
  const uncaught: string[] = [];
  page.on('pageerror', (error) => uncaught.push(error.stack ?? error.message));
  await page.addInitScript((value) => {
    window.labConfig = value;
  }, config);
  await page.goto(origin);
  return { page, uncaught, ...labPage((expression) => page.evaluate(expression), config.identity) };
}
