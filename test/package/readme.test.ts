import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, inject, test } from 'vitest';
import { anchorsOf } from '../unit/docs/anchors.ts';
import { filesOf, writeFiles } from './support/code-blocks.ts';
import { compile } from './support/compile.ts';
import { built, runApplication } from './support/running-application.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const { folder } = inject('consumer');

const files = filesOf('README.md');

test('the readme has the three files of an application, its page and its server', () => {
  expect([...files.keys()]).toEqual(['protocol.ts', 'hub.ts', 'page.ts', 'index.html', 'server.ts']);
});

test("the readme's files compile as they stand", () => {
  const written = join(folder, 'readme');
  writeFiles(files, written);
  const page = ['hub.ts', 'page.ts'].map((name) => join(written, name));
  const options = { moduleDetection: 'force', types: [] };
  expect(
    compile(folder, 'readme-page', { module: 'ESNext', moduleResolution: 'bundler', ...options }, page),
  ).toBe('');
  const server = [join(written, 'server.ts')];
  expect(compile(folder, 'readme-server', { module: 'NodeNext', types: ['node'] }, server)).toBe('');
});

test("the readme's application works: a decision in one tab is seen in the other, and after a reload", async () => {
  const { site, context, end } = await runApplication(files, join(folder, 'readme-running'), built());
  try {
    const one = await context.newPage();
    const two = await context.newPage();
    await one.goto(site.origin);
    await two.goto(site.origin);
    await one.getByRole('button', { name: 'Approve deploy' }).click();
    await two.getByText('deploy: approved').waitFor();
    await one.reload();
    await one.getByText('deploy: approved').waitFor();
    await one.getByText('announce: waiting').waitFor();
    expect(site.violations).toEqual([]);
  } finally {
    await end();
  }
});

test.each([
  'README.md',
  'CONTRIBUTING.md',
  'docs/guide.md',
  'docs/background.md',
  'docs/bundlers.md',
  'docs/frameworks.md',
  'docs/inspector.md',
  'docs/plain.md',
  'docs/telemetry.md',
  'docs/testing.md',
  'docs/security.md',
  'docs/browsers.md',
])('every file that %s links to exists, with the heading that is named', (document) => {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const links = [...text.matchAll(/\]\(([^)#]+)#?([^)]*)\)/g)].map(([, file = '', heading = '']) => ({
    file: join(ROOT, dirname(document), file),
    heading,
    isElsewhere: /^https?:/.test(file),
  }));
  const broken = links.filter(
    ({ file, heading, isElsewhere }) =>
      !isElsewhere &&
      (!existsSync(file) || (heading !== '' && !anchorsOf(readFileSync(file, 'utf8')).includes(heading))),
  );
  expect(links.length).toBeGreaterThan(0);
  expect(broken).toEqual([]);
});
