/**
 * A gateway and its backend over HTTP as something to judge: `node gateway-server.ts PORT MEMORY RUNS`, as `node-server.ts` has
 * them. Publishes what it reads as lines of JSON by the control port.
 */
import { appendFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { backendOf } from '../../../src/gateway/backend/config.ts';
import { webhookBackend } from '../../../src/gateway/backend/webhook.ts';
import { configSchema } from '../../../src/gateway/config/schema.ts';
import { peopleOf } from '../../../src/gateway/people/config.ts';
import { serve } from '../../../src/gateway/serve.ts';
import { sqliteLog } from '../../../src/server/sqlite/index.ts';
import { eventOf, LIMITS, publication, renewal, SLOW_MS, TOKENS } from './protocol.ts';

const [port = '0', memory = '', runs = ''] = process.argv.slice(2);
const KEY = 'the key of the control port';
const env = { SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}` };

const asked = v.variant('kind', [
  v.object({ kind: v.literal('authenticate'), token: v.nullable(v.string()) }),
  v.object({
    kind: v.literal('command'),
    id: v.string(),
    attempt: v.number(),
    topic: v.nullable(v.string()),
    command: v.object({ type: v.string(), text: v.string() }),
  }),
]);

const backend = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  await answer(v.parse(asked, JSON.parse(body)), response);
}).listen(0, '127.0.0.1');
await new Promise((resolve) => backend.once('listening', resolve));

async function answer(question: v.InferOutput<typeof asked>, response: ServerResponse): Promise<void> {
  const say = (status: number, json: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  switch (question.kind) {
    case 'authenticate': {
      const { token } = question;
      if (token?.startsWith('slow')) await sleep(SLOW_MS);
      say(200, { principal: TOKENS[token ?? ''] ?? null });
      return;
    }
    case 'command': {
      const { id, attempt, topic, command } = question;
      appendFileSync(runs, `${id}\n`);
      const { type, text } = command;
      const publish = [{ topic: topic ?? 'any', event: { type: 'line', text } }];
      if (type === 'slow') await sleep(SLOW_MS);
      if (type === 'refuse') say(409, { code: 'refused', message: 'this command is never accepted' });
      else if (type === 'later') say(attempt === 1 ? 503 : 200, attempt === 1 ? {} : { result: { text } });
      else say(200, { publish, ...(type === 'note' && { result: { text } }) });
    }
  }
}

const { port: backendPort } = backend.address() as AddressInfo;
const endpoint = { url: `http://127.0.0.1:${backendPort}/`, secret: { variable: 'SECRET' } };
const config = v.parse(configSchema, {
  protocol: fileURLToPath(new URL('protocol.ts', import.meta.url)),
  acceptsVersions: [3],
  allowedOrigins: ['none'],
  listen: { port: Number(port), path: '/' },
  control: { port: 0, key: { variable: 'KEY' } },
  backend: endpoint,
  authenticate: { hook: { ...endpoint, rememberMs: 0 } },
  limits: LIMITS,
});
const tell = ({ about, message }: { about: string; message: string }) =>
  console.error(`${about}: ${message}`);
const log = sqliteLog(memory);
const gateway = await serve(config, {
  log,
  logLimits: {},
  key: KEY,
  ...(config.backend && { backend: webhookBackend(backendOf(['backend'], config.backend, env, tell)) }),
  // Not by a hook: the kit takes it that the handler of a command has begun as soon as a ping behind it is answered.
  people: { ...peopleOf(config, env, tell), authorize: (_principal, topic) => topic !== 'forbidden' },
  report: (error, about) => console.error(`${about}: ${error}`),
});

createInterface({ input: process.stdin }).on('line', (line) => void obey(line));
async function obey(line: string): Promise<void> {
  try {
    const wanted = v.parse(v.union([renewal, publication]), JSON.parse(line));
    if ('renew' in wanted) await log.renew(Date.now());
    else await publish(wanted);
    console.log('{}');
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
/** In parts that the control port takes. */
async function publish({ topic, events }: v.InferOutput<typeof publication>): Promise<void> {
  for (let from = 0; from < events.length; from += 1_000) {
    const part = events.slice(from, from + 1_000).map((event) => ({ topic, event: eventOf(event) }));
    const response = await fetch(`${gateway.controlUrl}/publish`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
      body: JSON.stringify({ events: part }),
    });
    if (!response.ok) throw new Error(await response.text());
  }
}

process.once('SIGTERM', () => void gateway.close().then(() => process.exit()));
console.log(`listening on ${gateway.url}`);
