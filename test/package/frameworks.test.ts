/** `docs/frameworks.md`: what it says is compiled, built and run. */
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { filesForBundler, filesOf, writeFiles } from './support/code-blocks.ts';
import { compile } from './support/compile.ts';
import { approveWithoutServer } from './support/console.ts';

const DOCUMENT = 'docs/frameworks.md';
const { folder } = inject('consumer');
const document = readFileSync(resolve(import.meta.dirname, '../..', DOCUMENT), 'utf8');
const guide = filesOf('docs/guide.md');
const borrowed = ['protocol.ts', 'hub.ts', 'client.ts', 'server.ts', 'index.html'];

/** TypeScript itself knows no components in files of their own. */
const COMPONENTS = `declare module '*.vue' {
  const component: import('vue').Component;
  export default component;
}
declare module '*.svelte' {
  const component: import('svelte').Component;
  export default component;
}`;

/** The guide's console with one framework's files, and those that need none. */
function consoleWith(framework: string): Map<string, string> {
  const files = borrowed.map((name) => [name, guide.get(name) ?? ''] as const);
  return new Map([...files, ...filesForBundler(framework, DOCUMENT)]);
}

test('every code block is a file, and no two are the same one', () => {
  expect(filesOf(DOCUMENT).size).toBe([...document.matchAll(/^```\w/gm)].length);
});

describe.each([
  { framework: 'vue', page: './main.ts', jsx: {} },
  { framework: 'solid', page: './main.tsx', jsx: { jsx: 'preserve', jsxImportSource: 'solid-js' } },
  { framework: 'svelte', page: './main.ts', jsx: {} },
])('with $framework', ({ framework, page, jsx }) => {
  const files = consoleWith(framework);

  test('the code compiles as it stands', () => {
    const written = join(folder, `frameworks-${framework}`);
    writeFiles(new Map([...files, ['components.d.ts', COMPONENTS]]), written);
    const sources = [...files.keys(), 'components.d.ts'].filter(
      (name) => /\.tsx?$/.test(name) && name !== 'server.ts',
    );
    const options = {
      module: 'ESNext',
      moduleResolution: 'bundler',
      moduleDetection: 'force',
      types: ['vite/client'],
      ...jsx,
      // Those of the frameworks.
      skipLibCheck: true,
    };
    const paths = sources.map((name) => join(written, name));
    expect(compile(folder, `frameworks-${framework}`, options, paths)).toBe('');
  });

  test('what was approved without a server survives a reload and arrives', async () => {
    await approveWithoutServer(files, join(folder, `console with ${framework}`), page);
  });
});

describe('the recipes', () => {
  const written = join(folder, 'recipes');
  const sources = ['atom-of.ts', 'feed-query.ts', 'gates-query.ts'];
  beforeAll(() => {
    cpSync(resolve(import.meta.dirname, 'recipes'), written, { recursive: true });
    writeFiles(consoleWith('recipes'), written);
  });

  test('compile as they stand', () => {
    const options = { module: 'ESNext', moduleResolution: 'bundler', types: [], skipLibCheck: true };
    const paths = sources.map((name) => join(written, name));
    expect(compile(folder, 'recipes', options, paths)).toBe('');
  });

  test('do what they say', () => {
    const vitest = join(folder, 'node_modules/vitest/vitest.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', '--root', written], {
      encoding: 'utf8',
      // With the variables of the run that this is in, it would take itself for a part of that.
      env: { PATH: process.env['PATH'], NO_COLOR: '1' },
    });
    expect(status, stdout + stderr).toBe(0);
    for (const name of ['nanostores', 'query']) expect(stdout).toContain(`✓ ${name}.spec.ts`);
  });
});
