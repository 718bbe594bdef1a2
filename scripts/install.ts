import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const INSTALL_TIMEOUT_MS = 5 * 60_000;

export const isRoot = process.getuid?.() === 0;
// Ubuntu's packages of the browsers' names only start snap, which containers don't have.
const isDebian =
  existsSync('/etc/os-release') && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));

/** Whether the system's packages can be installed here. */
export const hasApt = isRoot && isDebian;

export function installPackages(...names: readonly string[]): boolean {
  return run('apt-get', 'update') && run('apt-get', 'install', '-y', '--no-install-recommends', ...names);
}

/** Runs an installer, its output shown. */
export function run(command: string, ...args: readonly string[]): boolean {
  console.log(`install: ${command} ${args.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return (
    spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], timeout: INSTALL_TIMEOUT_MS, env })
      .status === 0
  );
}
