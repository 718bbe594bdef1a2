import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sqliteLog } from 'trunkline/server/sqlite';
import { startApp } from './server/app.ts';
import { front } from './server/front.ts';
import { Line } from './server/line.ts';
import { listen } from './server/listen.ts';
import { buildSite } from './server/site.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4780' },
    data: { type: 'string', default: join(import.meta.dirname, '..', '.tmp', 'demo') },
  },
});

console.log('Building the page …');
const site = await buildSite();
const http = createServer();
const port = await listen(http, Number(values.port));

// Named by the port, so that two demos at once have a log each.
mkdirSync(values.data, { recursive: true });
const app = await startApp(sqliteLog(join(values.data, `${port}.sqlite`)));
const line = new Line();
app.attach(line.door);
line.connect(http);
http.on('request', front(site, line, app.log));

const stop = async () => {
  console.log('Stopping …');
  http.close();
  await app.close();
  http.closeAllConnections();
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
console.log(`Open http://127.0.0.1:${port} in two tabs. Ctrl-C ends it.`);
