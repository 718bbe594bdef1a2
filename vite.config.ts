import { svelte } from '@sveltejs/vite-plugin-svelte';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { CHROMIUM_ARGS, chromiumPath } from './scripts/chromium.ts';

/** Those of tests. */
const svelteComponents = () => svelte({ configFile: false });

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [svelteComponents()],
        test: {
          name: 'unit',
          environment: 'node',
          include: ['test/unit/**/*.test.ts'],
          // Guards, here as below: a condition is waited for for as long as a busy machine takes.
          expect: { poll: { timeout: 20_000 } },
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'package',
          environment: 'node',
          include: ['test/package/**/*.test.ts'],
          globalSetup: ['test/package/setup.ts'],
          // Compilers and bundlers at work.
          expect: { poll: { timeout: 30_000 } },
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'cluster',
          environment: 'node',
          include: ['test/cluster/**/*.test.ts'],
          // Databases are made, killed and promoted.
          expect: { poll: { timeout: 30_000 } },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        plugins: [svelteComponents()],
        // Found while tests run, a dependency would be optimized then, and the pages reloaded in mid-test.
        optimizeDeps: {
          include: [
            'axe-core',
            '@opentelemetry/api',
            '@opentelemetry/sdk-metrics',
            '@opentelemetry/sdk-trace',
            'comlink',
            'idb',
            'valibot',
            'zod/mini',
            'react',
            'react-dom',
            'react-dom/client',
            'react-dom/server',
            'react/jsx-dev-runtime',
            '@xyflow/react',
            '@dagrejs/dagre',
            '@testing-library/react',
            'solid-js',
            'solid-js/html',
            'solid-js/web',
            'svelte',
            'svelte/reactivity',
            'svelte/store',
            'vue',
            'vue/server-renderer',
          ],
        },
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.{ts,tsx}'],
          expect: { poll: { timeout: 20_000 } },
          testTimeout: 120_000,
          globalSetup: ['test/browser/setup/socket-server.ts', 'test/browser/setup/http-server.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: { executablePath: chromiumPath(), args: CHROMIUM_ARGS } }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
