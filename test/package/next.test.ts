import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { CHROMIUM_ARGS, chromiumPath } from '../../scripts/chromium.ts';
import { filesForBundler, writeFiles } from './support/code-blocks.ts';
import { installBeside } from './support/consumer.ts';
import { builtByNext } from './support/next.ts';
import { sharesNotes } from './support/notes-application.ts';
import { runApplication } from './support/running-application.ts';
import { constructing, formsBy, HUB, type Made, madeOn, WORKER_FORMS } from './support/worker-forms.ts';

const { tarball } = inject('consumer');
let folder: string;

beforeAll(() => {
  folder = installBeside(tarball, {
    next: '16.4.6',
    react: '19.3.1',
    'react-dom': '19.3.1',
    // Next.js installs them by itself where it finds TypeScript and not these.
    typescript: '5.9.3',
    '@types/node': '24.19.2',
    '@types/react': '19.3.0',
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each(['turbopack', 'webpack'] as const)(
  'the application for Next.js, built by %s, works in a browser',
  async (bundler) => {
    const files = filesForBundler('next');
    // The server lies beside the pages here, whose type-check it must pass.
    for (const name of ['page.ts', 'index.html']) files.delete(name);
    files.set('protocol.ts', files.get('app/protocol.ts') ?? '');
    files.set('tsconfig.json', '{ "compilerOptions": { "allowImportingTsExtensions": true } }');
    await sharesNotes(await runApplication(files, join(folder, `app-${bundler}`), builtByNext(bundler)));
  },
);

test('what Turbopack makes of other forms of the worker is what the document says', async () => {
  const app = join(folder, 'forms');
  const forms = Object.entries(WORKER_FORMS).map(([form, code], n) => ({ form, code, path: `form-${n}` }));
  writeFiles(
    new Map([
      ['package.json', '{ "type": "module" }'],
      ['app/layout.jsx', 'export default ({ children }) => <html><body>{children}</body></html>;'],
      ...forms.flatMap(({ code, path }) =>
        Object.entries({ ...HUB, 'page.jsx': pageConstructing(code) }).map(
          ([name, text]): [string, string] => [`app/${path}/${name}`, text],
        ),
      ),
    ]),
    app,
  );
  const site = await builtByNext('turbopack')({ app });
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: CHROMIUM_ARGS });
  try {
    const made: Record<string, Made> = {};
    for (const { form, path } of forms) made[form] = await madeOn(`${site.origin}/${path}`, browser);
    expect(made).toEqual(formsBy('Turbopack'));
  } finally {
    await browser.close();
    await site.close();
  }
});

/** A page of Next.js that constructs its worker so, once a browser has it. */
const pageConstructing = (code: string) => `'use client';
  import { useEffect } from 'react';
  export default function Page() {
    useEffect(() => {
      ${constructing(code)}
    }, []);
    return null;
  }`;
