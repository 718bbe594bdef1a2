import { mergeTests } from '@playwright/test';
import type { LabConfig } from '../e2e/app/lab/main.ts';
import { test as kept } from '../e2e/harness/kept-scene.ts';
import { type LabPage, labConfig, labPage } from '../e2e/harness/lab-page.ts';
import { test as scene } from '../e2e/harness/lab-scene.ts';
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
  /** A page of the site that has a service worker. */
  readonly openKept: () => Promise<EngineTab>;
  /** Kills the SharedWorker of the open tabs, whose process must hold nothing else. */
  readonly killWorker: () => Promise<void>;
}

export const test = mergeTests(scene, kept).extend<Fixtures>({
  engine: ['chromium', { option: true }],
  driver: async ({ engine }, use, info) => {
    // Playwright clears its folders at the next run, should this one be killed.
    const driver = await START[engine](info.outputPath('profile'));
    info.annotations.push({ type: 'browser', description: driver.version });
    await use(driver);
    await driver.quit();
  },
  open: async ({ driver, site, socketPort }, use) => {
    await use((changes) => openTab(driver, site.origin, labConfig(socketPort(), changes)));
  },
  openKept: async ({ driver, kept: site, socketPort }, use) => {
    await use(() => openTab(driver, site.origin, labConfig(socketPort(), { worker: 'that keeps' })));
  },
  killWorker: async ({ driver, site }, use) => {
    await use(() => driver.killWorker(site.origin));
  },
});

export async function openTab(driver: Driver, origin: string, config: LabConfig): Promise<EngineTab> {
  // In the address: WebDriver runs nothing ahead of a page's own scripts.
  const address = `${origin}/#${encodeURIComponent(JSON.stringify(config))}`;
  const { evaluate, ...tab } = await driver.openTab(address);
  return { ...tab, ...labPage(evaluate, config.identity) };
}
