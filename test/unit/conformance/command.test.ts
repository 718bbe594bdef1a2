import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { ProfileInput } from '../../../src/conformance/index.ts';
import { nodeServer, profileOf } from '../../support/conformance/node-profile.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'trunkline-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

const least = { app: 'a', app_version: 1, topics: { name: 't' } };
let files = 0;
function profileFile(profile: ProfileInput | object): string {
  files += 1;
  const file = join(folder, `${files}.json`);
  writeFileSync(file, JSON.stringify(profile));
  return file;
}

async function trunkline(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const [status] = await once(child, 'close');
  return { status, stdout, stderr };
}

describe.concurrent('trunkline conformance', () => {
  test('tells each case as it comes out, sums up, and succeeds', async () => {
    await using server = await nodeServer('memory');
    const profile = profileFile(profileOf(server.controlUrl, { remembers: false }));
    const { status, stdout } = await trunkline(
      'conformance',
      server.url,
      '--profile',
      profile,
      '--only',
      'once/same',
    );
    expect(stdout).toContain('held       smallest once/same-socket\n');
    expect(stdout).toContain(`smallest server: 1 held, 0 broken, 0 not judged`);
    expect(status).toBe(0);
  });

  test('judges by sockets alone with --black-box, and writes JSON with --json', async () => {
    await using server = await nodeServer('memory');
    const profile = profileFile(profileOf(server.controlUrl, { remembers: false }));
    const { status, stdout, stderr } = await trunkline(
      ...['conformance', server.url, '--profile', profile, '--black-box', '--json', '--only', 'order/live'],
    );
    const { judgements } = JSON.parse(stdout);
    expect(judgements.map((one: { outcome: { status: string } }) => one.outcome.status)).toEqual([
      'held',
      'not judged',
    ]);
    expect(stderr).toContain(
      'not judged full     order/live-contents: the profile does not offer: control.can "publish"',
    );
    expect(status).toBe(0);
  });

  test('fails where nothing was judged', async () => {
    await using server = await nodeServer('memory');
    const { commands: _, ...profile } = profileOf(server.controlUrl, { remembers: false });
    const { status, stdout } = await trunkline(
      ...['conformance', server.url, '--profile', profileFile(profile), '--only', 'once/same'],
    );
    expect(stdout).toContain('does not pass');
    expect(status).toBe(1);
  });

  test('says how it is called', async () => {
    const all = await trunkline('--help');
    expect(all).toMatchObject({ status: 0, stderr: '' });
    expect(all.stdout).toContain('trunkline conformance ws://');
    expect(all.stdout).toContain('trunkline log renew');
    const own = await trunkline('conformance', '--help');
    expect(own).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('--profile FILE') });
    expect(await trunkline()).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('conformance ws://'),
    });
    expect(await trunkline('conformance')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('Name one address'),
    });
  }, 180_000);

  test('says which file is wrong, where, and why', async () => {
    const judged = async (file: string, ...more: string[]) =>
      await trunkline('conformance', 'ws://127.0.0.1:1/', '--profile', file, ...more);
    const missing = join(folder, 'missing.json');
    expect(await judged(missing)).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining(`${missing} cannot be read: ENOENT`),
    });
    const half = join(folder, 'half.json');
    writeFileSync(half, '{"app":');
    expect(await judged(half)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`${half} is no JSON: `),
    });
    const misspelt = profileFile({ ...least, person: [] });
    expect(await judged(misspelt)).toMatchObject({
      status: 2,
      stderr: `${misspelt}: the profile is wrong at person: there is no field \`person\`\n`,
    });
    expect(await judged(profileFile(least), '--only', 'once/', '--only', 'nothing/such')).toMatchObject({
      status: 2,
      stderr: 'no case of level full has "nothing/such" in its name\n',
    });
    const full = ['--level', 'smallest', '--only', 'replay/'];
    expect(await judged(profileFile(least), ...full)).toMatchObject({
      status: 2,
      stderr: 'no case of level smallest has "replay/" in its name\n',
    });
  }, 180_000);

  test('says at which address nobody listens, and why', async () => {
    const url = 'ws://127.0.0.1:1/';
    expect(await trunkline('conformance', url, '--profile', profileFile(least))).toMatchObject({
      status: 1,
      stderr: `no server of trunkline.v1 at ${url}: connect ECONNREFUSED 127.0.0.1:1; closed with 1006\n`,
    });
  });
});
