import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

test('the table of docs/browsers.md has the scenarios that are run, in their words and order', () => {
  const titles = [...read('test/engines/scenarios.test.ts').matchAll(/^test\('(.+?)', async/gm)];
  const rows = [...read('docs/browsers.md').matchAll(/^\| (.+?) \| passed \|/gm)];

  expect(titles.length).toBeGreaterThan(0);
  expect(rows.map(([, scenario]) => scenario)).toEqual(titles.map(([, title]) => title));
});
