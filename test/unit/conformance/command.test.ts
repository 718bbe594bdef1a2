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

  test('says what is wrong with its arguments, with a profile, and where nobody listens', async () => {
    const profile = profileFile({ app: 'a', app_version: 1, topics: { name: 't' } });
    expect(await trunkline()).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('conformance ws://'),
    });
    expect(await trunkline('conformance')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('Name one address'),
    });
    expect(await trunkline('conformance', 'ws://127.0.0.1:1/', '--profile', profileFile({}))).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('the profile is wrong at app: '),
    });
    expect(await trunkline('conformance', 'ws://127.0.0.1:1/', '--profile', profile)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no server of trunkline.v1 at ws://127.0.0.1:1/'),
    });
  });
});
