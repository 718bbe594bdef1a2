/** `trunkline init` as a command: what it takes, writes and refuses. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TEMPLATES, writeApplication } from '../../../src/cli/write-application.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const OURS = fileURLToPath(new URL('../../../package.json', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trunkline-init-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** With nobody at its terminal. */
function init(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'init', ...args], {
    cwd: folder,
    encoding: 'utf8',
    input: '',
  });
  return { status, stdout, stderr };
}
const read = (...path: string[]) => readFileSync(join(folder, ...path), 'utf8');
const manifestOf = (app: string) => JSON.parse(read(app, 'package.json'));

describe('arguments', () => {
  test('help tells what there is', () => {
    const { status, stdout } = init('--help');
    expect(status).toBe(0);
    expect(stdout).toContain('--template react|svelte|vue|vanilla');
  });

  test.each([
    { args: ['--template', 'vue'], problem: 'Name a folder: there is no terminal to ask in.' },
    { args: ['board'], problem: 'Name a template: there is no terminal to ask in.' },
    { args: ['board', '--template', 'angular'], problem: 'There is no template "angular".' },
    { args: ['board', 'other', '--template', 'vue'], problem: 'Name one folder, not 2.' },
    { args: ['board', '--overwrite'], problem: "Unknown option '--overwrite'" },
  ])('$args are refused with what is wrong, and nothing is written', ({ args, problem }) => {
    const { status, stderr } = init(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(problem);
    expect(stderr).toContain('trunkline init [FOLDER]');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('an application', () => {
  test('has its folder as a name, and versions that this repository is tested with', () => {
    const { status, stdout } = init('My Board', '--template', 'react');
    expect(status).toBe(0);
    expect(stdout).toContain('cd "My Board"');
    const ours = JSON.parse(readFileSync(OURS, 'utf8'));
    expect(manifestOf('My Board')).toMatchObject({
      name: 'my-board',
      dependencies: { react: ours.devDependencies.react, zod: ours.devDependencies.zod },
      devDependencies: { vite: ours.devDependencies.vite, typescript: ours.devDependencies.typescript },
    });
    expect(read('My Board', 'src', 'protocol.ts')).toContain("app: 'my-board'");
    expect(read('My Board', '.gitignore')).toContain('node_modules/');
    expect(readdirSync(join(folder, 'My Board'))).not.toContain('_gitignore');
  });

  test.each(TEMPLATES)('of %s has a version of all that it needs', (template) => {
    writeApplication({ folder: join(folder, 'board'), template, isForced: false });
    const { dependencies, devDependencies } = manifestOf('board');
    for (const version of Object.values({ ...dependencies, ...devDependencies }))
      expect(version).toMatch(/^[\^~]\d/);
  });

  test('is not called as a package that it needs', () => {
    init('zod', '--template', 'vanilla');
    expect(manifestOf('zod').name).toBe('zod-app');
  });
});

describe('a folder', () => {
  test('with files is refused and left as it is, unless it is forced', () => {
    mkdirSync(join(folder, 'board'));
    for (const name of ['README.md', 'mine.txt']) writeFileSync(join(folder, 'board', name), 'mine');
    const refused = init('board', '--template', 'vanilla');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toBe(
      'board has files in it. --force writes there, and replaces those of the same names.\n',
    );
    expect(readdirSync(join(folder, 'board')).sort()).toEqual(['README.md', 'mine.txt']);

    expect(init('board', '--template', 'vanilla', '--force').status).toBe(0);
    expect(read('board', 'README.md')).toContain('# board');
    expect(read('board', 'mine.txt')).toBe('mine');
  });

  test('with an empty repository is taken, also where one stands in it', () => {
    mkdirSync(join(folder, '.git'));
    const { status, stdout } = init('.', '--template', 'vanilla');
    expect(status).toBe(0);
    expect(stdout).not.toContain('cd ');
    expect(readdirSync(folder)).toContain('package.json');
  });

  test('that is a file is refused', () => {
    writeFileSync(join(folder, 'board'), '');
    expect(init('board', '--template', 'vanilla')).toMatchObject({
      status: 1,
      stderr: 'board is no folder.\n',
    });
  });
});
