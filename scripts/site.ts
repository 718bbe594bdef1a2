/** `npm run site`: makes the documentation's site, and judges its links. */
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'vite';
import { command, commandLine, WrongArguments } from './command-line.ts';
import { ensureGenerator, runGenerator, SITE } from './site/generator.ts';
import { brokenLinks } from './site/links.ts';

const ROOT = resolve(import.meta.dirname, '..');
const { base, out } = commandLine(
  command({
    name: 'npm run site',
    about: 'The documentation as static files, with the reference of every entry and the promise, live.',
    options: {
      base: { type: 'text', takes: 'PATH', default: '/', about: 'what it will be served under' },
      out: { type: 'text', takes: 'FOLDER', default: 'dist-site', about: 'where it is put' },
    },
  }),
  ({ values }) => {
    if (/^\/(.*\/)?$/.test(values.base)) return { base: values.base, out: resolve(values.out) };
    throw new WrongArguments(
      `--base begins and ends with a slash, as in /trunkline/; it was "${values.base}"`,
    );
  },
);

ensureGenerator();
execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', SITE], { stdio: 'inherit' });
writeReference();
runGenerator('vitepress', ['build', '.', '--outDir', out], {
  SITE_BASE: base,
  // What the documents link to is a file, and no page.
  VITE_EXTRA_EXTENSIONS: 'py',
});
await buildTab();
copyFiles();
const pages = globSync('**/*.html', { cwd: out });
const broken = brokenLinks(out, pages, base);
if (broken.length > 0) {
  console.error(`Links that lead nowhere:\n${broken.join('\n')}`);
  process.exitCode = 1;
} else console.log(`${pages.length} pages in ${out}, to be served under ${base} by whatever serves files.`);

/** A page for each entry of the package. */
function writeReference(): void {
  const { exports }: { exports: Record<string, string | { types: string }> } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  );
  const sources = Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? [] : join(ROOT, target.types.replace(/^\.\/dist\/(.*)\.d\.ts$/, '$1.ts')),
  );
  rmSync(join(SITE, 'api'), { recursive: true, force: true });
  runGenerator(
    'typedoc',
    sources.flatMap((source) => ['--entryPoints', source]),
  );
}

/** The pages of the live promise's frames; what is around them is a part of the site's first page. */
async function buildTab(): Promise<void> {
  const root = join(ROOT, 'demo/live');
  await build({
    configFile: false,
    root,
    base: './',
    logLevel: 'warn',
    build: {
      outDir: join(out, 'live'),
      emptyOutDir: true,
      target: 'es2022',
      rolldownOptions: { input: join(root, 'tab.html'), checks: { pluginTimings: false } },
    },
    worker: { format: 'es' },
  });
}

/** What documents link to beside each other. */
function copyFiles(): void {
  for (const file of globSync(['*.schema.json', 'examples/*'], { cwd: join(ROOT, 'docs') }))
    cpSync(join(ROOT, 'docs', file), join(out, file));
  cpSync(join(ROOT, 'demo/console/icon.svg'), join(out, 'icon.svg'));
}
