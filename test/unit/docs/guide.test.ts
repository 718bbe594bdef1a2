import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { resolveLimits } from '../../../src/server/core/limits.ts';
import { hubSettings } from '../../../worker/core/settings.ts';
import { anchorsOf } from './anchors.ts';

const guide = readFileSync(resolve(import.meta.dirname, '../../../docs/guide.md'), 'utf8');

/** The cells of the table whose first column has this heading. */
function tableOf(heading: string): string[][] {
  const [, rows = ''] =
    new RegExp(`^\\| ${heading} \\|.*\\n\\|[-|]+\\|\\n((?:\\|.*\\n)+)`, 'm').exec(guide) ?? [];
  return rows
    .trimEnd()
    .split('\n')
    .map((row) =>
      row
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', ''))
        .slice(1, -1),
    );
}

/** Of a value whose name says its unit, in the guide's words. */
function unitOf(name: string): RegExp {
  if (name.endsWith('Ms')) return /^ms$/;
  if (/bytes/i.test(name)) return /^bytes$/;
  return /^(jitter|newestOwns)$/.test(name) ? /^$/ : /^(?!ms$|bytes$)\S/;
}

test.each([
  { table: 'setting', values: hubSettings() },
  { table: 'limit', values: resolveLimits() },
])(
  'the table with the heading "$table" has each one, in order, with its default and unit',
  ({ table, values }) => {
    const rows = tableOf(table);
    const written = (value: unknown) =>
      typeof value === 'number' ? value.toLocaleString('en') : String(value);
    expect(rows.map(([name, value]) => [name, value])).toEqual(
      Object.entries(values).map(([name, value]) => [name, written(value)]),
    );
    for (const [name = '', , unit, meaning] of rows) {
      expect(unit, name).toMatch(unitOf(name));
      expect(meaning, name).not.toBe('');
    }
  },
);

test('every link within the guide leads to one of its headings', () => {
  const headings = anchorsOf(guide);
  const links = [...guide.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor);
  expect(links.length).toBeGreaterThan(0);
  expect(links.filter((anchor) => !headings.includes(anchor))).toEqual([]);
});
