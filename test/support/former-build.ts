/** A build of this package as it was at an earlier commit, to play today's against. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
/** The newest before the holes of the protocol were closed. */
const COMMIT = '790844a80945569a2526aac03ae681de7b41938a';

/** Its `dist`, built once for this machine; `null` where this clone does not have the commit, as a shallow one. */
export function formerBuild(): string | null {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: ROOT, maxBuffer: 2 ** 30 });
  if (git('cat-file', '-e', `${COMMIT}^{commit}`).status !== 0) return null;
  const cache = join(tmpdir(), 'trunkline-former-builds');
  const folder = join(cache, COMMIT.slice(0, 12));
  const dist = join(folder, 'dist');
  if (existsSync(dist)) return dist;
  mkdirSync(cache, { recursive: true });
  // Put in its place when it is whole: another run may do the same.
  const building = mkdtempSync(join(cache, 'building-'));
  try {
    execFileSync('tar', ['-x', '-C', building], { input: git('archive', COMMIT).stdout });
    symlinkSync(join(ROOT, 'node_modules'), join(building, 'node_modules'));
    const compiler = join(ROOT, 'node_modules/.bin/tsc');
    execFileSync(compiler, ['-p', 'tsconfig.build.json', '--outDir', 'dist'], { cwd: building });
    rmSync(join(building, 'test'), { recursive: true });
    if (!existsSync(dist)) renameSync(building, folder);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return dist;
}
