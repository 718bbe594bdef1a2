import { defineConfig } from '@playwright/test';
import { ENGINES } from './engines.ts';
import type { EngineOptions } from './fixtures.ts';

/** Playwright runs the scenarios and counts; which browser they run in, and who drives it, is the projects' matter. */
export default defineConfig<EngineOptions>({
  testDir: '.',
  testMatch: '*.test.ts',
  globalSetup: '../e2e/harness/global-setup.ts',
  outputDir: '../../test-results',
  reporter: [['list'], ['./table-reporter.ts']],
  forbidOnly: true,
  fullyParallel: true,
  workers: 2,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  projects: ENGINES.map((engine) => ({
    name: engine,
    use: { engine },
    // Chromium's is in test/e2e/offline.test.ts; what WebDriver starts of WebKit has no profile that would outlive it.
    ...(engine !== 'firefox' && { testIgnore: 'killed-browser.test.ts' }),
  })),
});
