import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Mutant } from './mutants.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** What unit tests read. */
const COPIED = [
  'src',
  'worker',
  'test',
  'scripts',
  'docs',
  'package.json',
  'tsconfig.base.json',
  'vite.config.ts',
];

/** Runs the mutant's unit test on a copy of the sources in which the mistake was made: whether the test fails there. */
export async function isCaughtByTest({ test, file, text, instead, also }: Mutant): Promise<boolean> {
  if (test === undefined) return false;
  const copy = await mkdtemp(join(tmpdir(), 'trunkline-mutant-'));
  try {
    await Promise.all(COPIED.map((name) => cp(join(ROOT, name), join(copy, name), { recursive: true })));
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    if (!(await passes(copy, test))) throw new Error(`${test} fails without any mistake`);
    for (const edit of [{ file, text, instead }, ...(also ? [also] : [])]) {
      const path = join(copy, edit.file);
      const source = await readFile(path, 'utf8');
      await writeFile(
        path,
        source.replace(edit.text, () => edit.instead),
      );
    }
    return !(await passes(copy, test));
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

function passes(root: string, test: string): Promise<boolean> {
  return new Promise((done, failed) => {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const run = spawn(process.execPath, [vitest, 'run', '--project', 'unit', test], {
      cwd: root,
      stdio: 'ignore',
    });
    run.on('error', failed);
    run.on('close', (code) => done(code === 0));
  });
}
