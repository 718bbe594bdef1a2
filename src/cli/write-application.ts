/** What `trunkline init` writes: the files that all applications begin with, and those of a template. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

export const TEMPLATES = ['react', 'svelte', 'vue', 'vanilla'] as const;
export type Template = (typeof TEMPLATES)[number];

export interface Wanted {
  /** Made where it is not there; the application has its name. */
  readonly folder: string;
  readonly template: Template;
  /** Whether it may have files: those of the same names are replaced. */
  readonly isForced: boolean;
}

type Versions = Readonly<Record<string, string>>;
interface Manifest {
  readonly version: string;
  readonly scripts?: Versions;
  readonly dependencies?: Versions;
  readonly devDependencies?: Versions;
}

/** Of this package, wherever this module lies in it. */
const MANIFEST = createRequire(import.meta.url).resolve('trunkline/package.json');
const PACKAGE = dirname(MANIFEST);
/** What the templates call their application. */
const PLACEHOLDER = 'my-app';
/** npm packs no file of that name. */
const GITIGNORE = { packed: '_gitignore', written: '.gitignore' };

/** @throws Error where the folder has files, and is not forced; or cannot be written. */
export function writeApplication({ folder, template, isForced }: Wanted): void {
  if (!isForced) refuseFilled(folder);
  const sources = ['common', template].map((name) => join(PACKAGE, 'templates', name));
  const manifest = manifestOf(sources, folder);
  const named = (text: string) => text.replaceAll(PLACEHOLDER, manifest.name);
  for (const source of sources) {
    for (const path of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
      const from = join(source, path);
      if (statSync(from).isDirectory()) continue;
      const name = basename(path);
      const to = join(folder, dirname(path), name === GITIGNORE.packed ? GITIGNORE.written : name);
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(to, named(readFileSync(from, 'utf8')));
    }
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** @throws Error where there is anything but a repository without files. */
export function refuseFilled(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return;
    throw code === 'ENOTDIR' ? new Error(`${folder} is no folder.`) : error;
  }
  if (names.some((name) => name !== '.git'))
    throw new Error(`${folder} has files in it. --force writes there, and replaces those of the same names.`);
}

/** Of the application: what its template adds to that of all, with versions. */
function manifestOf(sources: readonly string[], folder: string): Manifest & { readonly name: string } {
  const ours = readManifest(MANIFEST);
  const parts = sources.map((source) => readManifest(join(source, 'package.json')));
  const merged = (field: 'scripts' | 'dependencies' | 'devDependencies') =>
    Object.assign({}, ...parts.map((part) => part[field])) as Versions;
  const versioned = (wanted: Versions) =>
    Object.fromEntries(
      Object.entries(wanted)
        .map(([name, version]) => [name, versionOf(name, version, ours, folder)] as const)
        .sort(([one], [other]) => (one < other ? -1 : 1)),
    );
  const [common] = parts;
  if (!common) throw new Error('There is no template.');
  const dependencies = versioned(merged('dependencies'));
  const devDependencies = versioned(merged('devDependencies'));
  const name = nameOf(folder, { ...dependencies, ...devDependencies });
  return { ...common, name, scripts: merged('scripts'), dependencies, devDependencies };
}

/** A package's name, after the folder's. npm installs none into one of the same name. */
function nameOf(folder: string, dependencies: Versions): string {
  const name = basename(resolve(folder))
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  if (name === '') return PLACEHOLDER;
  return Object.hasOwn(dependencies, name) ? `${name}-app` : name;
}

/** The templates say where a version comes from, in the words that workspaces have for that. */
function versionOf(name: string, version: string, ours: Manifest, folder: string): string {
  if (version === 'workspace:*') return installedFrom(folder) ?? `^${ours.version}`;
  if (version !== 'catalog:') return version;
  // What this package itself is tested with.
  const tested = { ...ours.dependencies, ...ours.devDependencies }[name];
  if (tested === undefined) throw new Error(`No version of ${name} is tested.`);
  return tested;
}

/** The file that this package was installed from, as `folder` would name it; `null` where it came from a registry. */
function installedFrom(folder: string): string | null {
  const project = resolve(PACKAGE, '../..');
  let manifest: Manifest;
  try {
    manifest = readManifest(join(project, 'package.json'));
  } catch {
    return null;
  }
  const said = { ...manifest.devDependencies, ...manifest.dependencies }['trunkline'];
  if (typeof said !== 'string' || !said.startsWith('file:')) return null;
  const path = relative(resolve(folder), resolve(project, said.slice('file:'.length)));
  return `file:${path.split(sep).join('/')}`;
}

function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8'));
}
