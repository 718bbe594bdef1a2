import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { CHROMIUM_ARGS, chromiumPath } from '../../scripts/chromium.ts';
import { BUNDLERS } from './support/bundlers.ts';
import { filesForBundler, inJavaScript, writeFiles } from './support/code-blocks.ts';
import { compile } from './support/compile.ts';
import { installBeside } from './support/consumer.ts';
import { sharesNotes } from './support/notes-application.ts';
import { built, runApplication } from './support/running-application.ts';
import { serveWithVite } from './support/vite-dev.ts';
import { formsBy, type Made, madeOf, WORKER_FORMS } from './support/worker-forms.ts';

const { folder, tarball } = inject('consumer');
/** Where those are installed that this repository has no other use for. */
let beside: string;

beforeAll(() => {
  const packages = { '@rspack/core': '2.3.4', '@rspack/cli': '2.2.8', parcel: '2.16.4' };
  const manifest = filesForBundler('parcel').get('package.json') ?? '';
  beside = installBeside(tarball, packages, JSON.parse(manifest));
});
afterAll(() => rmSync(beside, { recursive: true }));

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
  { bundler: 'rspack', hub: /^\/\d+\.[0-9a-f]{16}\.js$/ },
  { bundler: 'parcel', hub: /^\/hub\.[0-9a-f]{8}\.js$/ },
  { bundler: 'esbuild', hub: /^\/hub-[A-Z0-9]{8}\.js$/ },
  { bundler: 'none', hub: /^\/hub\.js\?v=1$/ },
] as const)(
  'the application for $bundler works in a browser, under a strict policy, its hub from a URL that tells its version',
  async ({ bundler, hub }) => {
    const isBeside = bundler === 'rspack' || bundler === 'parcel';
    const files = new Map([...(isBeside ? filesForBundler('webpack') : []), ...filesForBundler(bundler)]);
    // It is that of the folder in which all of them are installed.
    files.delete('package.json');
    const application = await runApplication(
      bundler === 'none' ? inJavaScript(files) : files,
      join(isBeside ? beside : folder, `built-by-${bundler}`),
      built(BUNDLERS[bundler]),
    );
    await sharesNotes(application);
    expect(application.site.violations).toEqual([]);
    expect(application.site.requested.filter((path) => hub.test(path))).not.toEqual([]);
  },
);

test.each(['Vite', 'webpack', 'Rspack', 'Parcel'] as const)(
  'what %s makes of other forms of the worker is what the document says',
  async (name) => {
    const bundler = name.toLowerCase() as Lowercase<typeof name>;
    const said = formsBy(name);
    expect(Object.keys(said)).toEqual(Object.keys(WORKER_FORMS));
    const made: Record<string, Made> = {};
    const browser = await chromium.launch({ executablePath: chromiumPath(), args: CHROMIUM_ARGS });
    try {
      for (const [form, code] of Object.entries(WORKER_FORMS)) {
        const app = join(beside, 'forms', bundler, form.replaceAll(/\W+/g, '-'));
        made[form] = await madeOf(code, app, BUNDLERS[bundler], browser);
      }
    } finally {
      await browser.close();
    }
    expect(made).toEqual(said);
  },
  // Only a guard: as many builds as there are forms, each of them a process.
  600_000,
);

test("the application works from Vite's development server with nothing in its cache", async () => {
  await sharesNotes(await runApplication(filesForBundler('vite'), join(folder, 'vite-dev'), serveWithVite));
});
