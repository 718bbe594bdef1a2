/** Finds a Chromium for the tests, or installs one. `npm test` begins with it. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { findChromium } from './chromium.ts';

const INSTALL_TIMEOUT_MS = 5 * 60_000;

const isRoot = process.getuid?.() === 0;
// Ubuntu's package of this name only starts snap, which containers don't have.
const isDebian =
  existsSync('/etc/os-release') && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));

/** The system's package first where it can be had: it also installs where nothing but package registries is reached. */
const INSTALLERS: readonly (readonly string[][])[] = [
  ...(isRoot && isDebian
    ? [
        [
          ['apt-get', 'update'],
          ['apt-get', 'install', '-y', '--no-install-recommends', 'chromium'],
        ],
      ]
    : []),
  [['npx', 'playwright', 'install', '--no-shell', ...(isRoot ? ['--with-deps'] : []), 'chromium']],
];

function install(): void {
  for (const commands of INSTALLERS) {
    const done = commands.every(run);
    if (done && findChromium()) return;
  }
}

function run([command = '', ...args]: string[]): boolean {
  console.log(`chromium: ${command} ${args.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return (
    spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], timeout: INSTALL_TIMEOUT_MS, env })
      .status === 0
  );
}

const chosen = process.env['CHROMIUM_PATH'];
if (!findChromium() && !chosen) install();
const found = findChromium();
if (found) {
  console.log(`chromium: ${found.path} (${found.version})`);
} else {
  console.error(
    chosen
      ? `chromium: CHROMIUM_PATH is ${chosen}, which does not start as a browser. Correct it, or unset it to let one be found.`
      : 'chromium: none found, and none could be installed. Install Chromium or Chrome, or set CHROMIUM_PATH to its executable.',
  );
  process.exitCode = 1;
}
