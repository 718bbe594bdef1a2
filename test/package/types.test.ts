import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, inject, test } from 'vitest';
import { compile, TSC } from './support/compile.ts';

const { folder, installed } = inject('consumer');

test('a page and its hub compile without the types of Node, and with every declaration file checked', () => {
  const files = ['app/main.ts', 'app/hub.ts'];
  expect(compile(folder, 'page', { module: 'ESNext', moduleResolution: 'bundler', types: [] }, files)).toBe(
    '',
  );
});

test('a name that the protocol lacks is an error that lists those which it has', () => {
  const wrong = [
    "client.send('aprove', {});",
    "client.topic('run').on('gat', () => {});",
    "client.topic('run').on(['gate', 'gat'], () => {});",
    "client.topic('run').latest('gat');",
    "client.topic('run').view(0, (state, event) => (event.type === 'gat' ? 1 : state));",
    "client.topic<'gat'>('run');",
    "client.outbox.pending('aprove', 'key');",
    "hooks.useSend('aprove');",
    "hooks.usePending('aprove', 'key');",
    "hooks.useEvent('run', 'gat', () => {});",
    "hooks.useLatest('run', 'gat');",
    "hooks.useLatest('run', 'gat', 'key');",
    "hooks.useView('run', 0, (state, event) => (event.type === 'gat' ? 1 : state));",
  ];
  const lines = [
    "import type { Client } from 'trunkline';",
    "import { defineProtocol } from 'trunkline/protocol';",
    "import { createHooks } from 'trunkline/react';",
    "import * as z from 'zod/mini';",
    'const schema = z.object({ id: z.string() });',
    'const events = { gate: { schema }, line: { schema }, alarm: { schema } };',
    'const commands = { approve: { schema }, reject: { schema } };',
    "const protocol = defineProtocol({ app: 'ops', version: 1, events, commands });",
    'const hooks = createHooks(protocol);',
    'declare const client: Client<typeof protocol>;',
  ];
  writeFileSync(join(folder, 'app/wrong-names.ts'), [...lines, ...wrong].join('\n'));
  const options = { module: 'ESNext', moduleResolution: 'bundler', types: [] };
  const told = compile(folder, 'wrong-names', options, ['app/wrong-names.ts']);
  for (const [index, line] of wrong.entries()) {
    const error = told
      .split('\n')
      .find((each) => each.includes(`wrong-names.ts(${lines.length + index + 1},`));
    const names = line.includes("'aprove'") ? '"approve" | "reject"' : '"alarm" | "gate" | "line"';
    expect.soft(error, line).toContain(names);
  }
});

test('a server compiles', () => {
  expect(compile(folder, 'server', { module: 'NodeNext', types: ['node'] }, ['app/server.ts'])).toBe('');
});

test('every entry compiles under NodeNext', () => {
  const { exports }: { exports: Record<string, unknown> } = JSON.parse(
    readFileSync(join(installed, 'package.json'), 'utf8'),
  );
  const entries = Object.keys(exports).filter((entry) => !entry.endsWith('.json'));
  expect(entries).toContain('./worker');
  const imports = entries.map((entry, i) => `export type * as entry${i} from '${join('trunkline', entry)}';`);
  writeFileSync(join(folder, 'every-entry.ts'), imports.join('\n'));
  expect(compile(folder, 'entries', { module: 'NodeNext', types: ['node'] }, ['every-entry.ts'])).toBe('');
});

test("the hub's core compiles without the browser: a stray WebSocket or setTimeout is an error", () => {
  const config = resolve(import.meta.dirname, '../../worker/core/tsconfig.json');
  const listed = spawnSync(TSC, ['-p', config, '--showConfig'], { encoding: 'utf8' }).stdout;
  const { compilerOptions }: { compilerOptions: { lib: string[]; types: string[] } } = JSON.parse(listed);
  expect(compilerOptions.lib.filter((lib) => /dom|worker|script/i.test(lib))).toEqual([]);
  expect(compilerOptions.types).toEqual([]);
  const { stdout } = spawnSync(TSC, ['-p', config, '--listFiles'], { encoding: 'utf8' });
  expect(stdout).toContain('worker/core/hub-machine.ts');
  expect(stdout.split('\n').filter((file) => /lib\.(dom|webworker)|@types\/node/.test(file))).toEqual([]);
});
