import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { SUBPROTOCOL } from '../../../src/protocol/version.ts';
import { WireClient } from '../server/support/wire.ts';
import { start } from './support/child.ts';
import { answerJson, HttpBackend, type Tls } from './support/http-backend.ts';

const folder = mkdtempSync(join(tmpdir(), 'trunkline-tls-'));
const CA = join(folder, 'ca.pem');
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });

/** Issued by the CA for this name. */
function certificate(name: string): Tls {
  writeFileSync(join(folder, 'extensions'), `subjectAltName=${name}`);
  openssl('req', ...NEW_KEY, '-keyout', 'own.key', '-out', 'own.csr', '-subj', '/CN=backend');
  const issued = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
  openssl('x509', '-req', '-in', 'own.csr', ...issued, '-extfile', 'extensions', '-out', 'own.pem');
  const textOf = (file: string) => readFileSync(join(folder, file), 'utf8');
  return { key: textOf('own.key'), cert: textOf('own.pem') };
}

let right: Tls;
let ofAnother: Tls;
beforeAll(() => {
  openssl('req', '-x509', ...NEW_KEY, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=ca', '-days', '2');
  right = certificate('IP:127.0.0.1');
  ofAnother = certificate('DNS:other.example');
  return () => rmSync(folder, { recursive: true });
}, 60_000);

/** A gateway as a process of its own, with its log in this folder, and a browser. */
async function gateway({ url }: HttpBackend, cwd: string, env: Record<string, string> = {}) {
  const {
    child,
    url: socketUrl,
    output,
  } = await start(
    [
      ...['--app', 'ops', '--listen-port', '0', '--control-port', '0', '--allowed-origins', 'none'],
      ...['--backend-url', url, '--backend-secret-variable', 'SECRET'],
    ],
    cwd,
    { SECRET: `whsec_${randomBytes(24).toString('base64')}`, ...env },
  );
  const client = new WireClient(new WebSocket(socketUrl, SUBPROTOCOL));
  onTestFinished(() => client.socket.terminate());
  await client.opened;
  client.hello({ app_version: 1 });
  await client.next('welcome');
  const decide = (id?: string, attempt = 1) =>
    client.command({ type: 'decide' }, { app_version: 1, attempt, ...(id === undefined ? {} : { id }) });
  const end = async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { client, decide, output, end };
}

async function listen(tls: Tls, port = 0): Promise<HttpBackend> {
  const backend = await HttpBackend.listen(answerJson(200, { result: 'done' }), port, tls);
  onTestFinished(() => backend[Symbol.asyncDispose]());
  return backend;
}
const newFolder = () => mkdtempSync(join(folder, 'gateway-'));

test('a backend by https whose issuer is not known gets nothing, which is told with what to do; where it is, the same command is run once', async () => {
  const backend = await listen(right);
  const cwd = newFolder();
  const before = await gateway(backend, cwd);
  const id = before.decide();
  expect(await before.client.next('command_nack')).toMatchObject({ id, code: 'unavailable', retry: true });
  before.decide(id, 2);
  expect(await before.client.next('command_nack')).toMatchObject({ id, code: 'unavailable', retry: true });
  await expect.poll(before.output).toContain('NODE_EXTRA_CA_CERTS');
  expect(before.output().match(/cannot be reached/g)).toHaveLength(1);
  expect(backend.asked).toEqual([]);
  await before.end();
  const after = await gateway(backend, cwd, { NODE_EXTRA_CA_CERTS: CA });
  after.decide(id, 3);
  expect(await after.client.next('command_ack')).toMatchObject({ id, result: 'done' });
  expect(backend.asked).toHaveLength(1);
  expect(after.output()).not.toContain('cannot be reached');
}, 60_000);

test('a certificate of another name is none, and the command waits for the right one', async () => {
  const other = await listen(ofAnother);
  const { client, decide, output } = await gateway(other, newFolder(), { NODE_EXTRA_CA_CERTS: CA });
  const id = decide();
  expect(await client.next('command_nack')).toMatchObject({ id, code: 'unavailable', retry: true });
  await expect.poll(output).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(other.asked).toEqual([]);
  const { port } = other;
  await other[Symbol.asyncDispose]();
  const backend = await listen(right, port);
  decide(id, 2);
  expect(await client.next('command_ack')).toMatchObject({ id, result: 'done' });
  expect(backend.asked).toHaveLength(1);
}, 60_000);
