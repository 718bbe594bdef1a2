/** The package as it was at an earlier commit, built in a folder outside of this tree. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pack } from '../../test/package/support/consumer.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const LARGEST_TREE_BYTES = 2 ** 30;

export interface FormerPackage {
  /** The commit, short. */
  readonly commit: string;
  readonly tarball: string;
  remove(): void;
}

/** Builds it with what is installed here. @throws Error where there is no such commit, or it does not build */
export function buildFormerPackage(ref: string): FormerPackage {
  const git = (...args: readonly string[]) =>
    execFileSync('git', args, { cwd: ROOT, maxBuffer: LARGEST_TREE_BYTES });
  const commit = String(git('rev-parse', '--short', '--verify', `${ref}^{commit}`)).trim();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'trunkline-former-')));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // Also where the run is ended from outside.
  process.once('exit', remove);
  try {
    const tree = join(folder, 'tree');
    mkdirSync(tree);
    execFileSync('tar', ['-x', '-C', tree], { input: git('archive', commit) });
    symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
    return { commit, tarball: join(folder, pack(tree, folder)), remove };
  } catch (error) {
    remove();
    throw error;
  }
}
