/** The pages for those who come from something else: what they have now, and what becomes of it, compile against the real packages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, inject, test } from 'vitest';
import { filesOf, writeFiles } from './support/code-blocks.ts';
import { compile } from './support/compile.ts';

const FOLDER = 'docs/coming-from';
const pages = readdirSync(resolve(import.meta.dirname, '../..', FOLDER));
const isServer = (name: string) => name.endsWith('-server.ts');

const consumer = inject('consumer');

test.each(pages)('%s: every block of code is a file, and compiles', (page) => {
  const text = readFileSync(resolve(import.meta.dirname, '../..', FOLDER, page), 'utf8');
  const own = filesOf(join(FOLDER, page));
  expect(own.size).toBe([...text.matchAll(/^```/gm)].length / 2);
  expect([...own.keys()].some((name) => name.startsWith('before'))).toBe(true);
  const guide = [...filesOf('docs/guide.md')].filter(([name]) =>
    ['protocol.ts', 'hub.ts', 'client.ts', 'hooks.ts'].includes(name),
  );
  const folder = join(consumer.folder, page);
  writeFiles(new Map([...guide, ...own]), folder);
  const pathsOf = (names: readonly string[]) => names.map((name) => join(folder, name));
  const names = [...own.keys()];
  // The declarations of others are not ours to check.
  const options = { moduleDetection: 'force', skipLibCheck: true };
  const inPage = { ...options, module: 'ESNext', moduleResolution: 'bundler', jsx: 'react-jsx', types: [] };
  expect(compile(consumer.folder, page, inPage, pathsOf(names.filter((name) => !isServer(name))))).toBe('');
  const inNode = { ...options, module: 'NodeNext', types: ['node'] };
  const servers = pathsOf(names.filter(isServer));
  if (servers.length > 0) expect(compile(consumer.folder, `${page} server`, inNode, servers)).toBe('');
});

test('every link of them leads to a file, and to a heading in it', () => {
  const slugOf = (heading: string) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .trim()
      .replaceAll(/\s/g, '-');
  const headingsOf = (file: string) =>
    [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => slugOf(heading));
  const broken = pages.flatMap((page) => {
    const file = resolve(import.meta.dirname, '../..', FOLDER, page);
    const links = [...readFileSync(file, 'utf8').matchAll(/\]\(([^)]+)\)/g)];
    return links.flatMap(([, link = '']) => {
      const [path = '', anchor] = link.split('#');
      const headings = headingsOf(resolve(file, '..', path));
      return anchor === undefined || headings.includes(anchor) ? [] : [`${page}: ${link}`];
    });
  });
  expect(broken).toEqual([]);
});
