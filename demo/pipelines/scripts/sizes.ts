import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bytes, lockedPackages, table, target, writeSection } from './place.ts';

const LARGEST = 15;

const sizes: { name: string; version: string; size: number; isForDevelopment: boolean }[] = [];
for (const { path, name, version, isForDevelopment } of await lockedPackages()) {
  const size = await sizeOf(join(target, path));
  if (size > 0) sizes.push({ name, version, size, isForDevelopment });
}
sizes.sort((a, b) => b.size - a.size);
const sum = (of: typeof sizes) => bytes(of.reduce((total, { size }) => total + size, 0));
await writeSection('sizes', {
  title: 'Sizes',
  gist: [
    `${sizes.length} packages are installed: ${sum(sizes)}, for production ${sum(sizes.filter(({ isForDevelopment }) => !isForDevelopment))}`,
    `the largest: ${sizes
      .slice(0, 3)
      .map(({ name, size }) => `${name} (${bytes(size)})`)
      .join(', ')}`,
  ],
  body: table(
    ['Package', 'Version', 'Installed', 'For'],
    sizes
      .slice(0, LARGEST)
      .map(({ name, version, size, isForDevelopment }) => [
        name,
        version,
        bytes(size),
        isForDevelopment ? 'development' : 'production',
      ]),
  ),
});

/** Without the packages inside it, which are counted on their own; 0 where it is not installed. */
async function sizeOf(folder: string): Promise<number> {
  let size = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules') size += await sizeOf(path);
    else if (entry.isFile()) size += (await stat(path)).size;
  }
  return size;
}
