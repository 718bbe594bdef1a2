/**
 * `npm run test:engines`: the scenarios of `test/engines` in Chromium, Firefox and WebKitGTK, which it installs where it
 * can. One that cannot be had is not left out: it fails each scenario.
 */
import { ensureChromium } from './chromium.ts';
import { command, commandLine } from './command-line.ts';
import { ensureFirefox } from './firefox.ts';
import { runCommand } from './test/run-command.ts';
import { ensureWebKit } from './webkit.ts';

/** Ten times what it takes on a quiet machine. */
const TIMEOUT_MS = 40 * 60_000;
const ENSURE: Readonly<Record<string, () => object | string>> = {
  chromium: ensureChromium,
  firefox: ensureFirefox,
  webkit: ensureWebKit,
};
const ALL = Object.keys(ENSURE).join();

const { engine, grep } = commandLine(
  command({
    name: 'npm run test:engines',
    about: 'The core scenarios in real browsers, which it installs where it can.',
    options: {
      engine: { type: 'text', takes: 'NAME,NAME', default: ALL, about: 'in these browsers' },
      grep: {
        type: 'text',
        short: 'g',
        takes: 'TEXT',
        default: '',
        about: 'scenarios with that in their name',
      },
    },
  }),
).values;
const engines = engine.split(',');
for (const name of engines) {
  const found = ENSURE[name]?.() ?? `there is no such engine, but ${ALL}`;
  if (typeof found === 'string') console.error(`${name}: ${found}`);
  else console.log(`${name}: ${Object.values(found).join(', ')}`);
}
const failure = await runCommand(
  [
    'playwright',
    'test',
    '--config=test/engines/playwright.config.ts',
    `--grep=${grep}`,
    ...engines.map((name) => `--project=${name}`),
  ],
  { timeoutMs: TIMEOUT_MS },
);
process.exitCode = failure === null ? 0 : 1;
