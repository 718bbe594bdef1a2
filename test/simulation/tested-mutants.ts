import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { editsOf, type Mutant } from './mutants/mutant.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** What these tests read. */
const COPIED = [
  'src',
  'worker',
  'test',
  'testing',
  'scripts',
  'docs',
  'package.json',
  'tsconfig.base.json',
  'vite.config.ts',
];

/** By test: whether it passes without any mistake. */
const clean = new Map<string, Promise<boolean>>();

/** Where tests run in a browser: one after the other, since all have their libraries from one place. */
const BROWSER = 'test/browser/';
let browserIsFree: Promise<unknown> = Promise.resolve();

/** Runs the mutant's test on a copy of the sources in which the mistake was made: whether the test fails there. */
export async function isCaughtByTest(mutant: Mutant): Promise<boolean> {
  const { test } = mutant;
  if (test === undefined) return false;
  const copy = await mkdtemp(join(tmpdir(), 'trunkline-mutant-'));
  try {
    await Promise.all(COPIED.map((name) => cp(join(ROOT, name), join(copy, name), { recursive: true })));
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    clean.set(test, clean.get(test) ?? passes(copy, test));
    if (!(await clean.get(test))) throw new Error(`${test} fails without any mistake`);
    for (const { file, text, instead } of editsOf(mutant)) {
      const path = join(copy, file);
      const source = await readFile(path, 'utf8');
      if (source.split(text).length !== 2) throw new Error(`${file} does not have exactly once: ${text}`);
      await writeFile(
        path,
        source.replace(text, () => instead),
      );
    }
    return !(await passes(copy, test));
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

function passes(root: string, test: string): Promise<boolean> {
  if (!test.startsWith(BROWSER)) return runs(root, test, 'unit');
  const run = browserIsFree.then(() => runs(root, test, 'browser'));
  browserIsFree = run.catch(() => {});
  return run;
}

function runs(root: string, test: string, project: 'unit' | 'browser'): Promise<boolean> {
  return new Promise((done, failed) => {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const run = spawn(process.execPath, [vitest, 'run', '--project', project, test], {
      cwd: root,
      stdio: 'ignore',
    });
    run.on('error', failed);
    run.on('close', (code) => done(code === 0));
  });
}
