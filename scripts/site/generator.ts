/** What makes the site: packages of its own, since no other work here needs them, and TypeDoc needs another TypeScript. */
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const SITE = resolve(import.meta.dirname, '../../site');
/** npm writes it when all is installed. */
const INSTALLED = join(SITE, 'node_modules/.package-lock.json');
/** Only a guard: a registry that does not answer would hold a run for ever. */
const TIMEOUT_MS = 600_000;

/** Installs it as the lock file has it, where that was not done since the file changed. */
export function ensureGenerator(): void {
  if (
    existsSync(INSTALLED) &&
    statSync(INSTALLED).mtimeMs >= statSync(join(SITE, 'package-lock.json')).mtimeMs
  )
    return;
  const args = ['ci', '--prefer-offline', '--ignore-scripts', '--loglevel=error'];
  execFileSync('npm', args, { cwd: SITE, stdio: 'inherit', timeout: TIMEOUT_MS });
}

/** Runs one of its commands, in its folder. */
export function runGenerator(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): void {
  execFileSync(join(SITE, 'node_modules/.bin', command), args, {
    cwd: SITE,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
}
