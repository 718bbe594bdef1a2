/** `docs/plain.md`: what it says is compiled. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, inject, test } from 'vitest';
import { filesForBundler, filesOf, writeFiles } from './support/code-blocks.ts';
import { compile } from './support/compile.ts';

const DOCUMENT = 'docs/plain.md';
const { folder } = inject('consumer');
const names = [...filesOf(DOCUMENT).keys()];
const recipes = [...new Set(names.map((name) => name.split('/', 1)[0] ?? ''))];

test('every code block is a file, and no two are the same one', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../..', DOCUMENT), 'utf8');
  expect(names.length).toBe([...text.matchAll(/^```\w/gm)].length);
});

test.each(recipes)('%s compiles as it stands', (recipe) => {
  const written = join(folder, 'plain', recipe);
  const files = filesForBundler(recipe, DOCUMENT);
  writeFiles(files, written);
  const options = { module: 'ESNext', moduleResolution: 'bundler', moduleDetection: 'force', types: [] };
  const paths = [...files.keys()].map((name) => join(written, name));
  expect(compile(folder, `plain-${recipe}`, options, paths)).toBe('');
});
