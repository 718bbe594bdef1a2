import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

interface Locked {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const ROOT = resolve(import.meta.dirname, '../..');
const files = ['package-lock.json', 'site/package-lock.json'].map((file) => {
  const { packages }: { packages: Readonly<Record<string, Locked>> } = JSON.parse(
    readFileSync(resolve(ROOT, file), 'utf8'),
  );
  return { file, packages };
});

test.each(files)('$file names no registry', ({ packages }) => {
  const naming = Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined);
  expect(naming.map(([path]) => path)).toEqual([]);
});

/** npm leaves out what it could not find while it wrote the file, and `npm ci` then fails, everywhere. */
test.each(files)("$file has every platform's packages", ({ packages }) => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
    ),
  );
  expect(missing).toEqual([]);
});
