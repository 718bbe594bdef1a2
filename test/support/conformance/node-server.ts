/**
 * The Node server as something to judge: `node node-server.ts PORT MEMORY RUNS`, where MEMORY is the file of an SQLite log or
 * `-`. Publishes what it reads as lines of JSON, as `docs/examples/control.mjs` gives it.
 */
import { appendFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { createServer, memoryLog, Reject } from '../../../src/server/index.ts';
import { sqliteLog } from '../../../src/server/sqlite/index.ts';
import protocol, { eventOf, LIMITS, publication, renewal, SLOW_MS, TOKENS } from './protocol.ts';

const [port = '0', memory = '-', runs = ''] = process.argv.slice(2);
const began = (id: string) => appendFileSync(runs, `${id}\n`);
const log = memory === '-' ? memoryLog() : sqliteLog(memory);
const server = createServer(protocol, {
  allowedOrigins: ['none'],
  log,
  authenticate: async (token = '') => {
    if (token.startsWith('slow')) await sleep(SLOW_MS);
    return TOKENS[token] ?? null;
  },
  authorize: (_principal, topic) => topic !== 'forbidden',
  acceptsVersions: (version) => version === 3,
  limits: LIMITS,
  onError: (error, about) => console.error(`${about}: ${error}`),
  commands: {
    note: ({ text }, { id, topic, publish }) => {
      began(id);
      publish(topic ?? 'any', { type: 'line', text });
      return { text };
    },
    slow: async ({ text }, { id, topic, publish }) => {
      began(id);
      await sleep(SLOW_MS);
      publish(topic ?? 'any', { type: 'line', text });
      return { text };
    },
    refuse: (_command, { id }) => {
      began(id);
      throw new Reject('refused', 'this command is never accepted');
    },
    later: ({ text }, { id, attempt }) => {
      began(id);
      if (attempt === 1)
        throw new Reject('later', 'not at the first attempt', { retry: true, retryAfterMs: 10 });
      return { text };
    },
  },
});

createInterface({ input: process.stdin }).on('line', (line) => void obey(line));
async function obey(line: string): Promise<void> {
  try {
    const asked = v.parse(v.union([renewal, publication]), JSON.parse(line));
    if ('renew' in asked) await log.renew(Date.now());
    else await publish(asked);
    console.log('{}');
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
async function publish({ topic, events }: v.InferOutput<typeof publication>): Promise<void> {
  await Promise.all(events.map((event) => server.publish(topic, eventOf(event))));
}

process.once('SIGTERM', () => void server.close().then(() => process.exit()));
const http = createHttpServer();
server.attach(http);
http.listen(Number(port), '127.0.0.1', () => {
  const address = http.address();
  if (address && typeof address === 'object') console.log(`listening on ws://127.0.0.1:${address.port}/`);
});
