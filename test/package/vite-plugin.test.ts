import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PluginOption, ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { filesForBundler, writeFiles } from './support/code-blocks.ts';
import { installBeside } from './support/consumer.ts';

type Vite = typeof import('vite');

const RIGHT =
  "Write new SharedWorker(new URL('./hub.ts', import.meta.url), { type: 'module', name: 'trunkline', extendedLifetime: true }).";
const RIGHT_DEDICATED = "Write new Worker(new URL('./hub.ts', import.meta.url), { type: 'module' }).";

interface Wrong {
  /** @default 'ts' */
  readonly in?: 'js';
  readonly code: string;
  readonly says: string;
  /** @default {@link RIGHT} */
  readonly instead?: string;
}

/** What is refused: a module, with `>` before the one line that is named, and what is said of it. */
const WRONG: Readonly<Record<string, Wrong>> = {
  'the URL in a variable': {
    code: `
      >const url = new URL('./hub.ts', import.meta.url);
      export const worker = () => new SharedWorker(url, { type: 'module' });`,
    says: 'does not stand in the constructor of its worker',
  },
  'the options in a variable': {
    code: `
      const options: WorkerOptions = { type: 'module' };
      >export const worker = () => new SharedWorker(new URL('./hub.ts', import.meta.url), options);`,
    says: 'options do not stand there as an object',
  },
  'options spread behind `type`': {
    code: `
      const options: WorkerOptions = { name: 'trunkline' };
      >export const worker = () => new SharedWorker(new URL('./hub.ts', import.meta.url), { type: 'module', ...options });`,
    says: 'something is spread behind `type`',
  },
  'a name in place of options': {
    code: `
      >export const worker = () => new SharedWorker(new URL('./hub.ts', import.meta.url), 'trunkline');`,
    says: 'options do not stand there as an object',
  },
  'no type': {
    code: `
      >export const worker = () => new SharedWorker(new URL('./hub.ts', import.meta.url), { name: 'trunkline' });`,
    says: "do not have `type: 'module'`",
  },
  'a type that is computed': {
    code: `
      interface Unused {
        readonly lines: 3;
      }
      const type = 'module' as const;
      >export const worker = () => new SharedWorker(new URL('./hub.ts', import.meta.url), { type });`,
    says: "do not have `type: 'module'`",
  },
  // Vite 8 takes a comment out of TypeScript before it looks.
  'a comment before `new URL` in JavaScript': {
    in: 'js',
    code: `
      >export const worker = () => new SharedWorker(/* the hub */ new URL('./hub.ts', import.meta.url), { type: 'module' });`,
    says: 'Something stands beside the path',
  },
  '`globalThis` before `SharedWorker`': {
    code: `
      >export const worker = () => new globalThis.SharedWorker(new URL('./hub.ts', import.meta.url), { type: 'module' });`,
    says: '`SharedWorker` does not stand there alone',
  },
  'the constructor by another name': {
    code: `
      const Shared = SharedWorker;
      >export const worker = () => new Shared(new URL('./hub.ts', import.meta.url), { type: 'module' });`,
    says: 'does not stand in the constructor of its worker',
  },
  'a string for a URL': {
    code: `
      >export const worker = () => new SharedWorker('./hub.ts', { type: 'module' });`,
    says: 'The worker has a string for a URL',
  },
  'an import with `?sharedworker`': {
    code: `
      >import Hub from './hub?sharedworker';
      export const worker = () => new Hub({ name: 'trunkline' });`,
    says: "passes on the worker's name alone",
    instead: RIGHT.replace('hub.ts', 'hub'),
  },
  'an import with `?worker&inline`': {
    code: `
      >import Hub from './hub.ts?worker&inline';
      export const worker = () => new Hub({ name: 'trunkline' });`,
    says: 'is refused IndexedDB and locks',
  },
  'an import with `?url`': {
    code: `
      >import url from './hub.ts?url';
      export const worker = () => new SharedWorker(url, { type: 'module' });`,
    says: 'imported with `?url` alone',
  },
  'a dedicated worker without type': {
    code: `
      >export const worker = () => new Worker(new URL('./hub.ts', import.meta.url));`,
    says: 'options do not stand there as an object',
    instead: RIGHT_DEDICATED,
  },
  'a script that starts the hub by another module': {
    code: `
      >export const worker = () => new SharedWorker(new URL('./by-way.ts', import.meta.url));`,
    says: 'options do not stand there as an object',
    instead: RIGHT.replace('hub.ts', 'by-way.ts'),
  },
};

/** What is let pass. */
const RIGHT_FORMS: Readonly<Record<string, string>> = {
  'the form of the documents': `
    export const worker = () =>
      'SharedWorker' in window
        ? new SharedWorker(new URL('./hub.ts', import.meta.url), {
            // In every tab the same.
            name: \`trunkline \${document.title}\`,
            type: 'module',
            extendedLifetime: true,
          })
        : new Worker(new URL('./hub.ts', import.meta.url), { type: 'module' });`,
  'options spread before `type`': `
    const options: WorkerOptions = { name: 'trunkline' };
    export const worker = () => new SharedWorker(new URL('./hub.ts', import.meta.url), { ...options, type: 'module' });`,
  "an import of the built hub's URL": `
    import url from './hub.ts?sharedworker&url';
    export const worker = () => new SharedWorker(url, { type: 'module', name: 'trunkline' });`,
  'what Vite is told to leave alone': `
    export const worker = () => new SharedWorker(new URL(/* @vite-ignore */ '/hub.ts', import.meta.url));`,
  'workers that are no hub': `
    const other = new URL('./other.ts', import.meta.url);
    export const worker = () => [new SharedWorker(other), new SharedWorker('/elsewhere.js')];`,
};

const { folder: withVite8, tarball } = inject('consumer');
let withVite7: string;
beforeAll(() => {
  withVite7 = installBeside(tarball, { vite: '7.3.8' });
});
afterAll(() => rmSync(withVite7, { recursive: true }));

describe.each([
  { version: '8', installed: () => withVite8 },
  { version: '7', installed: () => withVite7 },
])('trunkline/vite in Vite $version', ({ version, installed }) => {
  let app: string;
  let vite: Vite;
  let server: ViteDevServer;
  let built: (modules: readonly string[], plugins?: PluginOption[]) => Promise<Record<string, string>>;
  /** What the development server makes of a module, or throws. */
  const served = (module: string) => server.environments.client.transformRequest(`/${module}`);

  /** Puts a module into the application, and returns its file. */
  const write = (name: string, code: string, language = 'ts') => {
    const file = `${name.replaceAll(/\W+/g, '-')}.${language}`;
    writeFileSync(join(app, file), code);
    return file;
  };

  beforeAll(async () => {
    const folder = installed();
    app = join(folder, 'vite-plugin');
    writeFiles(
      new Map([
        ...filesForBundler('vite'),
        ['by-way.ts', "import './hub.ts';"],
        ['other.ts', 'export const other = 1;'],
      ]),
      app,
    );
    vite = await importFrom<Vite>(folder, 'vite');
    const { trunkline } = await importFrom<typeof import('../../src/vite/index.ts')>(
      folder,
      'trunkline/vite',
    );
    const common = { root: app, configFile: false, logLevel: 'silent' } as const;
    server = await vite.createServer({
      ...common,
      plugins: [trunkline()],
      cacheDir: join(folder, 'vite-plugin-cache'),
      server: { middlewareMode: true, ws: false, watch: null },
    });
    built = async (modules, plugins = [trunkline()]) => {
      const rollupOptions = { input: modules.map((module) => join(app, module)) };
      const result = await vite.build({
        ...common,
        plugins,
        build: { write: false, minify: false, rollupOptions },
      });
      const outputs = [result].flat().flatMap((bundle) => ('output' in bundle ? bundle.output : []));
      return Object.fromEntries(
        outputs.map((file) => [file.fileName, 'code' in file ? file.code : String(file.source)]),
      );
    };
  });
  afterAll(() => server.close());

  test('is tested in the version that it is said to be', () => {
    expect(vite.version.split('.')[0]).toBe(version);
  });

  test.each(Object.entries(WRONG))(
    'refuses %s, in a build and while developing',
    async (name, { in: language, code, says, instead = RIGHT }) => {
      const line = code.split('\n').findIndex((text) => text.trim().startsWith('>')) + 1;
      const module = write(name, code.replace('>', ''), language);
      for (const look of [() => built([module]), () => served(module)]) {
        const refused = await look().then(
          () => 'let pass',
          ({ message }: Error) => message,
        );
        expect(refused).toContain(`${module}:${line}: `);
        expect(refused).toContain(says);
        expect(refused).toContain(instead);
      }
    },
  );

  test.each(Object.entries(RIGHT_FORMS))('lets pass %s while developing', async (name, code) => {
    await served(write(name, code));
  });

  test('lets pass the same in a build', async () => {
    await built(Object.entries(RIGHT_FORMS).map(([name, code]) => write(name, code)));
  });

  test('changes no byte of what is built', async () => {
    const without = await built(['page.ts'], []);
    expect(await built(['page.ts'])).toEqual(without);
    expect(Object.keys(without)).toContainEqual(expect.stringMatching(/^assets\/hub-[\w-]+\.js$/));
  });
});

/** As an application in that folder would get it. */
async function importFrom<T>(folder: string, name: string): Promise<T> {
  const file = createRequire(join(folder, 'package.json')).resolve(name);
  return import(/* @vite-ignore */ pathToFileURL(file).href);
}
