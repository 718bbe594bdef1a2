import { existsSync } from 'node:fs';
import { dirname, posix, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { filesBelow, importCycles, importsOf } from './support/imports.ts';

const ROOT = resolve(import.meta.dirname, '../..');

interface Layer {
  /** Modules whose path begins so, as far as no later layer claims them. */
  readonly path: string;
  /** What it may import, beside itself: paths that begin so. */
  readonly modules: readonly string[];
  readonly packages: readonly string[] | 'any';
}

const FRAMES = 'src/protocol/frames/';
const PROTOCOL = 'src/protocol/';
const CORE = 'worker/core/';
const SHELL = 'worker/shell/';
const SERVER = 'src/server/';
/** The server's logic, free of Node. */
const SERVER_CORE = 'src/server/core/';
/** The server half as a program. */
const GATEWAY = 'src/gateway/';
const BINDINGS = 'src/bindings/';
const TELEMETRY = 'src/telemetry/';
const CONFORMANCE = 'src/conformance/';
const TESTING = 'testing/';
/** Where a mistake stands in a file that a person has written. */
const JSON_DOCUMENT = 'src/json-document.ts';
/** How the commands of this repository are told what to do. */
const COMMAND_LINE = 'scripts/command-line.ts';

/** Types count as well: who needs to know a type, knows the module. */
const LAYERS: readonly Layer[] = [
  { path: PROTOCOL, modules: [], packages: ['@standard-schema/spec'] },
  { path: FRAMES, modules: [PROTOCOL], packages: ['valibot'] },
  { path: 'src/index.ts', modules: ['src/client/', PROTOCOL], packages: [] },
  { path: 'src/client/', modules: [PROTOCOL], packages: ['comlink', '@standard-schema/spec'] },
  // What the frameworks' sides share.
  { path: BINDINGS, modules: ['src/index.ts', 'src/client/'], packages: [] },
  // What the page's side and the server's share.
  { path: TELEMETRY, modules: [PROTOCOL], packages: ['@opentelemetry/api'] },
  { path: 'src/otel/', modules: ['src/client/', PROTOCOL, TELEMETRY], packages: ['@opentelemetry/api'] },
  { path: 'src/one-tab/', modules: ['src/client/', PROTOCOL], packages: [] },
  { path: 'src/inspector/', modules: ['src/inspector/frames/', 'src/index.ts', PROTOCOL], packages: [] },
  // Beside the hub, of which it knows nothing.
  { path: 'src/inspector/hub/', modules: ['src/inspector/frames/', PROTOCOL], packages: [] },
  { path: 'src/inspector/frames/', modules: [], packages: [] },
  { path: 'src/react/', modules: ['src/index.ts', BINDINGS], packages: ['react'] },
  { path: 'src/solid/', modules: ['src/index.ts', BINDINGS], packages: ['solid-js'] },
  { path: 'src/svelte/', modules: ['src/index.ts', BINDINGS], packages: ['svelte'] },
  // It runs in Node, within a build.
  { path: 'src/vite/', modules: [], packages: ['vite', 'node:'] },
  { path: 'src/vue/', modules: ['src/index.ts', BINDINGS], packages: ['vue'] },
  {
    path: 'src/prebuilt/',
    modules: [
      'src/index.ts',
      PROTOCOL,
      'worker/index.ts',
      'worker/saved-state.ts',
      'worker/service-worker.ts',
    ],
    packages: [],
  },
  // The real client, hub and server logic on a platform made by hand: all of them but frameworks and what is a browser's or
  // Node's own. Nobody may import it.
  {
    path: TESTING,
    modules: ['src/client/', PROTOCOL, SERVER, SERVER_CORE, CORE, SHELL],
    packages: [],
  },
  // Real sockets, for tests in a real browser.
  { path: 'testing/network/', modules: [], packages: ['node:'] },
  { path: SERVER, modules: [SERVER_CORE, PROTOCOL, FRAMES], packages: ['ws', 'valibot', 'node:'] },
  {
    path: 'src/server/nats/',
    modules: [SERVER],
    packages: ['@nats-io/jetstream', '@nats-io/transport-node', 'node:', 'valibot'],
  },
  // What the log needs that an address names is loaded then.
  { path: 'src/server/address/', modules: [SERVER, SERVER_CORE], packages: ['node:'] },
  {
    path: 'src/server/otel/',
    modules: [SERVER, SERVER_CORE, TELEMETRY],
    packages: ['@opentelemetry/api'],
  },
  { path: 'src/server/postgres/', modules: [SERVER], packages: ['postgres', 'node:'] },
  { path: SERVER_CORE, modules: [SERVER, PROTOCOL, FRAMES], packages: ['valibot'] },
  // It judges servers in any language, ours as any other: it knows nothing of how ours is made.
  { path: CONFORMANCE, modules: [PROTOCOL, FRAMES], packages: ['ws', 'valibot', 'node:'] },
  { path: JSON_DOCUMENT, modules: [], packages: ['@humanwhocodes/momoa'] },
  {
    path: GATEWAY,
    modules: [SERVER, SERVER_CORE, PROTOCOL, FRAMES, JSON_DOCUMENT],
    packages: ['jose', 'valibot', '@valibot/to-json-schema', 'prom-client', 'node:'],
  },
  { path: 'src/cli/', modules: [CONFORMANCE, SERVER, GATEWAY], packages: ['node:'] },
  { path: CORE, modules: [PROTOCOL, FRAMES], packages: ['valibot'] },
  { path: SHELL, modules: [CORE, PROTOCOL, FRAMES], packages: ['valibot'] },
  { path: 'worker/browser/', modules: [SHELL, CORE, PROTOCOL], packages: ['comlink', 'idb', 'valibot'] },
  { path: 'worker/index.ts', modules: ['worker/browser/', CORE, PROTOCOL], packages: [] },
  { path: 'worker/service-worker.ts', modules: ['worker/browser/'], packages: [] },
  { path: 'worker/saved-state.ts', modules: ['worker/browser/', CORE], packages: [] },
  { path: 'worker/plain.ts', modules: [CORE], packages: [] },
  { path: COMMAND_LINE, modules: [], packages: ['node:'] },
  // Of the library, what is published under a name.
  { path: 'demo/', modules: [JSON_DOCUMENT, COMMAND_LINE], packages: 'any' },
  // Its server is in a page: what `trunkline/server` is made of, without Node.
  { path: 'demo/live/', modules: [SERVER, SERVER_CORE], packages: ['trunkline', 'zod'] },
];

const files = ['src', 'worker', 'testing', 'demo']
  .filter((folder) => existsSync(resolve(ROOT, folder)))
  .flatMap((folder) => filesBelow(ROOT, folder, /\.tsx?$/));

/** The one with the longest path. */
function layerOf(file: string): Layer | undefined {
  return LAYERS.filter(({ path }) => file.startsWith(path)).sort((a, b) => b.path.length - a.path.length)[0];
}

function breaches(layer: Layer): string[] {
  return files
    .filter((file) => layerOf(file) === layer)
    .flatMap((file) =>
      importsOf(resolve(ROOT, file))
        .filter((specifier) => !mayImport(layer, file, specifier))
        .map((specifier) => `${file} imports ${specifier}`),
    );
}

function mayImport(layer: Layer, file: string, specifier: string): boolean {
  if (!specifier.startsWith('.')) {
    if (layer.packages === 'any') return true;
    return layer.packages.some((name) => `${specifier}/`.startsWith(name.endsWith(':') ? name : `${name}/`));
  }
  const target = posix.join(dirname(file), specifier);
  const targetLayer = layerOf(target);
  return (
    targetLayer === layer ||
    layer.modules.some((path) => target.startsWith(path) && targetLayer?.path.startsWith(path))
  );
}

test('every module has a layer', () => {
  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((file) => !layerOf(file))).toEqual([]);
});

test('no modules import each other in a circle', () => {
  const others = ['test', 'bench', 'scripts'].flatMap((folder) => filesBelow(ROOT, folder, /\.tsx?$/));
  expect(importCycles(ROOT, [...files, ...others])).toEqual([]);
});

test('only tests import what is for tests', () => {
  expect(LAYERS.filter(({ modules }) => modules.some((path) => TESTING.startsWith(path)))).toEqual([]);
});

describe.each(LAYERS.filter((layer) => files.some((file) => layerOf(file) === layer)))('$path', (layer) => {
  test('imports only what it may', () => {
    expect(breaches(layer)).toEqual([]);
  });
});
