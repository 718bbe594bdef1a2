import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { parseSync } from 'vite';

/** What a module imports and re-exports, types included, as written. */
export function importsOf(file: string): string[] {
  const source = readFileSync(file, 'utf8');
  const { module, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`);
  const statics = module.staticImports.map(({ moduleRequest }) => moduleRequest.value);
  const exports = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest }) => (moduleRequest ? [moduleRequest.value] : [])),
  );
  const dynamics = module.dynamicImports.map(({ moduleRequest }) => {
    const literal = /^(['"`])(.*)\1$/.exec(source.slice(moduleRequest.start, moduleRequest.end));
    if (!literal?.[2]) throw new Error(`${file} imports something that only running it can tell`);
    return literal[2];
  });
  return [...new Set([...statics, ...exports, ...dynamics])];
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

/** The files below a folder with this ending, relative to `root`, with slashes. */
export function filesBelow(root: string, folder: string, ending: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => slashed(relative(root, join(entry.parentPath, entry.name))));
}

function slashed(path: string): string {
  return path.split(sep).join('/');
}
