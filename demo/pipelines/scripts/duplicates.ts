import { lockedPackages, table, writeSection } from './place.ts';

const packages = await lockedPackages();
const several = [...Map.groupBy(packages, ({ name }) => name)]
  .map(([name, of]) => ({ name, versions: [...new Set(of.map(({ version }) => version))] }))
  .filter(({ versions }) => versions.length > 1)
  .sort((a, b) => b.versions.length - a.versions.length);
await writeSection('duplicates', {
  title: 'Packages in several versions',
  gist: [
    several.length === 0
      ? 'every package is there in one version'
      : `${several.length} packages in several versions: ${several
          .slice(0, 5)
          .map(({ name, versions }) => `${name} (${versions.length})`)
          .join(', ')}`,
  ],
  body:
    several.length === 0
      ? 'None.'
      : table(
          ['Package', 'Versions'],
          several.map(({ name, versions }) => [name, versions.join(', ')]),
        ),
});
