import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright';

/** Flags for a quiet Chromium that can run as root and touches no network beyond what a test opens. */
export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const MAC_APPLICATIONS = [
  'Chromium.app/Contents/MacOS/Chromium',
  'Google Chrome.app/Contents/MacOS/Google Chrome',
];
const VERSION_TIMEOUT_MS = 20_000;

export interface Chromium {
  readonly path: string;
  /** As it prints it. */
  readonly version: string;
}

/**
 * The Chromium to test in: `CHROMIUM_PATH` and no other if it is set, else the system's, else the one that Playwright
 * downloaded. `null` where none of them starts.
 */
export function findChromium(): Chromium | null {
  const chosen = process.env['CHROMIUM_PATH'];
  for (const path of chosen ? [chosen] : candidates()) {
    const version = existsSync(path) ? versionOf(path) : null;
    if (version !== null) return { path, version };
  }
  return null;
}

/** Where the browser is, or where Playwright's would be: starting that one fails and says how to install it. */
export function chromiumPath(): string {
  return findChromium()?.path ?? chromium.executablePath();
}

function candidates(): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const onMac = ['/Applications', join(process.env['HOME'] ?? '/', 'Applications')].flatMap((folder) =>
    MAC_APPLICATIONS.map((application) => join(folder, application)),
  );
  return [...onPath, ...(process.platform === 'darwin' ? onMac : []), chromium.executablePath()];
}

/** Asked rather than assumed: Ubuntu's `chromium-browser` is a script that only tells to install a snap. */
function versionOf(path: string): string | null {
  const { status, stdout } = spawnSync(path, ['--version'], {
    encoding: 'utf8',
    timeout: VERSION_TIMEOUT_MS,
  });
  return status === 0 ? stdout.trim() : null;
}
