import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { describe, expect, inject, test } from 'vitest';
import { closureOf, filesBelow } from './support/imports.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const { tarball, installed } = inject('consumer');

interface Manifest {
  readonly type: string;
  readonly sideEffects: boolean;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
}
const manifest: Manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
const files = filesBelow(installed, '.', /./);
const modules = files.filter((file) => /^dist\/.*\.js$/.test(file));

describe('the manifest', () => {
  test('has no complaint of publint', async () => {
    const { messages } = await publint({ pkgDir: installed, strict: true });
    expect(messages.map((message) => formatMessage(message, manifest as object))).toEqual([]);
  });

  test('resolves to types in every way of resolving modules that knows ESM', () => {
    const { status, stdout } = spawnSync(
      join(ROOT, 'node_modules/.bin/attw'),
      [tarball, '--profile', 'esm-only', '--no-color', '--no-emoji'],
      { encoding: 'utf8' },
    );
    expect(status, stdout).toBe(0);
  });

  test('says that the package is ESM without side effects', () => {
    expect(manifest).toMatchObject({ type: 'module', sideEffects: false });
    // An example may be copied to where nothing says what it is.
    expect(files.filter((file) => /\.[cm][jt]s$/.test(file) && !file.startsWith('docs/examples/'))).toEqual(
      [],
    );
  });

  test('has exports that exist, types before code', () => {
    for (const [entry, target] of Object.entries(manifest.exports)) {
      const targets = typeof target === 'string' ? { default: target } : target;
      if (typeof target !== 'string') expect(Object.keys(target), entry).toEqual(['types', 'default']);
      for (const file of Object.values(targets)) expect(existsSync(join(installed, file)), file).toBe(true);
    }
  });
});

describe('the packed files', () => {
  test('are the built modules, their sources, the documents and the templates; no tests, no demo, no scripts', () => {
    const folders = new Set(
      files.map((file) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : file)),
    );
    expect([...folders].sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'docs',
      'package.json',
      'src',
      'templates',
      'testing',
      'worker',
    ]);
    const ours = files.filter((file) => !/^templates\/\w+\//.test(file));
    expect(ours.filter((file) => /\.test\.|tsconfig/.test(file))).toEqual([]);
  });

  test('are built of sources that still exist', () => {
    const stale = modules.filter(
      (file) => !existsSync(join(installed, file.replace(/^dist\/(.*)\.js$/, '$1.ts'))),
    );
    expect(stale).toEqual([]);
    expect(modules.length).toBeGreaterThan(50);
  });

  test('have source maps that hold the sources, and declaration maps that lead to them', () => {
    for (const file of modules) {
      const map: { sources: string[]; sourcesContent?: string[] } = readJson(`${file}.map`);
      expect(map.sourcesContent?.join(''), file).toBeTruthy();
      const declarations: { sources: string[] } = readJson(`${file.replace(/js$/, 'd.ts')}.map`);
      expect(declarations.sources.length, file).toBeGreaterThan(0);
      // What is prebuilt holds libraries as well, which each application has installed where it likes.
      const own = map.sources.filter((source) => !source.includes('node_modules/'));
      expect(own.length, file).toBeGreaterThan(0);
      for (const source of [...own, ...declarations.sources]) {
        expect(existsSync(join(installed, dirname(file), source)), `${file}: ${source}`).toBe(true);
      }
    }
  });

  test('name no folder of the machine that built them', () => {
    const naming = files.filter((file) => readFileSync(join(installed, file), 'utf8').includes(ROOT));
    expect(naming).toEqual([]);
  });
});

/** What an entry brings along at run time, types erased. */
describe('at run time', () => {
  const entry = (path: string) => closureOf(join(installed, 'dist', path), join(installed, 'dist'));
  const outside = (allowed: readonly string[], modules: readonly string[]) =>
    modules.filter((module) => !allowed.some((path) => module.startsWith(path)));

  test("a page gets the tab's side and Comlink: no hub, no frames, no valibot", () => {
    const { modules, packages } = entry('src/index.js');
    expect(packages).toEqual(['comlink']);
    expect(outside(['src/index.js', 'src/client/', 'src/protocol/'], modules)).toEqual([]);
    expect(modules.filter((module) => module.startsWith('src/protocol/frames/'))).toEqual([]);
  });

  test('a protocol definition gets no package at all', () => {
    const { modules, packages } = entry('src/protocol/index.js');
    expect(packages).toEqual([]);
    expect(outside(['src/protocol/'], modules)).toEqual([]);
    expect(modules.filter((module) => module.startsWith('src/protocol/frames/'))).toEqual([]);
  });

  test('who tells OpenTelemetry gets its API alone: no SDK, no second client, and nothing of a hub', () => {
    const page = entry('src/otel/index.js');
    expect(page.packages).toEqual(['@opentelemetry/api']);
    expect(
      outside(['src/otel/', 'src/telemetry/', 'src/client/errors.js', 'src/protocol/'], page.modules),
    ).toEqual([]);
    const server = entry('src/server/otel/index.js');
    expect(server.packages).toEqual(['@opentelemetry/api']);
    expect(
      outside(
        ['src/server/otel/', 'src/telemetry/', 'src/server/reject.js', 'src/protocol/'],
        server.modules,
      ),
    ).toEqual([]);
  });

  test('a hub gets Comlink, idb and valibot, and nothing of what keeps the last known state or reads what a server of its own says', () => {
    const { modules, packages } = entry('worker/index.js');
    expect(packages).toEqual(['comlink', 'idb', 'valibot']);
    expect(outside(['worker/', 'src/protocol/'], modules)).toEqual([]);
    expect(modules.filter((module) => /saved-state|state-store|state-line|codec/.test(module))).toEqual([]);
  });

  test('a service worker gets what a hub gets, and nothing of a page', () => {
    const { modules, packages } = entry('worker/service-worker.js');
    expect(packages).toEqual(['comlink', 'idb', 'valibot']);
    expect(outside(['worker/', 'src/protocol/'], modules)).toEqual([]);
  });

  test.each(['page', 'hub', 'saved-state', 'service-worker'].map((name) => `src/prebuilt/${name}.js`))(
    '%s imports nothing at all',
    (path) => {
      expect(entry(path)).toEqual({ modules: [path], packages: [] });
    },
  );

  test('what is prebuilt passes on the licence of each library in it', () => {
    const prebuilt = 'dist/src/prebuilt';
    const held = ['page.js.map', 'hub.js.map', 'saved-state.js.map'].flatMap(
      (map) => readJson<{ sources: string[] }>(join(prebuilt, map)).sources,
    );
    const libraries = new Set(held.flatMap((source) => /node_modules\/([^/]+)/.exec(source)?.[1] ?? []));
    expect([...libraries].sort()).toEqual(['comlink', 'idb', 'valibot']);
    const licenses = readFileSync(join(installed, prebuilt, 'LICENSES.txt'), 'utf8');
    for (const library of libraries) expect(licenses).toContain(`== ${library}\n`);
  });

  test('a plugin for Vite gets Vite and Node, and nothing of ours', () => {
    const { modules, packages } = entry('src/vite/index.js');
    expect(packages.filter((name) => !name.startsWith('node:'))).toEqual(['vite']);
    expect(outside(['src/vite/'], modules)).toEqual([]);
  });

  test('a server gets ws, valibot and Node, and no part of the browser', () => {
    const { modules, packages } = entry('src/server/index.js');
    expect(packages.filter((name) => !name.startsWith('node:'))).toEqual(['valibot', 'ws']);
    expect(outside(['src/server/', 'src/protocol/'], modules)).toEqual([]);
  });

  test('tests get the client, the hub and the logic of the server: nothing of Node, no ws, no idb', () => {
    const { modules, packages } = entry('testing/index.js');
    expect(packages).toEqual(['comlink', 'valibot']);
    expect(modules.filter((module) => module.startsWith('worker/browser/'))).toEqual([]);
  });

  test('who judges a server gets ws, valibot and Node, and no part of ours', () => {
    const { modules, packages } = entry('src/conformance/index.js');
    expect(packages.filter((name) => !name.startsWith('node:'))).toEqual(['valibot', 'ws']);
    expect(outside(['src/conformance/', 'src/protocol/'], modules)).toEqual([]);
  });

  test('nobody but tests gets what is for them', () => {
    const entries = Object.values(manifest.exports)
      .flatMap((target) => (typeof target === 'string' ? [] : target.default))
      .filter((file) => !file.includes('/testing/'));
    // But for what is for tests, and `package.json`.
    expect(entries).toHaveLength(Object.keys(manifest.exports).length - 3);
    for (const file of entries) {
      const { modules } = closureOf(join(installed, file), join(installed, 'dist'));
      expect(
        outside([], modules).filter((module) => module.startsWith('testing/')),
        file,
      ).toEqual([]);
    }
  });

  test('every import of the built modules resolves from the consumer', () => {
    const specifiers = new Set(
      modules.flatMap((file) => closureOf(join(installed, file), installed).packages),
    );
    const script = [...specifiers]
      .map((specifier) => `import.meta.resolve(${JSON.stringify(specifier)});`)
      .join('\n');
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: installed });
  });
});

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(join(installed, file), 'utf8'));
}
