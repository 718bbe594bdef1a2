import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { parseSync } from 'vite';

/** What a person names when it runs, such as the module of a gateway's protocol, is not looked into. */
const NAMED_BY_PEOPLE = /\/src\/gateway\/application\.[jt]s$/;

/** What a module imports and re-exports, types included, as written. */
export function importsOf(file: string): string[] {
  const source = readFileSync(file, 'utf8');
  const dynamics = parsed(file, source).dynamicImports.flatMap(({ moduleRequest }) => {
    const literal = /^(['"`])(.*)\1$/.exec(source.slice(moduleRequest.start, moduleRequest.end));
    if (!literal && NAMED_BY_PEOPLE.test(file)) return [];
    if (!literal?.[2]) throw new Error(`${file} imports something that only running it can tell`);
    return [literal[2]];
  });
  return [...new Set([...staticImportsOf(file), ...dynamics])];
}

/** What is imported before any of it runs, types included. */
function staticImportsOf(file: string): string[] {
  const { staticImports, staticExports } = parsed(file, readFileSync(file, 'utf8'));
  const exports = staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest }) => (moduleRequest ? [moduleRequest.value] : [])),
  );
  return [...staticImports.map(({ moduleRequest }) => moduleRequest.value), ...exports];
}

function parsed(file: string, source: string) {
  const { module, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`);
  return module;
}

export interface Closure {
  /** Relative to the folder, with slashes. */
  readonly modules: string[];
  /** Packages and their entries, as written. */
  readonly packages: string[];
}

/** Everything that a module brings along. */
export function closureOf(entry: string, folder: string): Closure {
  const modules = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string) => {
    if (modules.has(file)) return;
    modules.add(file);
    for (const specifier of importsOf(file)) {
      if (specifier.startsWith('.')) visit(join(dirname(file), specifier));
      else packages.add(specifier);
    }
  };
  visit(entry);
  return {
    modules: [...modules].map((file) => slashed(relative(folder, file))).sort(),
    packages: [...packages].sort(),
  };
}

/** Modules that import each other in a circle, types included; each circle once, in the order of the imports. */
export function importCycles(root: string, files: readonly string[]): string[][] {
  const known = new Set(files);
  const imports = new Map(
    files.map((file) => [
      file,
      staticImportsOf(join(root, file))
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => slashed(join(dirname(file), specifier)))
        .filter((target) => known.has(target)),
    ]),
  );
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    const at = path.indexOf(file);
    if (at >= 0) cycles.push(path.slice(at));
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const target of imports.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of files) visit(file);
  return cycles;
}

/** The files below a folder with this ending, relative to `root`, with slashes. */
export function filesBelow(root: string, folder: string, ending: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => slashed(relative(root, join(entry.parentPath, entry.name))));
}

function slashed(path: string): string {
  return path.split(sep).join('/');
}
