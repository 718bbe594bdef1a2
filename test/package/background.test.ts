import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { filesOf, writeFiles } from './support/code-blocks.ts';
import { compile } from './support/compile.ts';

const { folder } = inject('consumer');

test('the code of docs/background.md compiles as it stands, its service workers with the types of one', () => {
  const files = filesOf('docs/background.md');
  const written = join(folder, 'background');
  writeFiles(new Map([...filesOf('docs/guide.md')].filter(([name]) => name === 'protocol.ts')), written);
  writeFiles(files, written);
  const path = (name: string) => join(written, name);
  const inBrowser = { module: 'ESNext', moduleResolution: 'bundler', moduleDetection: 'force' };
  const [workers, pages] = [
    [...files.keys()].filter((name) => name.startsWith('service-worker')).map(path),
    [path('client.ts')],
  ];
  expect(workers).toHaveLength(2);
  const inWorker = { ...inBrowser, lib: ['ES2022', 'WebWorker'], types: [] };
  expect(compile(folder, 'background-workers', inWorker, workers)).toBe('');
  expect(compile(folder, 'background-page', { ...inBrowser, types: ['vite/client'] }, pages)).toBe('');
});
