import { defineConfig } from '@playwright/test';
import { chromiumLaunch } from '../../scripts/chromium.ts';

export default defineConfig({
  testDir: '.',
  globalSetup: './harness/global-setup.ts',
  outputDir: '../../test-results',
  forbidOnly: true,
  fullyParallel: true,
  workers: 2,
  // Guards, for a machine that has other things to do: what a test waits for is a condition.
  timeout: 300_000,
  expect: { timeout: 30_000 },
  projects: [
    { name: 'e2e', testMatch: '*.test.ts', testIgnore: 'random-kills.test.ts' },
    { name: 'slow-line', testMatch: 'slow-line.test.ts' },
    { name: 'kills', testMatch: 'random-kills.test.ts' },
  ],
  use: {
    launchOptions: chromiumLaunch(),
    // What is to be clicked and never comes is named, instead of the test's own time.
    actionTimeout: 90_000,
  },
});
