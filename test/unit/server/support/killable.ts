/** A server in a process of its own, to be killed: `node killable.ts <log file> <file of effects>`. */
import { appendFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer } from '../../../../src/server/index.ts';
import { sqliteLog } from '../../../../src/server/sqlite/index.ts';
import { ops } from './protocol.ts';

const [logPath = '', effectsPath = ''] = process.argv.slice(2);
const server = createServer(ops, {
  allowedOrigins: ['none'],
  log: sqliteLog(logPath),
  commands: {
    decide: () => ({ resumed: true }),
    note: async ({ text }, { id, publish, topic }) => {
      appendFileSync(effectsPath, `${id}\n`);
      await sleep(text === 'slow' ? 60_000 : 1);
      publish(topic ?? 't', { type: 'log', line: text });
      return `${text} done`;
    },
  },
});
const http = createHttpServer();
server.attach(http);
http.listen(0, '127.0.0.1', () => {
  const address = http.address();
  if (address && typeof address === 'object') console.log(address.port);
});
