import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LockedPackage, lockedPackages, table, target, writeSection } from './place.ts';

/** Those which ask for nothing but their own text to be kept. */
const PERMISSIVE = /^(MIT|MIT-0|ISC|BSD|0BSD|Apache-2\.0|BlueOak|CC0|CC-BY|Unlicense|Python-2\.0|WTFPL|Zlib)/;

const packages = await lockedPackages();
const byLicence = Map.groupBy(
  await Promise.all(packages.map(async (locked) => ({ ...locked, license: await licenceOf(locked) }))),
  ({ license }) => license,
);
const rows = [...byLicence].sort(([, a], [, b]) => b.length - a.length);
const unusual = rows.filter(([licence]) => !PERMISSIVE.test(licence.replaceAll(/[()]/g, '')));
await writeSection('licences', {
  title: 'Licences',
  gist: [
    `${packages.length} packages under ${rows.length} licences`,
    unusual.length === 0
      ? 'all of them permissive'
      : `to look at: ${unusual.map(([licence, { length }]) => `${licence} (${length})`).join(', ')}`,
  ],
  body: table(
    ['Licence', 'Packages', 'Of these for production', 'Such as'],
    rows.map(([licence, of]) => [
      licence,
      of.length,
      of.filter(({ isForDevelopment }) => !isForDevelopment).length,
      of
        .slice(0, 3)
        .map(({ name }) => name)
        .join(', '),
    ]),
  ),
});

/** The lock file does not always say. */
async function licenceOf({ path, license }: LockedPackage): Promise<string> {
  if (license) return license;
  try {
    const manifest = JSON.parse(await readFile(join(target, path, 'package.json'), 'utf8'));
    return typeof manifest.license === 'string' ? manifest.license : 'unknown';
  } catch {
    return 'not installed';
  }
}
