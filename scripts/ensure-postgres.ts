/** Finds PostgreSQL's programs for the tests, or installs them. `npm test` begins with it. */
import { ensurePostgres } from './postgres.ts';

const found = ensurePostgres();
if (found === null) {
  console.error(
    'postgres: none found, and none could be installed. Install PostgreSQL 15 or later, its server and client.',
  );
  process.exitCode = 1;
} else {
  console.log(`postgres: ${found}`);
}
