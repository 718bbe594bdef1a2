import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, inject, test } from 'vitest';
import { filesOf, writeFiles } from './support/code-blocks.ts';
import { compile } from './support/compile.ts';
import { approveWithoutServer } from './support/console.ts';

const { folder } = inject('consumer');
const guide = readFileSync(resolve(import.meta.dirname, '../../docs/guide.md'), 'utf8');
const files = filesOf('docs/guide.md');
const sources = [...files.keys()].filter((name) => /\.tsx?$/.test(name));

test('every code block of the guide in TypeScript is a file, and no two are the same one', () => {
  const blocks = [...guide.matchAll(/^```tsx?\b/gm)];
  expect(sources).toHaveLength(blocks.length);
});

test("the guide's code compiles as it stands", () => {
  const written = join(folder, 'guide');
  writeFiles(files, written);
  const isServer = (name: string) => files.get(name)?.includes("from 'trunkline/server'");
  const pathsOf = (names: string[]) => names.map((name) => join(written, name));
  const pages = pathsOf(sources.filter((name) => !isServer(name)));
  const servers = pathsOf(sources.filter(isServer));
  expect(servers.length).toBeGreaterThan(0);
  const inPage = {
    module: 'ESNext',
    moduleResolution: 'bundler',
    moduleDetection: 'force',
    types: ['vite/client'],
  };
  expect(compile(folder, 'guide-pages', { ...inPage, jsx: 'react-jsx' }, pages)).toBe('');
  expect(compile(folder, 'guide-servers', { module: 'NodeNext', types: ['node'] }, servers)).toBe('');
});

test.each([
  { page: './page.ts', named: 'without a framework' },
  { page: './main.tsx', named: 'with React' },
])(
  "the guide's console works $named: what was approved without a server survives a reload and arrives",
  async ({ page, named }) => {
    await approveWithoutServer(files, join(folder, `guide ${named}`), page);
  },
);
