/**
 * `npm run bump`: makes of all that `.changeset` tells the next version, with its section of `CHANGELOG.md`, and names it
 * wherever a version is named. What it did is to be read, and committed.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const CHANGESET = resolve(import.meta.dirname, '../node_modules/.bin/changeset');
/** They say how to install the packed file. */
const NAMING = ['README.md', 'docs/guide.md'];

const root = process.cwd();
const before = version();
execFileSync(CHANGESET, ['version'], { cwd: root, stdio: 'inherit' });
const after = version();
change('package-lock.json', (text) => {
  const lock = JSON.parse(text);
  lock.version = after;
  lock.packages[''].version = after;
  return `${JSON.stringify(lock, null, 2)}\n`;
});
for (const file of NAMING)
  change(file, (text) => text.replaceAll(`trunkline-${before}.tgz`, `trunkline-${after}.tgz`));
console.log(`${before} → ${after}`);

function version(): string {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
}

function change(file: string, how: (text: string) => string): void {
  const path = join(root, file);
  writeFileSync(path, how(readFileSync(path, 'utf8')));
}
