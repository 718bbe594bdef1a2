import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');

const named = (document: string): string[] => [
  ...new Set(
    [
      ...readFileSync(resolve(ROOT, document), 'utf8').matchAll(
        /`((?:src|worker|demo|test|docs|scripts)\/[\w./-]+)`/g,
      ),
    ].map(([, path = '']) => path),
  ),
];

for (const document of ['docs/architecture.md', 'CONTRIBUTING.md']) {
  test(`each file and folder that ${document} names is there`, () => {
    const paths = named(document);
    expect(paths.length).toBeGreaterThan(10);
    expect(paths.filter((path) => !existsSync(resolve(ROOT, path)))).toEqual([]);
  });
}
