import { chromium } from '@playwright/test';
import { chromiumLaunch } from '../../../scripts/chromium.ts';
import { killWorker } from '../../e2e/harness/kill.ts';
import type { Driver } from '../driver.ts';

/** By Playwright, as all other tests are. */
export async function startChromium(): Promise<Driver> {
  const browser = await chromium.launch(chromiumLaunch());
  const context = await browser.newContext();
  return {
    version: `Chromium ${browser.version()}`,
    async openTab(url) {
      const page = await context.newPage();
      await page.goto(url);
      return {
        evaluate: (expression) => page.evaluate(expression),
        reload: async () => void (await page.reload()),
        close: () => page.close(),
        async crash() {
          const crashed = page.waitForEvent('crash');
          // It never answers.
          page.goto('chrome://crash').catch(() => {});
          await crashed;
        },
      };
    },
    killWorker: (origin) => killWorker(browser, origin),
    quit: () => browser.close(),
  };
}
