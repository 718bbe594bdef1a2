/**
 * `npm run build`: compiles the package into a folder of its own, and puts that in the place of `dist` when it is whole: a
 * build beside it, or who reads `dist` meanwhile, never finds a half of it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundlePrebuilt } from './prebuilt.ts';

const ROOT = resolve(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');

// Beside `dist`: source maps lead to the sources by relative paths.
const built = `${DIST}-${process.pid}`;
const old = `${built}-old`;
rmSync(built, { recursive: true, force: true });
try {
  const { status } = spawnSync(
    join(ROOT, 'node_modules/.bin/tsc'),
    ['-p', 'tsconfig.build.json', '--outDir', built],
    { cwd: ROOT, stdio: 'inherit' },
  );
  if (status !== 0) process.exitCode = status ?? 1;
  else {
    await bundlePrebuilt(built);
    putInPlace();
  }
} finally {
  for (const folder of [built, old]) rmSync(folder, { recursive: true, force: true });
}

/** Another build may do the same between the two renames; what is there in the end is whole, and of the same sources. */
function putInPlace(): void {
  for (;;) {
    try {
      if (existsSync(DIST)) renameSync(DIST, old);
      renameSync(built, DIST);
      return;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
      rmSync(old, { recursive: true, force: true });
    }
  }
}
