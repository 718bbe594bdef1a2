/** Finds HAProxy for the tests, or installs it. `npm test` begins with it. */
import { ensureHaproxy } from './haproxy.ts';

const found = ensureHaproxy();
if (found === null) {
  console.error('haproxy: none found, and none could be installed. Install HAProxy 2.6 or later.');
  process.exitCode = 1;
} else {
  console.log(`haproxy: ${found}`);
}
