import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { hasApt, installPackages, run } from './install.ts';

/** The package that the servers in `docs/examples` speak by. */
const WEBSOCKETS = 'websockets>=10.4';
const CACHE = resolve(import.meta.dirname, '../node_modules/.cache/trunkline/python');
const OWN = join(CACHE, 'bin', 'python');
/** Debian's own first has the distribution's `websockets`; a version manager may hide it. */
const CANDIDATES = ['python3', '/usr/bin/python3', OWN];

/** A Python 3 that has the package `websockets`, or `null`. */
export function findPython(): string | null {
  const works = (python: string) => spawnSync(python, ['-c', 'import websockets']).status === 0;
  return CANDIDATES.find(works) ?? null;
}

/** Installs the package where none has it: beside Debian's own Python, or in an environment of its own. */
export function ensurePython(): string | null {
  const installers = [
    ...(hasApt ? [() => installPackages('python3', 'python3-websockets')] : []),
    () =>
      run('python3', '-m', 'venv', CACHE) &&
      run(OWN, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', WEBSOCKETS),
  ];
  let found = findPython();
  for (const install of installers) found ??= install() ? findPython() : null;
  return found;
}
