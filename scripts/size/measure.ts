import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import * as vite from 'vite';

/** Bytes, minified and gzipped, with the libraries that the part brings along. */
export interface Size {
  readonly part: string;
  readonly bundler: 'esbuild' | 'Vite';
  readonly bytes: number;
  /** What it must not outgrow: to be lowered with each saving. */
  readonly limitBytes: number;
  /** Where it is to get. */
  readonly goalBytes: number;
}

/** What an application writes, as far as it decides about what is bundled: its own schemas and React are not ours. */
const PARTS = [
  {
    part: 'page: trunkline and trunkline/protocol, with Comlink',
    source: `export { createClient, TrunklineError } from './src/index.js'; export { defineProtocol } from './src/protocol/index.js';`,
    limitBytes: 14_100,
    goalBytes: 6_000,
  },
  {
    part: 'hub: trunkline/worker, with Comlink, idb and valibot',
    source: `import { startHub } from './worker/index.js'; startHub(globalThis.protocol);`,
    limitBytes: 51_000,
    goalBytes: 20_000,
  },
  {
    part: 'service worker: trunkline/service-worker, with idb and valibot',
    source: `import { deliverInBackground } from './worker/service-worker.js'; deliverInBackground(globalThis.protocol, globalThis.options);`,
    limitBytes: 46_730,
    goalBytes: 20_000,
  },
  {
    part: 'inspector: trunkline/inspector, opened',
    source: `export { defineInspector, offerInspector } from './src/inspector/index.js';`,
    limitBytes: 12_600,
    goalBytes: 12_000,
  },
];

/** What one would take instead, for the page or for its worker; as npm has it. No limits: it is here to compare. */
const PEERS = [
  { part: 'partysocket', source: `export { WebSocket } from 'partysocket';` },
  { part: 'socket.io-client', source: `export { io } from 'socket.io-client';` },
  {
    part: 'tab-election with partysocket',
    source: `export { Hub, Spoke } from 'tab-election/hub'; export { WebSocket } from 'partysocket';`,
  },
  {
    part: '@tanstack/offline-transactions with @tanstack/db',
    source: `export { startOfflineExecutor } from '@tanstack/offline-transactions'; export { createCollection } from '@tanstack/db';`,
  },
];

/** @param root A folder from which the peers are found. */
export async function measurePeers(root: string): Promise<(Measured & { part: string })[]> {
  const sizes = PEERS.map(async ({ part, source }) =>
    (await measure(source, root)).map((measured) => ({ part, ...measured })),
  );
  return (await Promise.all(sizes)).flat();
}

/** @param built The folder of the built package: `dist`. */
export async function measureSizes(built: string): Promise<Size[]> {
  const sizes: Size[] = [];
  for (const { source, ...part } of PARTS)
    for (const measured of await measure(source, built)) sizes.push({ ...part, ...measured });
  return sizes;
}

type Measured = Pick<Size, 'bundler' | 'bytes'>;

/** By either bundler. */
async function measure(source: string, root: string): Promise<Measured[]> {
  return [
    { bundler: 'esbuild', bytes: zipped(await byEsbuild(source, root)) },
    { bundler: 'Vite', bytes: zipped(await byVite(source, root)) },
  ];
}

function zipped(code: string): number {
  return gzipSync(code, { level: 9 }).length;
}

async function byEsbuild(source: string, built: string): Promise<string> {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: source, resolveDir: built },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
  });
  return outputFiles.map(({ text }) => text).join('');
}

async function byVite(source: string, built: string): Promise<string> {
  const entry = resolve(built, 'size-entry.js');
  const result = await vite.build({
    configFile: false,
    logLevel: 'silent',
    root: built,
    build: {
      write: false,
      target: 'es2022',
      minify: 'oxc',
      modulePreload: false,
      rolldownOptions: {
        input: entry,
        preserveEntrySignatures: 'strict',
      },
    },
    plugins: [
      {
        name: 'size-entry',
        resolveId: (id) => (id === entry ? id : null),
        load: (id) => (id === entry ? source : null),
      },
    ],
  });
  const outputs = Array.isArray(result) ? result : [result];
  return outputs
    .flatMap((bundle) => ('output' in bundle ? bundle.output : []))
    .map((output) => (output.type === 'chunk' ? output.code : ''))
    .join('');
}
