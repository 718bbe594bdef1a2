/**
 * The lab's server in a process of its own, to be killed: `node child.ts <log> <allowed origin> <clock>`. The log is a file, or
 * the URL of a PostgreSQL database that several servers may share.
 */
import { replicatedLog } from 'trunkline/server';
import { postgresEngine } from 'trunkline/server/postgres';
import { sqliteLog } from 'trunkline/server/sqlite';
import { startLabServer } from './server.ts';

const [place = '', origin = '', clock = ''] = process.argv.slice(2);
const now = Date.now.bind(Date);
/** How far this process's clock is ahead of the machine's. */
let aheadMs = Number(clock);
Date.now = () => now() + aheadMs;
const server = await startLabServer({
  allowedOrigins: [origin],
  log: place.startsWith('postgres:')
    ? replicatedLog({ engine: postgresEngine({ url: place }) })
    : sqliteLog(place),
});
process.on('message', (ask: 'hold' | 'ran' | { clockAheadMs: number }) => {
  if (ask === 'hold') server.hold();
  else if (ask !== 'ran') aheadMs = ask.clockAheadMs;
  process.send?.(server.ran);
});
// Else it would outlive the test.
process.once('disconnect', () => process.exit());
process.send?.(server.port);
