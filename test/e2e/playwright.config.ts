import { defineConfig } from '@playwright/test';
import { CHROMIUM_ARGS, chromiumPath } from '../../scripts/chromium.ts';

export default defineConfig({
  testDir: '.',
  testMatch: '*.test.ts',
  globalSetup: './harness/global-setup.ts',
  outputDir: '../../test-results',
  forbidOnly: true,
  fullyParallel: true,
  workers: 2,
  timeout: 60_000,
  use: {
    launchOptions: {
      executablePath: chromiumPath(),
      args: CHROMIUM_ARGS,
      // Playwright turns the back/forward cache off, which people's browsers have on.
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
    },
  },
});
