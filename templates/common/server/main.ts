/** The server: `npm run server`. What it remembers is in `my-app.db`; delete that to begin anew. */
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'trunkline/server';
import { sqliteLog } from 'trunkline/server/sqlite';
import { protocol } from '../src/protocol.ts';
import { commands } from './commands.ts';

const port = Number(process.env['PORT'] ?? 8080);
// A server that is being replaced, as `node --watch` does, is waited for.
const server = createServer(protocol, { commands, log: sqliteLog('my-app.db', { waitMs: 10_000 }) });

const http = createHttpServer();
server.attach(http, { path: '/live' });
http.listen(port, '127.0.0.1', () => console.log(`my-app: the server listens on port ${port}`));
