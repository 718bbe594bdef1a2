/**
 * `npm run test:engines`: the scenarios of `test/engines` in Chromium, Firefox and WebKitGTK, which it installs where it
 * can. `-- --engine chromium,firefox` selects; what else is given goes to Playwright, as `-g reload`. A browser that
 * cannot be had has failed every scenario.
 */
import { parseArgs } from 'node:util';
import { ensureChromium } from './chromium.ts';
import { ensureFirefox } from './firefox.ts';
import { runCommand } from './test/run-command.ts';
import { ensureWebKit } from './webkit.ts';

const TIMEOUT_MS = 15 * 60_000;
const ENSURE = { chromium: ensureChromium, firefox: ensureFirefox, webkit: ensureWebKit };
type Engine = keyof typeof ENSURE;
const isEngine = (name: string): name is Engine => Object.hasOwn(ENSURE, name);

const { values, tokens } = parseArgs({
  options: { engine: { type: 'string', default: Object.keys(ENSURE).join() } },
  strict: false,
  tokens: true,
});
