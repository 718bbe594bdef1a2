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
