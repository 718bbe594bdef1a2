/** The lab's server in a process of its own, to be killed: `node child.ts <log file> <port> <allowed origin>`. */
import { sqliteLog } from 'trunkline/server/sqlite';
import { startLabServer } from './server.ts';

const [file = '', port = '', origin = ''] = process.argv.slice(2);
const server = await startLabServer({
  allowedOrigins: [origin],
  port: Number(port),
  log: sqliteLog(file),
});
process.on('message', (ask: 'hold' | 'ran') => {
  if (ask === 'hold') server.hold();
  process.send?.(server.ran);
});
// Else it would outlive the test.
process.once('disconnect', () => process.exit());
process.send?.(server.port);
