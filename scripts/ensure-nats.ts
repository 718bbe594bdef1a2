/** Finds a NATS server for the tests, or fetches one. `npm test` begins with it. */
import { ensureNats } from './nats.ts';

const found = ensureNats();
if (found === null) {
  console.error('nats: none found, and none could be fetched. Install nats-server 2.9 or later.');
  process.exitCode = 1;
} else {
  console.log(`nats: ${found}`);
}
