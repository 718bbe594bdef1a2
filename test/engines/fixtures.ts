import type { LabConfig } from '../e2e/app/lab/main.ts';
import { type LabPage, labConfig, labPage } from '../e2e/harness/lab-page.ts';
import { test as base } from '../e2e/harness/lab-scene.ts';
import type { Driver, DriverTab } from './driver.ts';
import { type Engine, START } from './engines.ts';

export { expect } from '@playwright/test';

/** A page of the lab in a tab of the engine's browser. */
export interface EngineTab extends LabPage, Omit<DriverTab, 'evaluate'> {}

export interface EngineOptions {
  readonly engine: Engine;
}

interface Fixtures extends EngineOptions {
  readonly driver: Driver;
  readonly open: (config?: Partial<LabConfig>) => Promise<EngineTab>;
  /** Kills the SharedWorker of the open tabs, whose process must hold nothing else. */
  readonly killWorker: () => Promise<void>;
}

export const test = base.extend<Fixtures>({
  engine: ['chromium', { option: true }],
  driver: async ({ engine }, use, info) => {
    // Playwright clears its folders at the next run, should this one be killed.
    const driver = await START[engine](info.outputPath('profile'));
    info.annotations.push({ type: 'browser', description: driver.version });
    await use(driver);
    await driver.quit();
  },
  open: async ({ driver, site, socketPort }, use) => {
    await use(async (changes) => {
      const config = labConfig(socketPort(), changes);
      // In the address: WebDriver runs nothing ahead of a page's own scripts.
      const address = `${site.origin}/#${encodeURIComponent(JSON.stringify(config))}`;
      const { evaluate, ...tab } = await driver.openTab(address);
      return { ...tab, ...labPage(evaluate, config.identity) };
    });
  },
  killWorker: async ({ driver, site }, use) => {
    await use(() => driver.killWorker(site.origin));
  },
});
