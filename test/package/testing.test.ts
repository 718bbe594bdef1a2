/** `trunkline/testing` as an application has it: what its document says, and what it costs. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as esbuild from 'esbuild';
import { beforeAll, expect, inject, test } from 'vitest';
import { filesOf, writeFiles } from './support/code-blocks.ts';
import { compile } from './support/compile.ts';

const DOCUMENT = 'docs/testing.md';
const consumer = inject('consumer');
const folder = join(consumer.folder, 'testing');
const all = filesOf(DOCUMENT);
/** Those for a real browser are checked beside it. */
const files = new Map([...all].filter(([name]) => !name.startsWith('browser/')));

/** A store that its author would have written: here, the one that the testbed uses. */
const MY_STORE = `
import { Disk } from '../node_modules/trunkline/dist/testing/fakes/disk.js';
import { MemoryStore } from '../node_modules/trunkline/dist/testing/fakes/store.js';
const disks = new Map<string, Disk>();
export class MyStore extends MemoryStore {
  constructor(name: string) {
    const disk = disks.get(name) ?? new Disk();
    disks.set(name, disk);
    super(disk);
  }
}
`;

beforeAll(() => {
  const guide = filesOf('docs/guide.md');
  const borrowed = ['protocol.ts', 'hooks.ts'].map((name) => [name, guide.get(name) ?? ''] as const);
  writeFiles(new Map([...borrowed, ...files, ['my-store.ts', MY_STORE]]), folder);
});

test('every code block of the document is a file', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../..', DOCUMENT), 'utf8');
  expect(all.size).toBe([...text.matchAll(/^```\w/gm)].length);
});

test("the document's code compiles as it stands, without the types of Node", () => {
  const sources = [...files.keys()].map((name) => join(folder, name));
  const options = { module: 'ESNext', moduleResolution: 'bundler', types: [], jsx: 'react-jsx' };
  // Vitest's own declarations need more than a page has.
  expect(compile(consumer.folder, 'testing', { ...options, skipLibCheck: true }, sources)).toBe('');
  const entry = join(folder, 'entry.ts');
  writeFileSync(entry, "export * from 'trunkline/testing';");
  expect(compile(consumer.folder, 'testing-entry', options, [entry])).toBe('');
});

test("the document's tests pass", () => {
  const vitest = join(consumer.folder, 'node_modules/vitest/vitest.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', '--root', folder], {
    encoding: 'utf8',
    // With the variables of the run that this is in, it would take itself for a part of that.
    env: { PATH: process.env['PATH'], NO_COLOR: '1' },
  });
  expect(status, stdout + stderr).toBe(0);
  // What a component asked for outside of `act` would be said there.
  expect(stderr).toBe('');
  const names = [...files.keys()].filter((name) => name.includes('.test.'));
  for (const name of names) expect(stdout).toContain(`✓ ${name}`);
});

test('an application that does not import it does not contain it', async () => {
  expect(await testingModulesIn(join(consumer.app, 'main.ts'), join(consumer.app, 'hub.ts'))).toEqual([]);
  // The same look finds it where it is.
  const withIt = join(folder, 'entry.ts');
  writeFileSync(withIt, "import { createTestbed } from 'trunkline/testing'; globalThis.bed = createTestbed;");
  expect(await testingModulesIn(withIt)).toContain('testbed.js');
});

/** Which of its modules are in a bundle for the web; a module of Node's own in it fails the bundling. */
async function testingModulesIn(...entryPoints: string[]): Promise<string[]> {
  const { metafile } = await esbuild.build({
    entryPoints,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    outdir: join(folder, 'bundled'),
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  return Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([input]) => /trunkline\/dist\/testing\/(.*)$/.exec(input)?.[1] ?? []);
}
