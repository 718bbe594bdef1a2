/**
 * Starts a server, and starts, ends and asks it as `trunkline conformance` wants it (docs/conformance.md):
 *
 *     node control.mjs --port 8701 --memory /tmp/my.db --runs /tmp/my.runs -- python3 my_server.py --port 8700 …
 *
 * The server prints a line that begins with `listening` when it listens. It gets each publication as a line of JSON on its
 * standard input, and answers with a line `{}` when it is published; `{"renew": true}` asks it for new epochs. It adds the
 * id of a command to the file of `--runs`, with a line break, when a handler of it begins. What it remembers is in the files
 * whose names begin with `--memory`, of which a backup holds all but that of `--mark`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const { values, positionals: command } = parseArgs({
  options: {
    port: { type: 'string' },
    memory: { type: 'string' },
    mark: { type: 'string' },
    runs: { type: 'string' },
  },
  allowPositionals: true,
});
let server = null;
/** The folder of the newest copy of the memory. */
let copy = null;

async function start({ memory }) {
  if (server) throw new Error('the server runs already');
  if (memory === 'lost') for (const file of remembered()) rmSync(file);
  if (memory === 'restored') restore();
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

/** A line of JSON, which the server answers. */
async function tell(line) {
  if (!server) throw new Error('the server does not run');
  const { child, answers } = server;
  const answer = await new Promise((resolve) => {
    answers.push(resolve);
    child.stdin.write(`${JSON.stringify(line)}\n`);
  });
  if (answer.error) throw new Error(answer.error);
}

function remembered() {
  const { memory } = values;
  if (!memory) return [];
  const names = readdirSync(dirname(memory)).filter((name) => name.startsWith(basename(memory)));
  return names.map((name) => join(dirname(memory), name));
}

const inBackup = () => remembered().filter((file) => file !== values.mark);

function backUp() {
  if (server) throw new Error('the server runs');
  if (copy) rmSync(copy, { recursive: true });
  copy = mkdtempSync(join(tmpdir(), 'control-'));
  for (const file of inBackup()) cpSync(file, join(copy, basename(file)));
}

function restore() {
  if (!copy) throw new Error('there is no backup');
  for (const file of inBackup()) rmSync(file);
  for (const name of readdirSync(copy)) cpSync(join(copy, name), join(dirname(values.memory), name));
}

function runsOf(id) {
  return readFileSync(values.runs, 'utf8')
    .split('\n')
    .filter((line) => line === id).length;
}

const actions = {
  '/publish': tell,
  '/renew': () => tell({ renew: true }),
  '/kill': () => end('SIGKILL'),
  '/stop': () => end('SIGTERM'),
  '/start': start,
  '/backup': backUp,
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
  process.once(signal, async () => {
    await end('SIGKILL');
    if (copy) rmSync(copy, { recursive: true });
    process.exit();
  });
}
