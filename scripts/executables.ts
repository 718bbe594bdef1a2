import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const VERSION_TIMEOUT_MS = 20_000;

export interface Executable {
  readonly path: string;
  /** As it prints it. */
  readonly version: string;
}

/** Every file of one of these names on the PATH. */
export function onPath(...names: readonly string[]): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).filter(existsSync);
}

/** The first that starts and tells its version; asked rather than assumed: Ubuntu's `chromium-browser` and `firefox` are scripts that only tell to install a snap. */
export function firstThatStarts(paths: readonly string[]): Executable | null {
  for (const path of paths) {
    if (!existsSync(path)) continue;
    const { status, stdout } = spawnSync(path, ['--version'], {
      encoding: 'utf8',
      timeout: VERSION_TIMEOUT_MS,
    });
    if (status === 0) return { path, version: stdout.trim() };
  }
  return null;
}
