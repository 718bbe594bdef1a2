/**
 * Starts a server, and starts, ends and asks it as `trunkline conformance` wants it (docs/conformance.md):
 *
 *     node control.mjs --port 8701 --memory /tmp/my.db --runs /tmp/my.runs -- python3 my_server.py --port 8700 …
 *
 * The server prints a line that begins with `listening` when it listens. It gets each publication as a line of JSON on its
 * standard input, and answers with a line `{}` when it is published. It adds the id of a command to the file of `--runs`,
 * with a line break, when a handler of it begins. What it remembers is in the files whose names begin with `--memory`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const { values, positionals: command } = parseArgs({
  options: { port: { type: 'string' }, memory: { type: 'string' }, runs: { type: 'string' } },
  allowPositionals: true,
});
let server = null;

async function start({ memory }) {
  if (server) throw new Error('the server runs already');
  if (memory === 'lost' && values.memory) forget(values.memory);
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => {});
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const answers = [];
  const listening = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('listening')) resolve(line);
      else if (line.startsWith('{')) answers.shift()?.(JSON.parse(line));
    });
    child.once('error', reject);
    exited.then((code) => reject(new Error(`the server ended with ${code} before it listened`)));
  });
  server = { child, exited, answers };
  exited.then(() => {
    for (const answer of answers.splice(0)) answer({ error: 'the server has ended' });
  });
  return await listening;
}

async function end(signal) {
  if (!server) return;
  server.child.kill(signal);
  await server.exited;
  server = null;
}

async function publish(publication) {
  if (!server) throw new Error('the server does not run');
  const { child, answers } = server;
  const answer = await new Promise((resolve) => {
    answers.push(resolve);
    child.stdin.write(`${JSON.stringify(publication)}\n`);
  });
  if (answer.error) throw new Error(answer.error);
}

function forget(memory) {
  for (const name of readdirSync(dirname(memory))) {
    if (name.startsWith(basename(memory))) rmSync(join(dirname(memory), name), { recursive: true });
  }
}

function runsOf(id) {
  return readFileSync(values.runs, 'utf8')
    .split('\n')
    .filter((line) => line === id).length;
}

const actions = {
  '/publish': publish,
  '/kill': () => end('SIGKILL'),
  '/stop': () => end('SIGTERM'),
  '/start': start,
  '/runs': (_, query) => ({ runs: runsOf(query.get('id')) }),
};

async function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  try {
    let body = '';
    for await (const chunk of request) body += chunk;
    const result = await actions[pathname](body === '' ? {} : JSON.parse(body), searchParams);
    response.end(typeof result === 'object' ? JSON.stringify(result) : '');
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}

if (values.runs) appendFileSync(values.runs, '');
const listening = await start({ memory: 'kept' });
const http = createServer(answer).listen(Number(values.port ?? 0), '127.0.0.1');
await once(http, 'listening');
console.log(`control on http://127.0.0.1:${http.address().port}; ${listening}`);
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => end('SIGKILL').finally(() => process.exit()));
}
