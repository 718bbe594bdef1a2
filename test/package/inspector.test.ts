/** `docs/inspector.md`: what it says is compiled, built and opened. */
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { filesOf, writeFiles } from './support/code-blocks.ts';
import { compile } from './support/compile.ts';
import { built, runApplication } from './support/running-application.ts';

const { folder } = inject('consumer');
const guide = [...filesOf('docs/guide.md')].filter(([name]) =>
  ['protocol.ts', 'page.ts', 'server.ts', 'index.html'].includes(name),
);
const own = filesOf('docs/inspector.md');
const files = new Map([...guide, ...own]);

test("the document's code compiles as it stands", () => {
  expect([...own.keys()]).toEqual(['client.ts', 'panel.ts', 'hub.ts']);
  const written = join(folder, 'inspector');
  writeFiles(files, written);
  const options = {
    module: 'ESNext',
    moduleResolution: 'bundler',
    moduleDetection: 'force',
    types: ['vite/client'],
  };
  const paths = ['page.ts', ...own.keys()].map((name) => join(written, name));
  expect(compile(folder, 'inspector', options, paths)).toBe('');
});

test('one line in the console opens it in what was built, under a strict policy, with the frames of the hub', async () => {
  const { site, context, end } = await runApplication(files, join(folder, 'inspector-running'), built());
  try {
    const page = await context.newPage();
    await page.goto(site.origin);
    await page.getByText('deploy: waiting').waitFor();
    expect(await page.locator('trunkline-inspector').count()).toBe(0);
    await page.evaluate('trunkline.inspect()');
    await page.getByRole('tab', { name: 'Frames' }).click();
    await page.getByRole('row', { name: /in welcome/ }).waitFor();
    await page.getByRole('button', { name: 'Close the inspector' }).click();
    expect(await page.locator('trunkline-inspector').count()).toBe(0);
    expect(site.violations).toEqual([]);
  } finally {
    await end();
  }
});
