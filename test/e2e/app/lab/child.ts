/** The lab's server in a process of its own, to be killed: `node child.ts <log file> <allowed origin> <clock>`. */
import { sqliteLog } from 'trunkline/server/sqlite';
import { startLabServer } from './server.ts';

const [file = '', origin = '', clock = ''] = process.argv.slice(2);
const now = Date.now.bind(Date);
/** How far this process's clock is ahead of the machine's. */
let aheadMs = Number(clock);
Date.now = () => now() + aheadMs;
const server = await startLabServer({
  allowedOrigins: [origin],
  log: sqliteLog(file),
});
process.on('message', (ask: 'hold' | 'ran' | { clockAheadMs: number }) => {
  if (ask === 'hold') server.hold();
  else if (ask !== 'ran') aheadMs = ask.clockAheadMs;
  process.send?.(server.ran);
});
// Else it would outlive the test.
process.once('disconnect', () => process.exit());
process.send?.(server.port);
