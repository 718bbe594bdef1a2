/** A process that has a log in use until it is told to end, or is killed: `node log-holder.ts <log file>`. */
import { once } from 'node:events';
import { sqliteLog } from '../../../../src/server/sqlite/index.ts';

const [path = ''] = process.argv.slice(2);
const log = sqliteLog(path);
await log.open({ now: 1_000, tailLimit: 1 });
console.log('open');
await once(process.stdin, 'data');
await log.close();
process.exit();
