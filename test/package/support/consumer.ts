import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');
/** Only a guard: a registry that does not answer would hold a run for ever. */
const NPM_TIMEOUT_MS = 600_000;

/** A throw-away application that has installed the packed package, as a user would. */
export interface Consumer {
  readonly folder: string;
  /** Its application's sources. */
  readonly app: string;
  /** The packed file. */
  readonly tarball: string;
  /** Where the package was installed. */
  readonly installed: string;
}

export function createConsumer({
  sources = 'test/e2e/app',
  packages = [],
  tarball: given,
}: {
  /** The folder of this repository that is its application. */
  readonly sources?: string;
  /** What it installs beside the package, as this repository has them. */
  readonly packages?: readonly string[];
  /** The packed file. @default packed of this repository */
  readonly tarball?: string;
} = {}): Consumer {
  // Without symbolic links (macOS' temporary folder is one): bundlers compare real paths.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'trunkline-consumer-')));
  const tarball = packInto(folder, given ?? process.env['TRUNKLINE_PACKAGE']);
  const dependencies = {
    trunkline: `file:./${tarball}`,
    ...versionsOf('zod', 'react', 'react-dom', '@types/react', '@types/react-dom', '@types/node'),
    ...versionsOf('vue', '@vitejs/plugin-vue', 'solid-js', 'vite-plugin-solid'),
    ...versionsOf('svelte', '@sveltejs/vite-plugin-svelte', 'nanostores', '@tanstack/query-core'),
    ...versionsOf('vitest', 'jsdom', '@testing-library/react', '@testing-library/dom'),
    ...versionsOf('@playwright/test', '@vitest/browser-playwright'),
    ...versionsOf('@opentelemetry/api', '@opentelemetry/sdk-trace'),
    ...versionsOf('postgres', '@nats-io/jetstream', '@nats-io/transport-node'),
    ...versionsOf('vite', 'esbuild', 'valibot', 'vite-plugin-pwa', 'workbox-core', 'workbox-precaching'),
    // What others come from, by docs/coming-from.
    ...versionsOf(
      'partysocket',
      'reconnecting-websocket',
      'react-use-websocket',
      'socket.io',
      'socket.io-client',
    ),
    ...versionsOf(...packages),
  };
  install(folder, dependencies);
  const app = join(folder, 'app');
  cpSync(join(ROOT, sources), app, { recursive: true });
  return { folder, app, tarball: join(folder, tarball), installed: join(folder, 'node_modules/trunkline') };
}

/**
 * Another one, in a folder that is returned: the same packed file, and zod, beside packages that this repository does not have.
 *
 * @param packages with their exact versions
 * @param manifest what else its `package.json` has
 */
export function installBeside(
  tarball: string,
  packages: Readonly<Record<string, string>>,
  manifest: object = {},
): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'trunkline-beside-')));
  install(folder, { trunkline: `file:${tarball}`, ...versionsOf('zod'), ...packages }, manifest);
  return folder;
}

export function removeConsumer({ folder }: Consumer): void {
  rmSync(folder, { recursive: true, force: true });
}

function install(
  folder: string,
  dependencies: Readonly<Record<string, string | undefined>>,
  manifest: object = {},
): void {
  const whole = { name: 'consumer', private: true, type: 'module', ...manifest, dependencies };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(whole));
  npmInstall(folder);
}

/** What the folder's `package.json` names, with the settings that this run has for npm: of proxies, certificates, a cache. */
export function npmInstall(folder: string): void {
  npm(folder, 'install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline');
}

function npm(folder: string, ...args: string[]): string {
  return execFileSync('npm', [...args, '--loglevel=error'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: NPM_TIMEOUT_MS,
  });
}

/** The file's name. `npm test` has packed the package once for all who ask. */
function packInto(folder: string, packed: string | undefined): string {
  if (packed === undefined) return pack(ROOT, folder);
  const tarball = basename(packed);
  cpSync(packed, join(folder, tarball));
  return tarball;
}

/** Builds the package of a tree, and packs it into a folder. The file's name. */
export function pack(tree: string, folder: string): string {
  return tarballOf(JSON.parse(npm(tree, 'pack', '--json', '--pack-destination', folder)));
}

/** As the repository has them, so that they come out of npm's cache. */
function versionsOf(...names: string[]): Record<string, string | undefined> {
  const {
    dependencies,
    devDependencies,
  }: Record<string, Record<string, string>> = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const versions = { ...dependencies, ...devDependencies };
  return Object.fromEntries(names.map((name) => [name, versions[name]]));
}

/** npm 11 prints a list of packages, npm 12 an object of them by name. */
function tarballOf(packed: unknown): string {
  const [first] = Object.values(packed as Record<string, { filename: string }>);
  if (!first) throw new Error(`npm pack named no file: ${JSON.stringify(packed)}`);
  return first.filename;
}
