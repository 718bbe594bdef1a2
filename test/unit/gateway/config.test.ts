import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { writeExample } from '../../../src/gateway/config/example.ts';
import { FIELDS, readConfig } from '../../../src/gateway/config/read.ts';
import { secretAt } from '../../../src/gateway/config/secret.ts';
import { WrongFields } from '../../../src/gateway/config/wrong-fields.ts';

const folder = mkdtempSync(join(tmpdir(), 'trunkline-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const fileWith = (text: string) => {
  const file = join(folder, `${files++}.json`);
  writeFileSync(file, text);
  return file;
};
const read = (
  text: string | null,
  { flags = {}, env = {} }: { flags?: Record<string, string>; env?: Record<string, string> } = {},
) => readConfig({ file: text === null ? null : fileWith(text), flags, env }).config;
/** Its lines, the file's folder left out. */
const mistakes = (...args: Parameters<typeof read>): string[] => {
  try {
    read(...args);
  } catch (error) {
    return String((error as Error).message)
      .split('\n')
      .map((line) => line.replace(/^.*\/\d+\.json:/, ''))
      .sort();
  }
  throw new Error('it was read');
};

test('what is not said has a default', () => {
  expect(read('{"app": "console"}')).toMatchObject({
    app: 'console',
    listen: { host: '127.0.0.1', port: 8700, path: '/ws' },
    control: { host: '127.0.0.1', port: 8701 },
    log: 'sqlite:trunkline.db',
    allowedOrigins: ['self'],
  });
});

test('each mistake in a file is told with its line and column', () => {
  const text = `{
  "app": "console",
  "listen": { "port": "8700",
              "pth": "/ws" },
  "control": { "port": 65536 },
  "events": { "gate": { "critical": 1 } },
  "allowedOrigins": ["self", 7]
}`;
  expect(mistakes(text)).toEqual([
    expect.stringMatching(/^3:23: listen\.port: .*"8700"/),
    '4:15: listen.pth: there is no such field',
    '5:24: control.port: It has to be 65535 or less',
    expect.stringMatching(/^6:37: events\.gate\.critical: /),
    expect.stringMatching(/^7:30: allowedOrigins\.1: /),
  ]);
  expect(mistakes('{\n  "app": "console",\n  "log": memory\n}')).toEqual([
    expect.stringMatching(/^3:10: Unexpected/),
  ]);
  expect(mistakes('{}')).toEqual([expect.stringMatching(/^1:1: app: It has to be there/)]);
  expect(mistakes('{"app": ""}')).toEqual(['1:9: app: It must not be empty']);
});

test('mistakes that only the part which uses a field can tell have their place as well, all of them at once', () => {
  const text = `{
  "app": "console",
  "allowedOrigins": ["self", "app.example"],
  "log": "mysql://db/x",
  "limits": { "maxFrameBytes": 100, "framesPerSecond": 0 },
  "authenticate": { "jwt": { "secret": { "variable": "S" }, "algorithms": ["HS256", "RS256"],
                             "issuer": "i", "audience": "a" } },
  "authorize": { "topics": { "runs/*": ["read"],
                             "a//b": ["read"] } }
}`;
  expect(mistakes(text)).toEqual([
    expect.stringMatching(/^3:30: allowedOrigins\.1: .*"app\.example"; write an origin/),
    expect.stringMatching(/^4:10: log: there is no log at mysql:/),
    expect.stringMatching(/^5:32: limits\.maxFrameBytes: .* at least 1024/),
    expect.stringMatching(/^5:56: limits\.framesPerSecond: .* a positive number/),
    '6:85: authenticate.jwt.algorithms.1: RS256 is no algorithm for a secret',
    expect.stringMatching(/^9:30: authorize\.topics\.a\/\/b: the topic pattern "a\/\/b": a segment/),
  ]);
  const both =
    '{"app": "a", "authenticate": {"hook": HOOK, "jwt": JWT}, "authorize": {"topics": {}, "hook": HOOK}}'
      .replaceAll('HOOK', '{"url": "http://a.example", "secret": {"variable": "S"}}')
      .replace(
        'JWT',
        '{"algorithms": ["HS256"], "issuer": "i", "audience": "a", "secret": {"variable": "S"}}',
      );
  expect(mistakes(both)).toEqual([
    `1:${both.indexOf('{"topics"') + 1}: authorize: there are topics and a hook; one of them is enough`,
    `1:${both.indexOf('{"hook"') + 1}: authenticate: there is a jwt and a hook; one of them is enough`,
  ]);
});

test('what turns out to be wrong at the start is told at its place, in the file, or by what said it', () => {
  const text = '{\n  "app": "a",\n  "control": { "key": { "variable": "K" } }\n}';
  const file = fileWith(text);
  const { errorOf } = readConfig({ file, flags: {}, env: {} });
  const wrong = new WrongFields([
    { path: ['control', 'key'], reason: 'not set' },
    { path: ['limits', 'maxEventBytes'], reason: 'too much' },
  ]);
  expect(errorOf(wrong).message).toBe(
    `${file}:3:23: control.key: not set\n${file}:1:1: limits.maxEventBytes: too much`,
  );
  const byVariable = readConfig({ file, flags: {}, env: { TRUNKLINE_CONTROL_KEY: 'x' } });
  expect(byVariable.errorOf(wrong).message).toContain('TRUNKLINE_CONTROL_KEY: control.key: not set\n');
});

test('what a device keeps is said to nobody but the definition, and the sentence says so', () => {
  expect(mistakes('{"app": "a", "events": {"step": {"persist": true}}}')).toEqual([
    expect.stringMatching(/^1:34: events\.step\.persist: `persist` is said by the definition/),
  ]);
});

test('a file that is not there is told, with how to get one', () => {
  expect(() => readConfig({ file: join(folder, 'missing.json'), flags: {}, env: {} })).toThrow(
    'missing.json cannot be read; `trunkline serve --init` writes an example',
  );
});

test('a variable is over the file, a flag over the variable, and each tells its own mistakes', () => {
  const text = '{"app": "console", "listen": {"port": 1, "path": "/a"}, "perMessageDeflate": true}';
  const env = { TRUNKLINE_LISTEN_PORT: '2', TRUNKLINE_LOG: 'memory', TRUNKLINE_PER_MESSAGE_DEFLATE: 'false' };
  const flags = { 'listen-port': '3', 'allowed-origins': 'https://a.example,none' };
  expect(read(text, { env, flags })).toMatchObject({
    listen: { port: 3, path: '/a' },
    log: 'memory',
    perMessageDeflate: false,
    allowedOrigins: ['https://a.example', 'none'],
  });
  expect(read(null, { flags: { app: 'console' } })).toMatchObject({ app: 'console' });
  expect(mistakes(text, { env: { TRUNKLINE_LISTEN_PORT: '-1' } })).toEqual([
    'TRUNKLINE_LISTEN_PORT: listen.port: It has to be 0 or more',
  ]);
  expect(mistakes(text, { env: { TRUNKLINE_LISTEN_PORT: 'many' } })).toEqual([
    'TRUNKLINE_LISTEN_PORT: "many" is no JSON, as which it is read',
  ]);
  expect(mistakes(text, { flags: { 'listen-path': 'ws' } })).toEqual([
    '--listen-path: listen.path: It has to begin with /',
  ]);
});

test('every field has a flag and a variable of its own', () => {
  expect(FIELDS.length).toBeGreaterThan(25);
  expect(new Set(FIELDS.map(({ flag }) => flag)).size).toBe(FIELDS.length);
  expect(FIELDS).toContainEqual({
    path: ['control', 'maxBodyBytes'],
    flag: 'control-max-body-bytes',
    variable: 'TRUNKLINE_CONTROL_MAX_BODY_BYTES',
    reading: 'json',
  });
});

describe('secrets', () => {
  test('stand in no configuration and in no argument, and the sentence does not repeat them', () => {
    const said = mistakes('{"app": "console", "control": {"key": "s3cret"}}');
    expect(said).toEqual([expect.stringMatching(/^1:39: control\.key: A secret stands elsewhere/)]);
    const [inFlag = ''] = mistakes('{"app": "a"}', { flags: { 'control-key': 's3cret' } });
    expect(inFlag).toMatch(/^--control-key: a secret in an argument can be read by/);
    expect(inFlag).toContain('TRUNKLINE_CONTROL_KEY');
    expect(inFlag).toContain('--control-key-file');
    const [inUrl = ''] = mistakes('{"app": "a"}', { flags: { log: 'postgres://me:s3cret@db/x' } });
    expect(inUrl).toMatch(/^--log: a secret in an argument/);
    expect([...said, inFlag, inUrl].join()).not.toContain('s3cret');
  });

  test('are in a file or a variable, named in the file, by a flag or by a variable', () => {
    const keyOf = (...args: Parameters<typeof read>) => read(...args).control.key;
    expect(keyOf('{"app": "a", "control": {"key": {"file": "/k"}}}')).toEqual({ file: '/k' });
    const text = '{"app": "a"}';
    expect(keyOf(text, { env: { TRUNKLINE_CONTROL_KEY: 'x' } })).toEqual({
      variable: 'TRUNKLINE_CONTROL_KEY',
    });
    expect(keyOf(text, { env: { TRUNKLINE_CONTROL_KEY_FILE: '/k' } })).toEqual({ file: '/k' });
    expect(keyOf(text, { flags: { 'control-key-file': '/k' } })).toEqual({ file: '/k' });
    expect(keyOf(text, { flags: { 'control-key-variable': 'K' } })).toEqual({ variable: 'K' });
    expect(secretAt({ file: fileWith('s3cret\n') }, {})).toBe('s3cret');
    expect(secretAt({ variable: 'K' }, { K: 's3cret' })).toBe('s3cret');
    expect(() => secretAt({ variable: 'K' }, {})).toThrow(
      'the variable K, which is to hold a secret, is not set',
    );
    expect(() => secretAt({ file: fileWith('\n') }, {})).toThrow('is empty');
    expect(() => secretAt({ file: join(folder, 'missing') }, {})).toThrow('cannot be read');
  });
});

test('a protocol module has the name, the version and the rules of events', () => {
  expect(read('{"protocol": "./protocol.ts"}')).toMatchObject({ protocol: './protocol.ts' });
  const text = '{"protocol": "./p.ts", "app": "a", "version": 2, "events": {"x": {}}}';
  expect(mistakes(text)).toEqual([
    expect.stringMatching(/^1:31: app: .*must not be there with one/),
    expect.stringMatching(/^1:47: version: /),
    expect.stringMatching(/^1:60: events: /),
  ]);
});

test('the example can be read, and never takes the place of a file that is there', () => {
  const file = join(folder, 'example.json');
  writeExample(file);
  expect(readConfig({ file, flags: {}, env: {} }).config).toMatchObject({ app: 'console' });
  expect(() => writeExample(file)).toThrow('is there already, and is left as it is');
});
