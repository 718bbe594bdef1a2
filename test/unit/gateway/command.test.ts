import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { SUBPROTOCOL } from '../../../src/protocol/version.ts';
import { WireClient } from '../server/support/wire.ts';
import { run, start } from './support/child.ts';

const KEY = 'the key';
const PORTS = ['--listen-port', '0', '--control-port', '0', '--allowed-origins', 'none'];
const ENV = { TRUNKLINE_CONTROL_KEY: KEY };

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'trunkline-serve-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function joined(url: string): Promise<WireClient> {
  const client = new WireClient(new WebSocket(url, SUBPROTOCOL));
  onTestFinished(() => client.socket.terminate());
  await client.opened;
  client.hello({ app_version: 1 });
  await client.next('welcome');
  return client;
}

async function publish(controlUrl: string, topic: string, text: string): Promise<unknown> {
  const response = await fetch(`${controlUrl}/publish`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'idempotency-key': `${topic} ${text}` },
    body: JSON.stringify({ events: [{ topic, event: { type: 'line', text } }] }),
  });
  expect(response.status).toBe(200);
  return await response.json();
}

test('the example that --init writes is what serve goes by, and what was published is there after a kill, once', async () => {
  const cwd = folder();
  expect(run(['--init'], cwd)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('trunkline.json'),
  });
  expect(run(['--check'], cwd, ENV)).toMatchObject({ status: 0 });
  const args = ['--app', 'ops', ...PORTS];
  const first = await start(args, cwd, ENV);
  const before = await publish(first.controlUrl, 'run:1', 'kept');
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const second = await start(args, cwd, ENV);
  expect(await publish(second.controlUrl, 'run:1', 'kept')).toEqual(before);
  const client = await joined(second.url);
  client.send({ type: 'subscribe', topic: 'run:1', ref: 1 });
  const { epoch, events } = await client.next('snapshot');
  expect(events).toMatchObject([{ offset: 1, event: { type: 'line', text: 'kept' } }]);
  expect(before).toEqual({ events: [{ topic: 'run:1', epoch, offset: 1 }] });
}, 60_000);

test('at SIGTERM clients are told that it goes down, and it ends with 0', async () => {
  const { child, url, output } = await start(['--app', 'ops', '--log', 'memory', ...PORTS], folder(), ENV);
  const client = await joined(url);
  child.kill('SIGTERM');
  expect(await client.next('goodbye')).toMatchObject({ code: 'draining' });
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(output()).toContain('ending');
}, 60_000);

test('what it is told wrongly ends it with 2 and the place, before anything is opened', () => {
  const cwd = folder();
  writeFileSync(join(cwd, 'trunkline.json'), '{\n  "app": "ops",\n  "lisen": {}\n}');
  expect(run([], cwd)).toMatchObject({
    status: 2,
    stderr: 'trunkline.json:3:3: lisen: there is no such field\n',
  });
  writeFileSync(join(cwd, 'trunkline.json'), '{"app": "ops", "control": {"key": {"variable": "NOT_SET"}}}');
  expect(run([], cwd)).toMatchObject({ status: 2, stderr: expect.stringContaining('variable NOT_SET') });
  expect(run(['--control-key', 's3cret'], cwd)).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^--control-key: a secret in an argument(?!.*s3cret)/),
  });
  expect(run(['--prot', '1'], cwd)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('trunkline serve [--config FILE]'),
  });
  const other = ['--config', 'none.json'];
  expect(run(other, cwd)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('none.json cannot be read'),
  });
  writeFileSync(join(cwd, 'protocol.mjs'), 'export default {}');
  writeFileSync(join(cwd, 'with.json'), '{"protocol": "./protocol.mjs", "log": "memory"}');
  expect(run(['--config', 'with.json'], cwd)).toMatchObject({
    status: 2,
    stderr:
      'with.json:1:14: protocol: the default export of ./protocol.mjs is not what `defineProtocol` makes\n',
  });
  expect(run(['--config', 'with.json', '--check'], cwd, { TRUNKLINE_LISEN: '' })).toMatchObject({
    status: 0,
    stderr: 'The variable TRUNKLINE_LISEN sets no field of the configuration.\n',
  });
  const origin = ['--app', 'ops', '--log', 'memory', '--allowed-origins', 'app.example'];
  expect(run(origin, folder())).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^--allowed-origins: allowedOrigins\.0: .*"app\.example"; write an origin/),
  });
  const secrets = `{
  "app": "ops",
  "log": "memory",
  "control": { "key": { "variable": "NOT_SET" } },
  "backend": { "url": "http://127.0.0.1:1",
               "secret": { "file": "/nowhere" } },
  "authenticate": { "jwt": { "secret": { "variable": "SHORT" }, "algorithms": ["HS256"], "issuer": "i", "audience": "a" } },
  "authorize": { "hook": { "url": "http://127.0.0.1:1", "secret": { "variable": "SHORT" } } }
}`;
  writeFileSync(join(cwd, 'secrets.json'), secrets);
  const { status, stderr } = run(['--config', 'secrets.json'], cwd, { SHORT: 'short' });
  expect([status, stderr.split('\n')]).toEqual([
    2,
    [
      expect.stringMatching(/^secrets\.json:6:26: backend\.secret: the file \/nowhere/),
      expect.stringMatching(/^secrets\.json:7:40: authenticate\.jwt\.secret: .* 5 bytes, and needs 32/),
      expect.stringMatching(/^secrets\.json:8:67: authorize\.hook\.secret: a secret is `whsec_`/),
      expect.stringMatching(/^secrets\.json:4:23: control\.key: the variable NOT_SET/),
      '',
    ],
  ]);
}, 120_000);

test('one that finds its SQLite log in use says so, and takes the place of the other one when that has ended', async () => {
  const cwd = folder();
  const args = ['--app', 'ops', ...PORTS];
  const before = await start(args, cwd, ENV);
  const place = await publish(before.controlUrl, 'run:1', 'kept');
  const after = await start(args, cwd, ENV, (output) => {
    if (output.includes('waiting for the log')) before.child.kill('SIGTERM');
  });
  expect(await publish(after.controlUrl, 'run:1', 'kept')).toEqual(place);
}, 60_000);

test('a port that is taken ends it with 1, and says which', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const args = ['--app', 'ops', '--log', 'memory', '--control-port', '0', '--listen-port', String(port)];
  expect(run(args, folder())).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(`127.0.0.1:${port}`),
  });
}, 60_000);

test('a page of another origin is refused, told once, with what to change', async () => {
  const { url, output } = await start(
    ['--app', 'ops', '--log', 'memory', '--listen-port', '0', '--control-port', '0'],
    folder(),
  );
  for (let n = 0; n < 2; n++) {
    const socket = new WebSocket(url, SUBPROTOCOL, { origin: 'https://app.example' });
    await expect(once(socket, 'open')).rejects.toThrow('403');
  }
  await expect.poll(output).toContain('pages of https://app.example are refused');
  expect(output()).toContain('allowedOrigins');
  expect(output().match(/https:\/\/app\.example are refused/g)).toHaveLength(1);
  const plain = await fetch(url.replace('ws:', 'http:'));
  expect([plain.status, await plain.text()]).toEqual([
    426,
    'There is a WebSocket at /ws; it takes no plain requests.',
  ]);
}, 60_000);
