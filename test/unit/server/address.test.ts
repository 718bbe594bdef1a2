import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { logOf } from '../../../src/server/address/index.ts';
import { passwordIn } from '../../../src/server/address/password.ts';
import { readAddress } from '../../../src/server/address/read-address.ts';

const folder = mkdtempSync(join(tmpdir(), 'trunkline-address-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('an address of a log', () => {
  test.each([
    ['memory', { kind: 'memory' }],
    ['memory:', { kind: 'memory' }],
    ['sqlite:/var/lib/app.db', { kind: 'sqlite', path: '/var/lib/app.db' }],
    ['app.db', { kind: 'sqlite', path: 'app.db' }],
    [String.raw`C:\app.db`, { kind: 'sqlite', path: String.raw`C:\app.db` }],
    [
      'postgres://ann@db-1:5432,db-2/app?tls=true&schema=log',
      { kind: 'postgres', url: 'postgres://ann@db-1:5432,db-2/app', tls: true, schema: 'log' },
    ],
    ['postgresql://ann@db', { kind: 'postgres', url: 'postgresql://ann@db', tls: false, schema: null }],
    [
      'nats://ann@n1:4222,n2:4222/app?replicas=1',
      { kind: 'nats', servers: ['n1:4222', 'n2:4222'], user: 'ann', stream: 'app', tls: false, replicas: 1 },
    ],
    ['nats://n1', { kind: 'nats', servers: ['n1'], user: null, stream: null, tls: false, replicas: 3 }],
  ])('%s is understood', (text, address) => {
    expect(readAddress(text)).toEqual(address);
  });

  test.each([
    ['', 'is empty'],
    ['redis://host', 'there is no log at redis://'],
    ['postgres://', 'no address of a log'],
    ['postgres://ann@db/app?sslmode=off', 'no parameter "sslmode"'],
    ['postgres://ann@db/app?tls=yes', 'tls in the address is true or false'],
    ['nats://n1?replicas=2', 'it is 1, 3 or 5'],
  ])('%j is refused with its reason', (text, reason) => {
    expect(() => readAddress(text)).toThrow(reason);
  });

  test.each([
    'postgres://ann:VerySecret@db/app',
    'postgres://ann:Very/Secret@db/app',
    'postgres://ann:Very@Secret@db/app',
    'nats://ann:VerySecret@n1',
    'redis://ann:VerySecret@host',
    'postgres://ann@db/app?password=VerySecret',
  ])('with a password in it is refused, which says where else to put it, and not what it is: %#', (text) => {
    let refusal: unknown;
    try {
      readAddress(text);
    } catch (error) {
      refusal = error;
    }
    expect(inspect(refusal)).toContain('TRUNKLINE_LOG_PASSWORD_FILE');
    expect(inspect(refusal)).not.toMatch(/Very|Secret/);
  });
});

describe('the password of a log', () => {
  test('is what the variable holds', () => {
    expect(passwordIn({ TRUNKLINE_LOG_PASSWORD: 'secret' })?.()).toBe('secret');
    expect(passwordIn({})).toBeNull();
  });

  test('is what its file holds now, without the end of the line', () => {
    const file = join(folder, 'password');
    writeFileSync(file, 'secret\n');
    const password = passwordIn({ TRUNKLINE_LOG_PASSWORD_FILE: file });
    expect(password?.()).toBe('secret');
    writeFileSync(file, 'another');
    expect(password?.()).toBe('another');
  });

  test('is refused where its file cannot be read, or it is given twice', () => {
    const missing = join(folder, 'missing');
    expect(() => passwordIn({ TRUNKLINE_LOG_PASSWORD_FILE: missing })).toThrow(
      `${missing}, which cannot be read`,
    );
    const both = { TRUNKLINE_LOG_PASSWORD: 'secret', TRUNKLINE_LOG_PASSWORD_FILE: missing };
    expect(() => passwordIn(both)).toThrow('one is enough');
  });
});

describe('the log of an address', () => {
  test('is in memory, or in a file', async () => {
    for (const address of ['memory', `sqlite:${join(folder, 'log.db')}`]) {
      const { log, isShared } = await logOf(address);
      expect(isShared).toBe(false);
      expect(await log.open({ now: 1, tailLimit: 1 })).toMatchObject({ run: expect.any(String) });
      await log.close();
    }
  });

  test('says which package it needs where that is not installed', () => {
    const script = `
      import { registerHooks } from 'node:module';
      const optional = ['postgres', '@nats-io/jetstream', '@nats-io/transport-node'];
      registerHooks({
        resolve: (specifier, context, next) =>
          next(optional.includes(specifier) ? specifier + '-of-nobody' : specifier, context),
      });
      const { logOf } = await import(${JSON.stringify(new URL('../../../src/server/address/index.ts', import.meta.url))});
      for (const address of ['postgres://ann@127.0.0.1', 'nats://127.0.0.1'])
        await logOf(address).catch((error) => console.log(error.message));
    `;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(stdout).toContain('npm install postgres');
    expect(stdout).toContain('npm install @nats-io/transport-node @nats-io/jetstream');
  });
});
