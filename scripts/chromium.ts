import { join } from 'node:path';
import { chromium } from 'playwright';
import { type Executable, firstThatStarts, onPath } from './executables.ts';
import { hasApt, installPackages, isRoot, run } from './install.ts';

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
/** The system's package first where it can be had: it also installs where nothing but package registries is reached. */
const INSTALLERS: readonly (() => boolean)[] = [
  ...(hasApt ? [() => installPackages('chromium')] : []),
  () => run('npx', 'playwright', 'install', '--no-shell', ...(isRoot ? ['--with-deps'] : []), 'chromium'),
];

/**
 * The Chromium to test in: `CHROMIUM_PATH` and no other if it is set, else the system's, else the one that Playwright
 * downloaded. `null` where none of them starts.
 */
export function findChromium(): Executable | null {
  const chosen = process.env['CHROMIUM_PATH'];
  return firstThatStarts(chosen ? [chosen] : candidates());
}

/** Installs one where none is found. Answers why there is none, where none can be had. */
export function ensureChromium(): Executable | string {
  const chosen = process.env['CHROMIUM_PATH'];
  let found = findChromium();
  if (!found && chosen) {
    return `CHROMIUM_PATH is ${chosen}, which does not start as a browser. Correct it, or unset it to let one be found.`;
  }
  for (const install of INSTALLERS) found ??= install() ? findChromium() : null;
  return (
    found ??
    'none found, and none could be installed. Install Chromium or Chrome, or set CHROMIUM_PATH to its executable.'
  );
}

/** As the tests start it. */
export function chromiumLaunch() {
  return {
    executablePath: chromiumPath(),
    args: CHROMIUM_ARGS,
    // Playwright turns the back/forward cache off, which people's browsers have on.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  };
}

/** Where the browser is, or where Playwright's would be: starting that one fails and says how to install it. */
export function chromiumPath(): string {
  return findChromium()?.path ?? chromium.executablePath();
}

function candidates(): string[] {
  const onMac = ['/Applications', join(process.env['HOME'] ?? '/', 'Applications')].flatMap((folder) =>
    MAC_APPLICATIONS.map((application) => join(folder, application)),
  );
  return [...onPath(...NAMES), ...(process.platform === 'darwin' ? onMac : []), chromium.executablePath()];
}
