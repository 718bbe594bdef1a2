import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { BUNDLERS } from './support/bundlers.ts';
import { filesForBundler, inJavaScript, writeFiles } from './support/code-blocks.ts';
import { compile } from './support/compile.ts';
import {
  built,
  isOpen,
  type Pages,
  type RunningApplication,
  runApplication,
} from './support/running-application.ts';
import { serveWithVite } from './support/vite-dev.ts';

const { folder } = inject('consumer');

test.each([
  { bundler: 'vite', types: ['vite/client'], entries: ['hub.ts', 'page.ts', 'vite.config.ts'] },
  { bundler: 'webpack', types: ['node'], entries: ['hub.ts', 'page.ts'] },
  { bundler: 'esbuild', types: ['node'], entries: ['hub.ts', 'page.ts'] },
  { bundler: 'next', types: ['node'], entries: ['app/hub.ts', 'app/page.tsx'] },
])('the files for $bundler compile as they stand', ({ bundler, types, entries }) => {
  const written = join(folder, `bundlers-${bundler}`);
  writeFiles(filesForBundler(bundler), written);
  const options = {
    module: 'ESNext',
    moduleResolution: 'bundler',
    moduleDetection: 'force',
    jsx: 'react-jsx',
    types,
  };
  const paths = entries.map((name) => join(written, name));
  expect(compile(folder, `bundlers-${bundler}`, options, paths)).toBe('');
});

test.each([
  { bundler: 'vite', hub: /^\/assets\/hub-[\w-]{8}\.js$/ },
  { bundler: 'webpack', hub: /^\/\d+\.[0-9a-f]{20}\.js$/ },
  { bundler: 'esbuild', hub: /^\/hub-[A-Z0-9]{8}\.js$/ },
  { bundler: 'none', hub: /^\/hub\.js\?v=1$/ },
] as const)(
  'the application for $bundler works in a browser, under a strict policy, its hub from a URL that tells its version',
  async ({ bundler, hub }) => {
    const files = bundler === 'none' ? inJavaScript(filesForBundler(bundler)) : filesForBundler(bundler);
    const serve = built(BUNDLERS[bundler]);
    const application = await runApplication(files, join(folder, `built-by-${bundler}`), serve);
    await works(application);
    expect(application.site.violations).toEqual([]);
    expect(application.site.requested.filter((path) => hub.test(path))).not.toEqual([]);
  },
);

test("the application works from Vite's development server with nothing in its cache", async () => {
  await works(await runApplication(filesForBundler('vite'), join(folder, 'vite-dev'), serveWithVite));
});

/** What one tab sends is accepted and seen in another, which shares its hub. */
async function works({ site, context, end }: RunningApplication<Pages>): Promise<void> {
  try {
    const uncaught: string[] = [];
    context.on('weberror', (error) => uncaught.push(error.error().message));
    const one = await context.newPage();
    const two = await context.newPage();
    await one.goto(site.origin);
    await two.goto(site.origin);
    await isOpen(one);
    await one.getByRole('button', { name: 'Add a note' }).click();
    await two.getByText('note 1').waitFor();
    await one.reload();
    await one.getByText('note 1').waitFor();
    expect(uncaught).toEqual([]);
  } finally {
    await end();
  }
}
