import { type Executable, firstThatStarts, onPath } from './executables.ts';
import { hasApt, installPackages } from './install.ts';

const ON_MAC = '/Applications/Firefox.app/Contents/MacOS/firefox';

/** The Firefox to test in: `FIREFOX_PATH` and no other if it is set, else the system's. Answers why there is none. */
export function findFirefox(): Executable | string {
  const chosen = process.env['FIREFOX_PATH'];
  return (
    firstThatStarts(chosen ? [chosen] : [...onPath('firefox-esr', 'firefox'), ON_MAC]) ??
    (chosen
      ? `FIREFOX_PATH is ${chosen}, which does not start as a browser. Correct it, or unset it to let one be found.`
      : 'none found. Install Firefox (Debian: firefox-esr; a snap cannot be driven), or set FIREFOX_PATH.')
  );
}

/** Installs it where it is not found. Answers why there is none, where it cannot be had. */
export function ensureFirefox(): Executable | string {
  const found = findFirefox();
  if (typeof found !== 'string' || !hasApt || process.env['FIREFOX_PATH']) return found;
  installPackages('firefox-esr');
  return findFirefox();
}
