import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { resolveLimits } from '../../../src/server/core/limits.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const document = readFileSync(join(ROOT, 'docs/security.md'), 'utf8').replaceAll('\n', ' ');
const testFiles = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.test\.tsx?$/.test(file))
  .map((file) => join('test', file));

test('every test that docs/security.md names exists', () => {
  const named = [...document.matchAll(/\btest\/[\w/-]+/g)].map(([path]) => path);
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((path) => !testFiles.some((file) => file.startsWith(`${path}.test.`)))).toEqual([]);

  const texts = testFiles.map((file) => readFileSync(join(ROOT, file), 'utf8'));
  const titles = [...document.matchAll(/"([^"]+?)(?: …)?"/g)].map(([, title = '']) => title);
  expect(titles.length).toBeGreaterThan(0);
  expect(titles.filter((title) => !texts.some((text) => text.includes(`('${title}`)))).toEqual([]);
});

test('every limit that docs/security.md names in its table exists', () => {
  const rows = [...document.matchAll(/\(`(\w+)`\)/g)].map(([, name = '']) => name);
  const known = [...Object.keys(resolveLimits()), 'allowedOrigins'];
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.filter((name) => !known.includes(name))).toEqual([]);
});
