import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');

/** The files that a document contains, by name: code blocks that name one. */
export function filesOf(document: string): Map<string, string> {
  const blocks = readFileSync(join(ROOT, document), 'utf8').matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms);
  return new Map([...blocks].map(([, name = '', text = '']) => [name, text]));
}

/** Those of `docs/bundlers.md` for one bundler: its own, and those which are the same for all. */
export function filesForBundler(bundler: string, document = 'docs/bundlers.md'): Map<string, string> {
  const files = [...filesOf(document)].flatMap(([name, text]): [string, string][] => {
    if (name.startsWith(`${bundler}/`)) return [[name.slice(bundler.length + 1), text]];
    return name.includes('/') ? [] : [[name, text]];
  });
  return new Map(files);
}

/** The same with a service worker, by `docs/offline.md`. */
export function filesOffline(bundler: string): Map<string, string> {
  return new Map([...filesForBundler(bundler), ...filesForBundler(bundler, 'docs/offline.md')]);
}

/** As a document has it done by hand where nothing builds TypeScript: by another ending. */
export function inJavaScript(files: ReadonlyMap<string, string>): Map<string, string> {
  return new Map(
    [...files].map(([name, text]) => [
      name === 'page.ts' ? 'page.js' : name,
      text.replaceAll(/\.\/(page|client|protocol)\.ts\b/g, './$1.js'),
    ]),
  );
}

/** Writes them into a folder, which is made. */
export function writeFiles(
  files: ReadonlyMap<string, string>,
  folder: string,
  change: (text: string) => string = (text) => text,
): void {
  for (const [name, text] of files) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, change(text));
  }
}
