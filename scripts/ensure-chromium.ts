/** Finds a Chromium for the tests, or installs one. `npm test` begins with it. */
import { ensureChromium } from './chromium.ts';

const found = ensureChromium();
if (typeof found === 'string') {
  console.error(`chromium: ${found}`);
  process.exitCode = 1;
} else {
  console.log(`chromium: ${found.path} (${found.version})`);
}
