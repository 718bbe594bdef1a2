import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect, inject, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const { tarball } = inject('consumer');

const versionOf = (folder: string): string =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
const newestOf = (changelog: string) => /^## (.*)$/m.exec(changelog)?.[1];
const packedNames = (text: string) => new Set(text.match(/trunkline-\d[\w.-]*\.tgz/g));

test('the packed file would be published', () => {
  // Forced: what is published already, and under which tag, only a registry could say, and none is asked.
  const args = ['publish', tarball, '--dry-run', '--force', '--registry=http://127.0.0.1:9', '--json'];
  const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout)).toHaveProperty('trunkline.version', versionOf(ROOT));
});

test('the newest section of the changelog, and the documents, are of this version', () => {
  const version = versionOf(ROOT);
  expect(newestOf(readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8'))).toBe(version);
  for (const document of ['README.md', 'docs/guide.md']) {
    expect(packedNames(readFileSync(join(ROOT, document), 'utf8')), document).toEqual(
      new Set([`trunkline-${version}.tgz`]),
    );
  }
});

test('what is pending comes to a next version, which everything names', () => {
  const tree = mkdtempSync(join(tmpdir(), 'trunkline-bump-'));
  try {
    for (const file of [
      'package.json',
      'package-lock.json',
      'CHANGELOG.md',
      'README.md',
      'docs/guide.md',
      '.changeset',
    ]) {
      mkdirSync(dirname(join(tree, file)), { recursive: true });
      cpSync(join(ROOT, file), join(tree, file), { recursive: true });
    }
    writeFileSync(
      join(tree, '.changeset/one-more.md'),
      "---\n'trunkline': patch\n---\n\nSomething is mended.\n",
    );
    const git = (...args: string[]) => execFileSync('git', args, { cwd: tree });
    git('init', '--quiet', '--initial-branch=main');
    git('add', '.');
    git('-c', 'user.name=test', '-c', 'user.email=test@localhost', 'commit', '--quiet', '--message=A tree');
    execFileSync(process.execPath, [join(ROOT, 'scripts/bump.ts')], { cwd: tree, stdio: 'pipe' });

    const before = versionOf(ROOT);
    const after = versionOf(tree);
    expect(after).not.toBe(before);
    const changelog = readFileSync(join(tree, 'CHANGELOG.md'), 'utf8');
    expect(newestOf(changelog)).toBe(after);
    expect(changelog).toContain('Something is mended.');
    expect(changelog).toContain(`## ${before}`);
    const lock = JSON.parse(readFileSync(join(tree, 'package-lock.json'), 'utf8'));
    expect([lock.version, lock.packages[''].version]).toEqual([after, after]);
    expect(packedNames(readFileSync(join(tree, 'README.md'), 'utf8'))).toEqual(
      new Set([`trunkline-${after}.tgz`]),
    );
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
});
